/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_sites.h - what the sources that make_sites.sh writes and the measuring
 * program know of each other. Compiled with -DSTRIDE=BYTES: from one site to the next.
 */
#ifndef BENCH_SITES_H
#define BENCH_SITES_H

#include <stddef.h>

#include "dynamic_flag.h"

/* How often a site was run through while its flag was on. */
extern unsigned long bench_hits;

/* Runs through the first site, which has the kind k0. */
extern void (*const bench_site)(void);

/* Full names of some flags, in the order of their sites; the first is that of bench_site. */
extern const char *const bench_names[];
extern const size_t bench_name_count;

#define BENCH_STRING_(X) #X
#define BENCH_STRING(X) BENCH_STRING_(X)

/*
 * A function with one site, and as much behind it as makes the stride, whatever
 * the compiler made of the function. Needs -fno-toplevel-reorder.
 */
#define SITE(KIND, NAME)                                                                           \
	__asm__(".pushsection .text\n77:\n.popsection");                                           \
	void NAME(void);                                                                           \
	void NAME(void)                                                                            \
	{                                                                                          \
		if (DF_FEATURE(KIND, NAME, "what is different while it is on"))                    \
			bench_hits++;                                                              \
	}                                                                                          \
	__asm__(".pushsection .text\n.skip " BENCH_STRING(STRIDE) " - (. - 77b)\n.popsection");

#endif
