/* SPDX-License-Identifier: Apache-2.0 */
/* many.h - flags by the thousand. */
#ifndef TEST_INSIDE_MANY_H
#define TEST_INSIDE_MANY_H

#include <df.h>

/* clang-format off */
#define SITE(K, N) many_on += (unsigned)DF_FEATURE(K, N);
#define SITES_10(K, P)                                                                             \
	SITE(K, P##0) SITE(K, P##1) SITE(K, P##2) SITE(K, P##3) SITE(K, P##4)                      \
	SITE(K, P##5) SITE(K, P##6) SITE(K, P##7) SITE(K, P##8) SITE(K, P##9)
#define SITES_100(K, P)                                                                            \
	SITES_10(K, P##0) SITES_10(K, P##1) SITES_10(K, P##2) SITES_10(K, P##3) SITES_10(K, P##4)  \
	SITES_10(K, P##5) SITES_10(K, P##6) SITES_10(K, P##7) SITES_10(K, P##8) SITES_10(K, P##9)
/* clang-format on */

/* How many were on when they were last read. */
extern volatile unsigned many_on;

void read_many(void);
void read_odd(void);

#endif
