/* SPDX-License-Identifier: Apache-2.0 */
/* bench_shared.h - what bench_target.c tells bench_flip.c. */
#ifndef BENCH_SHARED_H
#define BENCH_SHARED_H

#include <stdint.h>

struct bench_shared {
	volatile uint32_t ready;
	volatile uint64_t longest_gap; /* ns; the reader sets it back to 0 */
	volatile uint64_t rounds_on;
	volatile uint64_t rounds_off;
};

#endif
