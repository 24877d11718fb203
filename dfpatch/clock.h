/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - what time it is, in nanoseconds. */
#ifndef DFPATCH_CLOCK_H
#define DFPATCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* By which time spans are taken: nobody sets it, and it does not tell the date. */
static inline uint64_t monotonic_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Since 1970, by the clock on the wall, which may be set. */
static inline uint64_t wall_now(void)
{
	return clock_ns(CLOCK_REALTIME);
}

/* A span as poll(2) and its like take it. */
static inline struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / 1000000000u),
		.tv_nsec = (long)(ns % 1000000000u),
	};
}

#endif
