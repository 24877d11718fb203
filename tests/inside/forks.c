/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forks.c PLUGIN - a plain program that forks, and calls libdf, where others would rather
 * not: each case in a process of its own, which is killed if it stands still.
 * PLUGIN has a copy of libdf, which its constructor sets to work.
 */
#include <df.h>

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flags.h"

#define STANDS_STILL 40 /* seconds */

static const char *plugin;

static int status_of(pid_t child)
{
	int status = -1;
	waitpid(child, &status, 0);
	return status;
}

static int is_on(void)
{
	for (size_t i = 0; i < 3; i++)
		if (lamps[i].read())
			return 1;
	return 0;
}

/* ---- in a callback of the program's, while another thread flips ---- */

static volatile int done;

static void *flip(void *unused)
{
	while (!done)
		if (df_activate("lamp:") < 0 || df_deactivate("lamp:") < 0)
			exit(1);
	return unused;
}

static int flip_inside(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)info;
	(void)size;
	*(int *)context |= df_activate("http:") < 0 || df_deactivate("http:") < 0;
	return 1;
}

static int in_callbacks(void)
{
	pthread_t thread;
	int wrong = 0;
	pthread_create(&thread, NULL, flip, NULL);
	for (int i = 0; i < 2000; i++)
		dl_iterate_phdr(flip_inside, &wrong);
	done = 1;
	pthread_join(thread, NULL);
	return wrong;
}

/* ---- in the program's own handlers of fork, older than libdf's ---- */

static bool handlers_flip;
static int handler_failed;

static void flip_in_handler(void)
{
	if (!handlers_flip)
		return;
	handler_failed |= df_enable("lamp:") < 0 || !is_on() || df_disable("lamp:") < 0;
}

/* Linked before libdf, whose constructor has the same priority. */
static __attribute__((constructor(101))) void have_older_handlers(void)
{
	pthread_atfork(flip_in_handler, flip_in_handler, flip_in_handler);
}

static int in_handlers(void)
{
	pthread_t thread;
	handlers_flip = true;
	if (df_init() != 0 || pthread_create(&thread, NULL, flip, NULL) != 0)
		return 1;
	for (int i = 0; i < 50; i++) {
		const pid_t child = fork();
		if (child == 0)
			_exit(handler_failed || df_enable("lamp:") < 0 || !is_on());
		if (status_of(child) != 0)
			return 1;
	}
	done = 1;
	pthread_join(thread, NULL);
	/* The other thread has flipped meanwhile: only errors count here. */
	return df_activate("lamp:") < 0;
}

/* ---- in a signal handler, in the middle of libdf's work ---- */

static volatile sig_atomic_t forks_made;

static void fork_in_signal(int signal)
{
	(void)signal;
	const pid_t child = fork();
	if (child == 0)
		_exit(0);
	if (child > 0 && status_of(child) == 0)
		forks_made++;
}

static int in_signals(void)
{
	const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	if (df_init() != 0)
		return 1;
	signal(SIGALRM, fork_in_signal);
	setitimer(ITIMER_REAL, &often, NULL);
	while (forks_made < 300)
		if (df_activate("lamp:") < 0 || df_deactivate("lamp:") < 0)
			return 1;
	setitimer(ITIMER_REAL, &never, NULL);
	return df_enable("lamp:") < 0 || !is_on();
}

/* ---- while a copy of libdf comes and goes ---- */

static void *come_and_go(void *unused)
{
	for (int i = 0; i < 3000; i++) {
		void *handle = dlopen(plugin, RTLD_NOW);
		if (!handle)
			exit(1);
		dlclose(handle);
	}
	done = 1;
	return unused;
}

static int beside_a_guest(void)
{
	pthread_t thread;
	int wrong = 0;
	pthread_create(&thread, NULL, come_and_go, NULL);
	while (!done) {
		const pid_t child = fork();
		if (child == 0)
			_exit(0);
		wrong |= status_of(child);
	}
	pthread_join(thread, NULL);
	return wrong;
}

/* ---- all of them ---- */

static int run(const char *name, int (*body)(void))
{
	const pid_t child = fork();
	if (child == 0)
		_exit(body());
	for (int i = 0; i < STANDS_STILL * 100; i++) {
		int status;
		if (waitpid(child, &status, WNOHANG) == child) {
			if (status != 0)
				printf("%s: failed, with status %#x\n", name, (unsigned)status);
			return status != 0;
		}
		usleep(10000);
	}
	kill(child, SIGKILL);
	status_of(child);
	printf("%s: stood still\n", name);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	plugin = argv[1];
	int failed = run("in callbacks", in_callbacks);
	failed |= run("in handlers", in_handlers);
	failed |= run("in signals", in_signals);
	failed |= run("beside a guest", beside_a_guest);
	return failed;
}
