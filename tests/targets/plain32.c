/* SPDX-License-Identifier: Apache-2.0 */
/* plain32.c - a 32-bit program without a C library. */
void _start(void);

void _start(void)
{
	for (;;)
		__asm__ volatile("int $0x80" : : "a"(29)); /* pause(2) */
}
