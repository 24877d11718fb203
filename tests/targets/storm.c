/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storm.c - threads that come and go all the time, each looking at two flags.
 *
 * beat counts threads that came to their end.
 */
#include <pthread.h>
#include <sched.h>

#include "target.h"

static struct target_page *page;
static volatile const struct df_control_v1 *control = &df_module_v1;

static __attribute__((noinline)) void *brief(void *unused)
{
	for (int i = 0; i < 50; i++) {
		const uint64_t before = control->generation;
		const int first = DF_FEATURE(storm, first);
		const int second = DF_FEATURE(storm, second);
		const uint64_t after = control->generation;
		if (before == after && first != second)
			__atomic_fetch_add(&page->broken, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&page->checked, 1, __ATOMIC_RELAXED);
		sched_yield();
	}
	__atomic_fetch_add(&page->beat, 1, __ATOMIC_RELAXED);
	return unused;
}

static void *make(void *unused)
{
	for (;;) {
		pthread_t threads[4];
		for (int i = 0; i < 4; i++)
			if (pthread_create(&threads[i], NULL, brief, NULL) != 0)
				abort();
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	}
	return unused;
}

int main(void)
{
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	for (int i = 0; i < 3; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, make, NULL) != 0)
			abort();
	}
	page->ready = 1;
	make(NULL);
}
