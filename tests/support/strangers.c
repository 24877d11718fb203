/* SPDX-License-Identifier: Apache-2.0 */
/* strangers.c - processes that are not ours to change. */
#include "strangers.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

void become_a_stranger(void)
{
	if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
		_exit(125);
}

bool strangers_can_run(const char *path)
{
	if (geteuid() != 0)
		return false;
	const pid_t child = fork();
	int status;
	if (child == 0) {
		become_a_stranger();
		_exit(access(path, X_OK) == 0 ? 0 : 1);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

pid_t stranger_start(const char *path)
{
	int running[2];
	char byte;
	cr_assert_eq(pipe2(running, O_CLOEXEC), 0);
	const pid_t child = fork();
	if (child == 0) {
		become_a_stranger();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(path, path, NULL);
		_exit(127);
	}
	/* exec closes the last writing end. */
	close(running[1]);
	cr_assert_eq(read(running[0], &byte, 1), 0);
	close(running[0]);
	cr_assert_eq(waitpid(child, NULL, WNOHANG), 0, "%s cannot be started", path);
	return child;
}

pid_t stranger_trace(pid_t target)
{
	int ready[2];
	char byte;
	cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
	const pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "df-tracer");
		if (ptrace(PTRACE_SEIZE, target, NULL, NULL) == 0)
			(void)!write(ready[1], "x", 1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1, "the target could not be seized");
	close(ready[0]);
	return child;
}

void stranger_end(pid_t pid)
{
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}
