/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execer.c - a program that becomes itself over and over.
 *
 * Each life starts with all flags as built; `broken` counts sites that differ
 * from each other while the generation stands still. `word[0]` counts lives.
 * Every second life has threads, and one of them does the exec.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

static struct target_page *page;
static char **arguments;
static volatile const struct df_control_v1 *control = &df_module_v1;

static void look(void)
{
	const uint64_t before = control->generation;
	const int first = DF_FEATURE(exec, first);
	const int second = DF_FEATURE(exec, second);
	if (before == control->generation && first != second)
		page->broken++;
	page->beat++;
}

static void *live(void *unused)
{
	const struct timespec pause = {.tv_nsec = 50000};
	for (int i = 0; i < 20; i++) {
		look();
		nanosleep(&pause, NULL);
	}
	execv("/proc/self/exe", arguments);
	return unused;
}

static void *idle(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	(void)argc;
	/* A wish of the thread that made it, so an exec by another one forgets it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	arguments = argv;
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	page->ready = 1;
	if (page->word[0]++ % 2 == 0)
		live(NULL);
	pthread_create(&thread, NULL, idle, NULL);
	pthread_create(&thread, NULL, live, NULL);
	idle(NULL);
}
