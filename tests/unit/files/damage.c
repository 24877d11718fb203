/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function with room around its site, for branches and instructions that do not belong there:
 * sixteen one-byte instructions in front of it, a long one where it leads, and as many behind that.
 */
#include <df.h>

#define ROOM                                                                                       \
	__asm__ volatile("nop; nop; nop; nop; nop; nop; nop; nop;"                                 \
			 "nop; nop; nop; nop; nop; nop; nop; nop")

__attribute__((noinline)) int roomy(int x);

int roomy(int x)
{
	ROOM;
	if (DF_FEATURE(pad, site, "room on all sides")) {
		__asm__ volatile("movl $0x90909090, %%eax" : : : "eax");
		ROOM;
		x++;
	}
	return x;
}

int main(int argc, char **argv)
{
	(void)argv;
	return roomy(argc) + DF_DEFAULT(pad, second, "another") + DF_OPT(pad, third, "a third");
}
