/* SPDX-License-Identifier: Apache-2.0 */
/* bench_shared.h - what bench_target.c tells those that measure it. */
#ifndef BENCH_SHARED_H
#define BENCH_SHARED_H

#include <stdint.h>

/* Gaps by their length: 32 steps for each power of two, so that a step is 2 to 3 %. */
#define BENCH_STEPS 32
#define BENCH_LENGTHS (64 * BENCH_STEPS)

struct bench_shared {
	volatile uint32_t ready;
	volatile uint64_t longest_gap; /* ns; the reader sets it back to 0 */
	volatile uint64_t rounds_on;
	volatile uint64_t rounds_off;
	volatile uint64_t interrupted; /* calls of blocked threads that ended with EINTR */
	volatile uint32_t gaps[BENCH_LENGTHS];
};

static inline unsigned bench_step_of(uint64_t ns)
{
	const unsigned power = 63 - (unsigned)__builtin_clzll(ns | BENCH_STEPS);
	return (power - 5) * BENCH_STEPS + (unsigned)(ns >> (power - 5));
}

/* The shortest gap of a step. */
static inline uint64_t bench_length_of(unsigned step)
{
	if (step < 2 * BENCH_STEPS)
		return step;
	const unsigned power = step / BENCH_STEPS - 1;
	return (uint64_t)(step % BENCH_STEPS + BENCH_STEPS) << power;
}

#endif
