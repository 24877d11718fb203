/* SPDX-License-Identifier: Apache-2.0 */
/* flip_stress_guest.c - a shared object with flags and a copy of libdf of its own. */
#include "flip_stress.h"

static __attribute__((noinline)) int ask(void)
{
	return DF_FEATURE(sum, guest) + 2 * DF_DEFAULT(any, guest) + 4 * DF_OPT(any, option);
}

extern const struct stress_guest stress_guest;
const struct stress_guest stress_guest __attribute__((visibility("default"))) = {
	.calls = STRESS_CALLS,
	.ask = ask,
};
