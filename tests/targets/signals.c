/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals.c - writes down the values of the signals it gets, in order.
 *
 * beat is how many came; word[i] is the value of the one that came as number i.
 * Only the first thread takes them; the others keep asking a flag.
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "target.h"

static struct target_page *page;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	page->word[page->beat % TARGET_WORDS] = info->si_value.sival_int;
	page->beat++;
}

static void *ask(void *unused)
{
	for (;;)
		page->value[0] = DF_FEATURE(signals, flag);
	return unused;
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigset_t set;
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	sigaction(SIGRTMIN, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 3; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, ask, NULL) != 0)
			abort();
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	page->ready = 1;
	for (;;)
		pause();
}
