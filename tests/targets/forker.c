/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forker.c - threads that fork and vfork all the time, and look after their children.
 *
 * The test flips all of `fork:` by turns, from off. A forked child has a copy
 * of one moment, and while a vforked one runs its parent cannot be stopped: so
 * both must find every flag as the generation says, without exception. A child
 * that finds itself traced says so, too.
 *
 * beat counts children that ended as they should, broken those that did not;
 * word[0] counts forks, word[1] vforks. `go` = 1 ends it all: value[0] is then
 * 1, or 2 if a child is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

enum { SOUND = 42, TORN, TRACED, NO_STATUS };

static struct target_page *page;
static volatile const struct df_control_v1 *control = &df_module_v1;

static int own_tracer(void)
{
	char text[4096];
	const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return NO_STATUS;
	text[got] = '\0';
	return strstr(text, "\nTracerPid:\t0\n") ? SOUND : TRACED;
}

static __attribute__((noinline)) int look(void)
{
	const int odd = control->generation & 1;
	const int first = DF_FEATURE(fork, first);
	const int second = DF_FEATURE(fork, second);
	return first == odd && second == odd ? SOUND : TORN;
}

/* In a child: what its exit status is to be. */
static __attribute__((noinline)) int inspect(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 20; i++) {
		const int seen = look();
		if (seen != SOUND)
			return seen;
		const struct timespec pause = {.tv_nsec = 20000};
		nanosleep(&pause, NULL);
	}
	return own_tracer();
}

static __attribute__((noinline)) pid_t forked(void)
{
	const pid_t child = fork();
	if (child == 0)
		_exit(inspect());
	return child;
}

static __attribute__((noinline)) pid_t vforked(void)
{
	const pid_t child = vfork();
	if (child == 0)
		_exit(inspect());
	return child;
}

static void reap(pid_t child)
{
	int status = 0;
	const pid_t got = waitpid(child, &status, 0);
	const int sound =
		child > 0 && got == child && WIFEXITED(status) && WEXITSTATUS(status) == SOUND;
	__atomic_fetch_add(sound ? &page->beat : &page->broken, 1, __ATOMIC_RELAXED);
}

static void *make(void *with_vfork)
{
	volatile int64_t *count = &page->word[with_vfork ? 1 : 0];
	while (!page->go) {
		reap(with_vfork ? vforked() : forked());
		__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[4];
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, make, i % 2 ? page : NULL) != 0)
			abort();
	page->ready = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	page->value[0] = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? 1 : 2;
	for (;;)
		pause();
}
