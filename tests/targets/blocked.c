/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blocked.c - threads that stand in system calls, and say how those ended.
 *
 *   blocked [sleep=MILLISECONDS]
 *
 * `checked` counts the threads that are about to enter their calls. The end to
 * write to for read and poll is descriptor word[BLOCKED_WRITE_*]; the futex is
 * `go`.
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "blocked.h"
#include "target.h"

static struct target_page *page;
static int read_pipe[2], poll_pipe[2];
static long sleep_ms;
static pthread_barrier_t barrier;

static void report(int call, long result)
{
	page->word[call] = result;
	page->word[call + BLOCKED_ERRNO] = result < 0 ? errno : 0;
	__atomic_fetch_add(&page->beat, 1, __ATOMIC_SEQ_CST);
}

static void begin(void)
{
	pthread_barrier_wait(&barrier);
	__atomic_fetch_add(&page->checked, 1, __ATOMIC_SEQ_CST);
}

static void *in_nanosleep(void *unused)
{
	const struct timespec pause = {.tv_sec = sleep_ms / 1000,
				       .tv_nsec = sleep_ms % 1000 * 1000000};
	begin();
	/* Told where to put the rest, the kernel would write it there at every stop. */
	report(BLOCKED_NANOSLEEP, nanosleep(&pause, NULL));
	return unused;
}

static void *in_futex(void *unused)
{
	begin();
	report(BLOCKED_FUTEX, syscall(SYS_futex, &page->go, FUTEX_WAIT, 0, NULL, NULL, 0));
	return unused;
}

static void *in_read(void *unused)
{
	char byte;
	begin();
	report(BLOCKED_READ, read(read_pipe[0], &byte, 1));
	return unused;
}

static void *in_poll(void *unused)
{
	struct pollfd wanted = {.fd = poll_pipe[0], .events = POLLIN};
	begin();
	report(BLOCKED_POLL, poll(&wanted, 1, 60000));
	return unused;
}

/* rseq is off by the environment, so nothing depends on the processor but this. */
static void pin(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		abort();
}

int main(int argc, char **argv)
{
	void *(*const calls[])(void *) = {in_nanosleep, in_futex, in_read, in_poll};
	const unsigned count = sizeof(calls) / sizeof(calls[0]);
	(void)argc;
	pin();
	sleep_ms = target_option(argv, "sleep", 1000);
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	page->value[0] = DF_FEATURE(blocked, first, "asked once") + DF_DEFAULT(blocked, second) +
			 DF_OPT(blocked, third) + DF_DEFAULT_SLOW(other, fourth);
	if (pipe(read_pipe) != 0 || pipe(poll_pipe) != 0)
		abort();
	page->word[BLOCKED_WRITE_READ] = read_pipe[1];
	page->word[BLOCKED_WRITE_POLL] = poll_pipe[1];
	pthread_barrier_init(&barrier, NULL, count + 1);
	for (unsigned i = 0; i < count; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, calls[i], NULL) != 0)
			abort();
	}
	pthread_barrier_wait(&barrier);
	page->ready = 1;
	for (;;)
		pause();
}
