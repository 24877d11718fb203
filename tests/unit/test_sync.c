/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of libdf/sync.c: the lock among threads.
 *
 * The linker leads its system calls here (--wrap=syscall), so that the tests see
 * who sleeps and who is woken instead of guessing it from the time that passes.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sync.h"

#define THREADS 8

static struct df_control_v1 control;
static struct sync_patience patience;
static struct df_err err;

/* ---- its system calls ------------------------------------------------------------------ */

static long sleeps, wakes, looks, interrupted, slept_on_free;

static long get(const long *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static void add(long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static void count_wait(const uint32_t *lock, long result, int error)
{
	if (result != 0 && error == EINTR)
		add(&interrupted);
	if (result != 0 && error == ETIMEDOUT && __atomic_load_n(lock, __ATOMIC_SEQ_CST) == 0)
		add(&slept_on_free);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	long arg[6] = {0};
	const size_t count = number == SYS_futex ? 6 : 3; /* of what is called here */
	va_list args;
	va_start(args, number);
	for (size_t i = 0; i < count; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	const bool sleep = number == SYS_futex && (int)arg[1] == FUTEX_WAIT_PRIVATE;
	if (sleep)
		add(&sleeps);
	const long result = __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	const int error = errno;
	if (sleep)
		count_wait((const uint32_t *)arg[0], result, error);
	if (number == SYS_futex && (int)arg[1] == FUTEX_WAKE_PRIVATE)
		add(&wakes);
	if (number == SYS_tgkill)
		add(&looks);
	errno = error;
	return result;
}

/* ---- threads --------------------------------------------------------------------------- */

static uint32_t lock_word(void)
{
	return __atomic_load_n(&control.lock, __ATOMIC_SEQ_CST);
}

static pthread_t start(void *(*run)(void *), void *argument)
{
	pthread_t thread;
	cr_assert_eq(pthread_create(&thread, NULL, run, argument), 0);
	return thread;
}

static void join(pthread_t thread)
{
	cr_assert_eq(pthread_join(thread, NULL), 0);
}

static int own(void)
{
	struct sync_patience mine = {0};
	return sync_own(&control, &mine, NULL);
}

static void *own_and_end(void *owned)
{
	__atomic_store_n((int *)owned, own(), __ATOMIC_SEQ_CST);
	return NULL;
}

static void *tell_number(void *number)
{
	*(uint32_t *)number = sync_thread();
	return NULL;
}

/* The number of a thread that was, once the kernel has let go of it. */
static uint32_t dead_thread(void)
{
	uint32_t number = 0;
	join(start(tell_number, &number));
	while (syscall(SYS_tgkill, getpid(), number, 0) == 0)
		sched_yield();
	return number;
}

/* ---- the lock -------------------------------------------------------------------------- */

Test(sync, free_lock)
{
	cr_assert_eq(sync_own(&control, &patience, &err), 1);
	cr_assert_eq(control.lock, (uint32_t)gettid());
	sync_disown(&control);
	const struct df_control_v1 untouched = {0};
	cr_assert_eq(memcmp(&control, &untouched, sizeof(control)), 0);
	cr_assert_eq(get(&wakes), 0);
	cr_assert_eq(patience.looked, 0);
}

#define COUNTS 200000

static pthread_barrier_t all_begin;

struct counter {
	long value;
	int inside;
	bool met;
};

static void *count_up(void *argument)
{
	struct counter *counter = argument;
	pthread_barrier_wait(&all_begin);
	for (int i = 0; i < COUNTS; i++) {
		if (own() != 1 || counter->inside++ != 0)
			counter->met = true;
		counter->value++;
		counter->inside--;
		sync_disown(&control);
	}
	return NULL;
}

Test(sync, exclusion)
{
	struct counter counter = {0};
	pthread_t threads[THREADS];
	cr_assert_eq(pthread_barrier_init(&all_begin, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		threads[i] = start(count_up, &counter);
	for (int i = 0; i < THREADS; i++)
		join(threads[i]);
	cr_assert_not(counter.met);
	cr_assert_eq(counter.value, (long)THREADS * COUNTS);
	cr_assert_eq(control.lock, 0);
}

static int turn = -1; /* even: the sleeper's; odd: it had the lock */

static void *take_turns(void *rounds)
{
	for (long i = 0; i < *(const long *)rounds; i++) {
		while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != 2 * i)
			sched_yield();
		if (own() != 1)
			return NULL;
		sync_disown(&control);
		__atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/*
 * Each round puts the other thread to sleep, or nearly, and gives the lock back. A
 * wake that got lost shows as a sleep that only its timeout ended while the lock was
 * free. One that was under way just then shows as well, so that a few are no fault.
 */
Test(sync, sleepers_are_woken, .timeout = 300)
{
	const long rounds = 20000;
	const pthread_t sleeper = start(take_turns, (void *)&rounds);
	for (int i = 0; i < rounds; i++) {
		cr_assert_eq(own(), 1);
		__atomic_store_n(&turn, 2 * i, __ATOMIC_SEQ_CST);
		while (!(lock_word() & DF_LOCK_WAITERS))
			sched_yield();
		sync_disown(&control);
		while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != 2 * i + 1)
			sched_yield();
		cr_assert_lt(get(&slept_on_free), rounds / 100, "%ld of %ld", get(&slept_on_free),
			     rounds);
	}
	join(sleeper);
	cr_assert_geq(get(&wakes), rounds);
}

static pthread_barrier_t turn_of_round;

static void *sleep_in_rounds(void *rounds)
{
	for (long i = 0; i < *(const long *)rounds; i++) {
		pthread_barrier_wait(&turn_of_round);
		own();
		sync_disown(&control);
		pthread_barrier_wait(&turn_of_round);
	}
	return NULL;
}

/*
 * All sleep at once, and one gives the lock back: each wakes the next, though it
 * does not know of him. If not, one per round at the least sleeps on a free lock.
 */
Test(sync, every_sleeper_is_woken, .timeout = 300)
{
	long rounds = 200;
	pthread_t threads[THREADS];
	cr_assert_eq(pthread_barrier_init(&turn_of_round, NULL, THREADS + 1), 0);
	for (int i = 0; i < THREADS; i++)
		threads[i] = start(sleep_in_rounds, &rounds);
	for (int i = 0; i < rounds; i++) {
		cr_assert_eq(own(), 1);
		const long before = get(&sleeps);
		pthread_barrier_wait(&turn_of_round);
		while (get(&sleeps) < before + THREADS)
			sched_yield();
		sync_disown(&control);
		pthread_barrier_wait(&turn_of_round);
	}
	for (int i = 0; i < THREADS; i++)
		join(threads[i]);
	cr_assert_lt(get(&slept_on_free), rounds / 4, "%ld of %ld", get(&slept_on_free), rounds);
}

Test(sync, live_owner_keeps_it)
{
	int owned = 0;
	cr_assert_eq(own(), 1);
	const pthread_t thread = start(own_and_end, &owned);
	while (get(&looks) < 4)
		sched_yield();
	cr_assert_eq(__atomic_load_n(&owned, __ATOMIC_SEQ_CST), 0);
	cr_assert_eq(lock_word(), (uint32_t)gettid() | DF_LOCK_WAITERS);
	sync_disown(&control);
	join(thread);
	cr_assert_eq(owned, 1);
}

Test(sync, dead_owner)
{
	const uint32_t dead = dead_thread();
	control.lock = dead;
	cr_assert_eq(own(), 1);
	cr_assert_eq(control.lock, (uint32_t)gettid());
	sync_disown(&control);

	/* Somebody may sleep on it; nobody else would wake him. */
	control.lock = dead | DF_LOCK_WAITERS;
	cr_assert_eq(own(), 1);
	cr_assert_eq(control.lock, (uint32_t)gettid() | DF_LOCK_WAITERS);
	cr_assert_eq(get(&wakes), 0);
	sync_disown(&control);
	cr_assert_eq(get(&wakes), 1);
	cr_assert_eq(get(&sleeps), 0, "waited for the dead");
}

Test(sync, owner_dies_before_sleepers)
{
	int ended = 0, owned[THREADS] = {0};
	pthread_t threads[THREADS];
	join(start(own_and_end, &ended));
	cr_assert_eq(ended, 1);
	/* Each ends with the lock in its hand, too. */
	for (int i = 0; i < THREADS; i++)
		threads[i] = start(own_and_end, &owned[i]);
	for (int i = 0; i < THREADS; i++) {
		join(threads[i]);
		cr_assert_eq(owned[i], 1);
	}
	cr_assert_eq(own(), 1);
}

Test(sync, own_number_is_stale)
{
	control.lock = (uint32_t)gettid();
	cr_assert_eq(own(), 1);
	cr_assert_eq(control.lock, (uint32_t)gettid());
	control.lock |= DF_LOCK_WAITERS;
	cr_assert_eq(own(), 1);
	cr_assert_eq(control.lock, (uint32_t)gettid() | DF_LOCK_WAITERS);
	cr_assert_eq(get(&looks) + get(&sleeps), 0);
}

Test(sync, no_owner_at_all)
{
	control.lock = DF_LOCK_WAITERS;
	cr_assert_eq(own(), 1);
	cr_assert_eq(control.lock, (uint32_t)gettid() | DF_LOCK_WAITERS);
}

static void nothing(int number)
{
	(void)number;
}

Test(sync, signals_are_no_wakes)
{
	int owned = 0;
	const struct sigaction action = {.sa_handler = nothing};
	cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
	cr_assert_eq(own(), 1);
	const pthread_t thread = start(own_and_end, &owned);
	while (get(&interrupted) < 100) {
		cr_assert_eq(pthread_kill(thread, SIGUSR1), 0);
		sched_yield();
	}
	cr_assert_eq(__atomic_load_n(&owned, __ATOMIC_SEQ_CST), 0);
	sync_disown(&control);
	join(thread);
	cr_assert_eq(owned, 1);
}

/* Who has to give it back at once wakes whom he kept from it. */
Test(sync, claim_does_not_keep_sleepers)
{
	control.external = 4711;
	control.lock = dead_thread() | DF_LOCK_WAITERS;
	cr_assert_eq(sync_own(&control, &patience, &err), 0);
	cr_assert_eq(get(&wakes), 1);
	cr_assert_eq(control.lock, 0);
}
