/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breeder.c - forks children that stay, one after the other.
 *
 *   breeder [children=N]
 *
 * It begins when `go` is set. word[0] counts the children.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

static void live_on(pid_t parent)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	/* A parent that is dead already will not die. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(1);
	for (;;) {
		(void)DF_FEATURE(breed, flag, "inherited");
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct target_page *page = target_page();
	const long children = target_option(argv, "children", 0);
	const pid_t own = getpid(), parent = getppid();
	(void)argc;
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	page->ready = 1;
	while (!page->go)
		nanosleep(&pause, NULL);
	while (page->word[0] < children) {
		const pid_t child = fork();
		if (child == 0)
			live_on(own);
		if (child > 0)
			page->word[0]++;
		nanosleep(&pause, NULL);
	}
	live_on(parent);
}
