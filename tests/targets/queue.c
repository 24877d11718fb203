/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.c - holds the signals it gets against the order they were sent in.
 *
 *   queue [wait=1]
 *
 * Its first thread takes them, by handlers or (`wait`) by sigwaitinfo(2); the others keep asking
 * a flag. word[] is as queue.h says; broken counts what was lost, came twice or out of turn.
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "queue.h"
#include "target.h"

static struct target_page *page;

static void take(const siginfo_t *info)
{
	const unsigned value = (unsigned)info->si_value.sival_int;
	const int signal = info->si_signo - SIGRTMIN;
	if (info->si_signo == SIGUSR1) {
		page->word[QUEUE_ORDINARY]++;
		return;
	}
	volatile int64_t *taken =
		&page->word[QUEUE_TAKEN + (int)(value >> 24) * QUEUE_SIGNALS + signal];
	if (*taken != (int64_t)(value & 0xffffff))
		page->broken++;
	++*taken;
	page->checked++;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	take(info);
}

static void *ask(void *unused)
{
	for (;;) {
		page->value[0] = DF_FEATURE(queue, flag);
		page->beat++;
		usleep(100);
	}
	return unused;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	pthread_t thread;
	sigset_t set;
	(void)argc;
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (int i = 0; i < QUEUE_SIGNALS; i++)
		sigaddset(&set, SIGRTMIN + i);
	/* One at a time, or a handler would interrupt another. */
	action.sa_mask = set;
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < QUEUE_SIGNALS; i++)
		sigaction(SIGRTMIN + i, &action, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&thread, NULL, ask, NULL) != 0)
		abort();
	page->ready = 1;
	if (!target_option(argv, "wait", 0))
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	for (;;) {
		siginfo_t info;
		if (!target_option(argv, "wait", 0))
			pause();
		else if (sigwaitinfo(&set, &info) > 0)
			take(&info);
	}
}
