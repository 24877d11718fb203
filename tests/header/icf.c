/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that are equal but for their flags, and two that are equal
 * altogether, which show that the linker folds at all: retention.sh.
 */
#include <df.h>

#define NOINLINE __attribute__((__noinline__))

int flagged_a(int x);
int flagged_b(int x);
int equal_a(int x);
int equal_b(int x);

NOINLINE int flagged_a(int x)
{
	return DF_FEATURE(icf, a) ? x * 7 : x * 5;
}

NOINLINE int flagged_b(int x)
{
	return DF_FEATURE(icf, b) ? x * 7 : x * 5;
}

NOINLINE int equal_a(int x)
{
	return x * 11;
}

NOINLINE int equal_b(int x)
{
	return x * 11;
}

int main(int argc, char **argv)
{
	(void)argv;
	return flagged_a(argc) == flagged_b(argc) && equal_a(argc) == equal_b(argc) ? 0 : 1;
}
