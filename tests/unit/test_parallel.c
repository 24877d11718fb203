/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/parallel.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "parallel.h"

/* How many threads can be started still. */
static _Atomic int startable = INT_MAX;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*begin)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*begin)(void *), void *context);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*begin)(void *), void *context)
{
	return startable-- > 0 ? __real_pthread_create(thread, attributes, begin, context) : EAGAIN;
}

struct tally {
	_Atomic unsigned seen[PARALLEL_MAX];
	_Atomic unsigned next;
	_Atomic unsigned taken;
	pthread_t caller;
	_Atomic bool zero_is_caller;
};

static void work(void *context, unsigned thread)
{
	struct tally *tally = context;
	tally->seen[thread]++;
	if (thread == 0)
		tally->zero_is_caller = pthread_equal(pthread_self(), tally->caller) != 0;
	while (atomic_fetch_add(&tally->next, 1) < 1000)
		tally->taken++;
}

Test(parallel, all_is_done_once)
{
	static const unsigned counts[] = {1, 2, 3, PARALLEL_MAX};
	for (size_t i = 0; i < 4; i++) {
		struct tally tally = {.caller = pthread_self()};
		parallel_run(counts[i], work, &tally);
		cr_expect_eq(tally.taken, 1000);
		cr_expect(tally.zero_is_caller);
		for (unsigned thread = 0; thread < PARALLEL_MAX; thread++)
			cr_expect_eq(tally.seen[thread], thread < counts[i]);
	}
}

/* taskset(1) is heeded. */
Test(parallel, processors)
{
	cpu_set_t all, one;
	cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	const unsigned count = parallel_processors();
	cr_expect(count >= 1 && count <= PARALLEL_MAX && count <= (unsigned)CPU_COUNT(&all));
	size_t first = 0;
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	cr_expect_eq(parallel_processors(), 1);
}

/* Those that there are do it all. */
Test(parallel, threads_run_out)
{
	for (int more = 0; more <= 2; more++) {
		struct tally tally = {.caller = pthread_self()};
		startable = more;
		parallel_run(8, work, &tally);
		cr_expect_eq(tally.taken, 1000);
		cr_expect(tally.zero_is_caller);
		for (int thread = 0; thread < PARALLEL_MAX; thread++)
			cr_expect_eq(tally.seen[thread], thread <= more);
	}
}

static void look_at_stack(void *context, unsigned thread)
{
	pthread_attr_t attributes;
	size_t *least = context, size = 0;
	if (thread == 0)
		return;
	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstacksize(&attributes, &size);
	pthread_attr_destroy(&attributes);
	*least = size;
}

/* Another size than threads have by default, which follows what ulimit(1) says. */
Test(parallel, stacks)
{
	pthread_attr_t attributes;
	size_t size = 0;
	pthread_attr_init(&attributes);
	cr_assert_eq(pthread_attr_setstacksize(&attributes, 65536), 0);
	cr_assert_eq(pthread_setattr_default_np(&attributes), 0);
	parallel_run(2, look_at_stack, &size);
	cr_expect_geq(size, 200000);
}

static void count_each(void *context, size_t first, size_t end)
{
	_Atomic unsigned *counts = context;
	cr_expect_lt(first, end);
	cr_expect_leq(end - first, 7);
	for (size_t i = first; i < end; i++)
		counts[i]++;
}

Test(parallel, slices_hold_each_once)
{
	static const size_t counts[] = {0, 1, 6, 7, 8, 1000};
	for (size_t i = 0; i < 6; i++)
		for (unsigned threads = 0; threads <= 3; threads++) {
			_Atomic unsigned seen[1001] = {0};
			parallel_slices(threads, counts[i], 7, count_each, seen);
			for (size_t k = 0; k < 1001; k++)
				cr_expect_eq(seen[k], k < counts[i], "%zu of %zu", k, counts[i]);
		}
}
