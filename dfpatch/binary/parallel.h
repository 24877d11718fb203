/* SPDX-License-Identifier: Apache-2.0 */
/* parallel.h - the same work on every processor that we may use. */
#ifndef DFPATCH_PARALLEL_H
#define DFPATCH_PARALLEL_H

#include <stddef.h>

/* No more than this, however many processors there are. */
#define PARALLEL_MAX 64

/* How many processors the calling thread may run on: 1 to PARALLEL_MAX. */
unsigned parallel_processors(void);

/*
 * Calls `work` once on each of `threads` (1 to PARALLEL_MAX) threads with the number of the thread,
 * and returns when all have ended. Number 0 is the calling thread. Where no thread can be started,
 * fewer do it: each must take what is left to do until there is nothing.
 */
void parallel_run(unsigned threads, void (*work)(void *context, unsigned thread), void *context);

/*
 * Does what there is to do for 0 to count - 1: calls `some` for slices of at most `step`, each
 * once, on `threads` threads or, for 0, as many as there are processors for us.
 */
void parallel_slices(unsigned threads, size_t count, size_t step,
		     void (*some)(void *context, size_t first, size_t end), void *context);

#endif
