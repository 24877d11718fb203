/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reborn.c - a program that becomes itself once, or ends, when it is told to.
 *
 * When `go` is 1 its first thread does the exec, when it is 2 another one, when
 * it is 3 it ends, when it is 4 it becomes what its name is the path of by then. word[0] counts lives. To be built at fixed addresses, so
 * that the second life has everything where the first had it.
 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

static struct target_page *page;
static char **arguments;

static void obey(uint32_t number)
{
	if (page->go != number || page->word[0] > 1)
		return;
	execv("/proc/self/exe", arguments);
	abort();
}

static void nap(void)
{
	const struct timespec pause = {.tv_nsec = 200000};
	nanosleep(&pause, NULL);
}

static void *other(void *unused)
{
	for (;;) {
		obey(2);
		nap();
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	(void)argc;
	arguments = argv;
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	page->word[0]++;
	if (pthread_create(&thread, NULL, other, NULL) != 0)
		abort();
	for (page->ready = 1;; page->beat++) {
		page->value[0] = DF_FEATURE(reborn, first);
		page->value[1] = DF_DEFAULT(reborn, second);
		obey(1);
		if (page->go == 3)
			_exit(0);
		if (page->go == 4 && page->word[0] == 1)
			execv(arguments[0], arguments);
		nap();
	}
}
