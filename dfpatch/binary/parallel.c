/* SPDX-License-Identifier: Apache-2.0 */
/* parallel.c - the same work on every processor that we may use. */
#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

unsigned parallel_processors(void)
{
	cpu_set_t set;
	/* On a machine with more processors than the set has room for, it cannot be had. */
	const int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	if (count < 1)
		return 1;
	return count < PARALLEL_MAX ? (unsigned)count : PARALLEL_MAX;
}

struct worker {
	void (*work)(void *context, unsigned thread);
	void *context;
	unsigned number;
	pthread_t thread;
};

static void *begin(void *argument)
{
	const struct worker *worker = argument;
	worker->work(worker->context, worker->number);
	return NULL;
}

/* Whatever the limit of stacks is, which would be the size of theirs: too little, or 64 times 8 MB.
 */
#define STACK 262144

/* Starts numbers 1 to count - 1; returns how many there are then, with number 0. */
static unsigned start(struct worker *workers, unsigned count)
{
	pthread_attr_t attributes;
	unsigned started = 1;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	while (started < count &&
	       pthread_create(&workers[started].thread, &attributes, begin, &workers[started]) == 0)
		started++;
	pthread_attr_destroy(&attributes);
	return started;
}

void parallel_run(unsigned threads, void (*work)(void *context, unsigned thread), void *context)
{
	struct worker workers[PARALLEL_MAX];
	for (unsigned i = 1; i < threads; i++)
		workers[i] = (struct worker){.work = work, .context = context, .number = i};
	const unsigned count = start(workers, threads);
	work(context, 0);
	for (unsigned i = 1; i < count; i++)
		pthread_join(workers[i].thread, NULL);
}

struct slices {
	_Atomic size_t next;
	size_t count;
	size_t step;
	void (*some)(void *context, size_t first, size_t end);
	void *context;
};

static void take_slices(void *context, unsigned thread)
{
	struct slices *s = context;
	(void)thread;
	for (size_t first; (first = atomic_fetch_add(&s->next, s->step)) < s->count;) {
		const size_t left = s->count - first;
		s->some(s->context, first, first + (left < s->step ? left : s->step));
	}
}

void parallel_slices(unsigned threads, size_t count, size_t step,
		     void (*some)(void *context, size_t first, size_t end), void *context)
{
	struct slices s = {.count = count, .step = step, .some = some, .context = context};
	const unsigned wanted = threads > 0 ? threads : parallel_processors();
	const size_t slices = count / step + (count % step > 0);
	parallel_run(slices < wanted ? (unsigned)slices + (slices == 0) : wanted, take_slices, &s);
}
