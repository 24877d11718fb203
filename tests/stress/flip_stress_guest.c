/* SPDX-License-Identifier: Apache-2.0 */
/* flip_stress_guest.c - a shared object with flags and a copy of libdf of its own. */
#include "flip_stress.h"

static __attribute__((noinline)) int ask(void)
{
	return DF_FEATURE(sum, guest) + 2 * DF_DEFAULT(any, guest) + 4 * DF_OPT(any, option);
}

/* More flags than df_list() copies at a time. */
#define TEN(DO, N)                                                                                 \
	DO(N##0) DO(N##1) DO(N##2) DO(N##3) DO(N##4) DO(N##5) DO(N##6) DO(N##7) DO(N##8) DO(N##9)
#define FIFTY(DO, N) TEN(DO, N##0) TEN(DO, N##1) TEN(DO, N##2) TEN(DO, N##3) TEN(DO, N##4)

static __attribute__((noinline)) int ask_many(void)
{
	int on = 0;
#define ADD(N) on += DF_FEATURE(many, guest##N);
	FIFTY(ADD, 0) FIFTY(ADD, 1) FIFTY(ADD, 2) return on;
}

extern const struct stress_guest stress_guest;
const struct stress_guest stress_guest __attribute__((visibility("default"))) = {
	.calls = STRESS_CALLS,
	.ask = ask,
	.ask_many = ask_many,
};
