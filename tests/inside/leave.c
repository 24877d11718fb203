/* SPDX-License-Identifier: Apache-2.0 */
/* leave.c - a plain program that ends, again and again, while its threads flip and list. */
#include <df.h>

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flags.h"
#include "plain.h"

#define TIMES 30

static int look(void *context, const struct df_flag_info *flag)
{
	*(size_t *)context += strlen(flag->full_name) + strlen(flag->module);
	return 0;
}

static void *list(void *unused)
{
	size_t sum = 0;
	for (;;)
		df_list(NULL, look, &sum);
	return unused;
}

static void *flip(void *unused)
{
	for (;;) {
		df_activate("lamp:");
		df_deactivate(".*:");
	}
	return unused;
}

static void leave(unsigned after)
{
	static void *(*const runs[])(void *) = {list, flip, list, flip};
	pthread_t thread;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		EXPECT(pthread_create(&thread, NULL, runs[i], NULL) == 0, "no thread");
	usleep(after);
	exit(0);
}

int main(void)
{
	for (unsigned i = 0; i < TIMES; i++) {
		int status = -1;
		const pid_t pid = fork();
		if (pid == 0) {
			alarm(60);
			leave(i * 100);
		}
		EXPECT(waitpid(pid, &status, 0) == pid && status == 0, "%u ends with %#x", i,
		       (unsigned)status);
	}
	return 0;
}
