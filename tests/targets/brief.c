/* SPDX-License-Identifier: Apache-2.0 */
/*
 * brief.c - a program with a few threads that ends soon.
 *
 *   brief [us=N] [threads=N]
 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

static void *ask(void *unused)
{
	for (;;)
		if (DF_FEATURE(brief, flag) && DF_FEATURE(brief, other))
			usleep(1);
	return unused;
}

int main(int argc, char **argv)
{
	struct target_page *page = target_page();
	(void)argc;
	for (long i = target_option(argv, "threads", 4); i > 1; i--) {
		pthread_t thread;
		pthread_create(&thread, NULL, ask, NULL);
	}
	page->ready = 1;
	usleep((useconds_t)target_option(argv, "us", 1000));
	return 23;
}
