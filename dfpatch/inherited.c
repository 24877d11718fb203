/* SPDX-License-Identifier: Apache-2.0 */
/* inherited.c - what we need to be other than it was when we were started. */
#include "inherited.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define STACK 262144

static struct {
	bool occupied[STDERR_FILENO + 1]; /* by us, since nothing was there */
	bool raised;
	struct rlimit stack; /* as it was */
} inherited;

bool inherited_occupy_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		inherited.occupied[fd] = fcntl(fd, F_GETFD) < 0;
		if (inherited.occupied[fd] && open("/dev/null", O_PATH) != fd)
			return false;
	}
	return true;
}

/* The kernel heeds the limit when a stack grows: a larger one is in force at once. */
int inherited_raise_stack(struct df_err *err)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= STACK)
		return 0;
	inherited.stack = limit;
	limit.rlim_cur = STACK;
	inherited.raised = limit.rlim_max >= STACK && setrlimit(RLIMIT_STACK, &limit) == 0;
	return inherited.raised
		       ? 0
		       : df_fail(err, DF_E_SYSTEM,
				 "nothing was changed: stacks are limited to %lu KiB, and it takes "
				 "%d; raise the limit (ulimit -s)",
				 (unsigned long)limit.rlim_max / 1024, STACK / 1024);
}

void inherited_allow_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void inherited_give_back(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (inherited.occupied[fd])
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (inherited.raised)
		setrlimit(RLIMIT_STACK, &inherited.stack);
}
