/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps.c - a plain program that forks while another of its threads is at a certain step of
 * libdf's work: each case in a process of its own. Linked with --wrap for syscall and
 * nanosleep, by which libdf shows where it is and whether it waits.
 */
#include <df.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flags.h"
#include "plain.h"

#define STANDS_STILL 30 /* seconds */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __real_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);

static atomic_int pauses;		    /* that libdf made */
static _Thread_local void (*at_work)(void); /* called once by a thread in the midst of its work */

int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	pauses++;
	return __real_nanosleep(time, left);
}

/* Every flip that changes text asks for a membarrier, with all locks held. */
long __wrap_syscall(long number, ...)
{
	long arg[6];
	va_list args;
	va_start(args, number);
	for (size_t i = 0; i < sizeof(arg) / sizeof(arg[0]); i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_membarrier && at_work) {
		void (*const step)(void) = at_work;
		at_work = NULL;
		step();
	}
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static void await(const atomic_int *word)
{
	while (!*word)
		usleep(100);
}

static void expect_end(pid_t child)
{
	int status = -1;
	EXPECT(waitpid(child, &status, 0) == child && status == 0, "a child ends with %#x",
	       (unsigned)status);
}

static void flip(void)
{
	EXPECT(df_enable("lamp:feature") == 1 && lamps[0].read() == 1, "%s", df_error());
	EXPECT(df_disable("lamp:feature") == 1 && lamps[0].read() == 0, "%s", df_error());
}

static pthread_t begin(void *(*run)(void *))
{
	pthread_t thread;
	EXPECT(pthread_create(&thread, NULL, run, NULL) == 0, "no thread");
	return thread;
}

/* ---- a lock of the program's, which is held by a thread that flips, and by who forks ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int lock_held, forking;

static void *flip_with_lock(void *unused)
{
	pthread_mutex_lock(&lock);
	lock_held = 1;
	await(&forking);
	flip();
	pthread_mutex_unlock(&lock);
	return unused;
}

static void take_lock(void)
{
	forking = 1;
	pthread_mutex_lock(&lock);
}

static void give_lock(void)
{
	pthread_mutex_unlock(&lock);
}

/* The handlers are those of a library that begins before anybody calls libdf. */
static void with_a_lock(void)
{
	pthread_atfork(take_lock, give_lock, give_lock);
	EXPECT(df_init() == 0, "%s", df_error());
	const pthread_t thread = begin(flip_with_lock);
	await(&lock_held);
	pauses = 0;
	const pid_t child = fork();
	if (child == 0) {
		alarm(STANDS_STILL);
		flip();
		_exit(0);
	}
	pthread_join(thread, NULL);
	EXPECT(pauses == 0, "they waited %d times for each other", pauses);
	expect_end(child);
}

/* ---- the first work of all ---- */

static atomic_int inside;

static void show_and_linger(void)
{
	inside = 1;
	usleep(200000);
}

static void *flip_lingering(void *unused)
{
	at_work = show_and_linger;
	flip();
	return unused;
}

static pthread_t lingering;

static void begin_to_flip(void)
{
	lingering = begin(flip_lingering);
	await(&inside);
}

/* Which begins when the fork has. */
static void at_first(void)
{
	pthread_atfork(begin_to_flip, NULL, NULL);
	const pid_t child = fork();
	if (child == 0) {
		alarm(STANDS_STILL);
		flip();
		_exit(0);
	}
	pthread_join(lingering, NULL);
	expect_end(child);
}

/* ---- a signal handler that forks in the midst of work, when others wait to begin theirs ---- */

static atomic_int waiting;
static pthread_t waiter;

static void *flip_waiting(void *unused)
{
	waiting = 1;
	flip();
	return unused;
}

static pid_t went_on;

static void fork_in_signal(int signal)
{
	const pid_t child = fork();
	(void)signal;
	went_on = child;
	if (child == 0) {
		alarm(STANDS_STILL);
		waiter = 0;
	}
}

static void fork_at_work(void)
{
	waiter = begin(flip_waiting);
	await(&waiting);
	usleep(50000);
	pauses = 0;
	raise(SIGUSR1);
	EXPECT(pauses == 0, "it waited %d times for its own thread", pauses);
}

/*
 * The child finishes the work, and cannot flip any more, since the loader is locked there;
 * that it forks again is to cost it nothing.
 */
static void in_a_signal(void)
{
	signal(SIGUSR1, fork_in_signal);
	EXPECT(df_init() == 0, "%s", df_error());
	at_work = fork_at_work;
	EXPECT(df_activate("lamp:feature") == 1, "%s", df_error());
	if (waiter == 0) {
		const pid_t child = fork();
		if (child == 0)
			_exit(0);
		expect_end(child);
		EXPECT(pauses == 0, "its child waited %d times", pauses);
		_exit(0);
	}
	pthread_join(waiter, NULL);
	expect_end(went_on);
}

/* ---- a handler of fork that forks ---- */

static int depth;

static void fork_once_more(void)
{
	if (depth++ > 0)
		return;
	const pid_t child = fork();
	if (child == 0)
		_exit(0);
	expect_end(child);
}

static void have_another_flip(void)
{
	pthread_join(begin(flip_waiting), NULL);
}

/* The older of the two is called first when the fork is over, and finds no work held up. */
static void in_a_handler(void)
{
	pthread_atfork(NULL, have_another_flip, NULL);
	pthread_atfork(fork_once_more, NULL, NULL);
	EXPECT(df_init() == 0, "%s", df_error());
	const pid_t child = fork();
	if (child == 0) {
		alarm(STANDS_STILL);
		flip();
		_exit(0);
	}
	expect_end(child);
	EXPECT(pauses == 0, "somebody waited %d times", pauses);
}

int main(void)
{
	static void (*const cases[])(void) = {with_a_lock, at_first, in_a_signal, in_a_handler};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const pid_t child = fork();
		if (child == 0) {
			alarm(STANDS_STILL);
			cases[i]();
			_exit(0);
		}
		int status = -1;
		EXPECT(waitpid(child, &status, 0) == child && status == 0, "case %zu ends with %#x",
		       i, (unsigned)status);
	}
	return 0;
}
