/* SPDX-License-Identifier: Apache-2.0 */
/* parallel.c - the same work on every processor that we may use. */
#include "parallel.h"

#include <pthread.h>
#include <sched.h>

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

void parallel_run(unsigned threads, void (*work)(void *context, unsigned thread), void *context)
{
	struct worker workers[PARALLEL_MAX];
	unsigned count = 1;
	for (; count < threads; count++) {
		workers[count] = (struct worker){.work = work, .context = context, .number = count};
		if (pthread_create(&workers[count].thread, NULL, begin, &workers[count]) != 0)
			break;
	}
	work(context, 0);
	for (unsigned i = 1; i < count; i++)
		pthread_join(workers[i].thread, NULL);
}
