/* SPDX-License-Identifier: Apache-2.0 */
/* plain.c - a program without flags. */
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	volatile unsigned *ready = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
	if (ready == MAP_FAILED)
		return 1;
	*ready = 1;
	for (;;)
		pause();
}
