/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vforker.c - a thread that waits in vfork(2), among others that ask flags.
 *
 *   vforker [exec=1] [pipe=1] [fuse=1]
 *
 * Once `go` is 1 a thread calls vfork: until its child execs or exits it cannot
 * be stopped. word[VFORKER_ID] is its thread id, word[VFORKER_CHILD] the child.
 * When `go` is 2 the child ends, or with exec=1 becomes this program and stays
 * until `go` is 3; word[VFORKER_BACK] is then 1, or 2 if something went wrong.
 * With pipe=1 a thread reads the pipe SERVE_FD, with fuse=1 it serves that FUSE mount (and the
 * program of SERVE_PROGRAM_FD on it, if there is one), and counts the bytes in
 * word[VFORKER_SERVED].
 * word[i] is how often thread i asked, word[VFORKER_GAP + i] its longest gap in ns.
 */
#include "vforker.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "serve.h"
#include "target.h"

static struct target_page *page;
static char *arguments[] = {"vforker", "after=1", NULL};

static void nap(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	nanosleep(&pause, NULL);
}

/* Not for ever: a test that failed may have left nobody to say go. */
static void wait_for(uint32_t go)
{
	for (int i = 0; i < 60000 && page->go < go; i++)
		nap();
}

static int64_t now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *ask(void *word)
{
	volatile int64_t *count = word, *gap = count + VFORKER_GAP;
	for (int64_t last = now();;) {
		const int first = DF_FEATURE(vforker, first);
		const int second = DF_FEATURE(vforker, second);
		const int64_t at = now();
		page->value[0] = first;
		page->value[1] = second;
		if (at - last > *gap)
			*gap = at - last;
		last = at;
		(*count)++;
		nap();
	}
	return NULL;
}

static __attribute__((noinline)) pid_t make_child(int exec)
{
	const pid_t child = vfork();
	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page->word[VFORKER_CHILD] = getpid();
	wait_for(2);
	if (exec)
		execv("/proc/self/exe", arguments);
	_exit(VFORKER_STATUS);
}

static void *wait_in_vfork(void *exec)
{
	int status = 0;
	page->word[VFORKER_ID] = gettid();
	wait_for(1);
	const pid_t child = make_child(exec != NULL);
	/* With exec we are back before the child has ended. */
	page->word[VFORKER_BACK] = child == page->word[VFORKER_CHILD] ? 1 : 2;
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != VFORKER_STATUS)
		page->broken++;
	page->beat++;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	(void)argc;
	page = target_page();
	if (target_option(argv, "after", 0)) {
		wait_for(3);
		return VFORKER_STATUS;
	}
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	for (int i = 1; i < VFORKER_ASKERS; i++)
		if (pthread_create(&thread, NULL, ask, (void *)&page->word[i]) != 0)
			abort();
	if (pthread_create(&thread, NULL, wait_in_vfork,
			   target_option(argv, "exec", 0) ? page : NULL) != 0)
		abort();
	if (target_option(argv, "pipe", 0))
		serve_pipe(SERVE_FD, &page->word[VFORKER_SERVED]);
	if (target_option(argv, "fuse", 0))
		serve_fuse(SERVE_FD, fcntl(SERVE_PROGRAM_FD, F_GETFD) < 0 ? -1 : SERVE_PROGRAM_FD,
			   &page->word[VFORKER_SERVED]);
	page->ready = 1;
	ask((void *)&page->word[0]);
}
