/* SPDX-License-Identifier: Apache-2.0 */
/* bench_count PROGRAM ARGUMENT - how many instructions it executes between two breakpoints of its own. */
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

static int at_breakpoint(pid_t pid)
{
	siginfo_t info;

	return ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) == 0 && info.si_code == SI_KERNEL;
}

int main(int argc, char **argv)
{
	const pid_t pid = argc == 3 ? fork() : -1;
	long steps = 0;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(argv[1], argv[1], argv[2], NULL);
		_exit(127);
	}
	if (pid < 0 || !stopped(pid) || ptrace(PTRACE_CONT, pid, NULL, NULL) || !stopped(pid) ||
	    !at_breakpoint(pid)) {
		fprintf(stderr, "usage: bench_count PROGRAM ARGUMENT\n");
		return 2;
	}
	do {
		steps++;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) || !stopped(pid))
			return 1;
	} while (!at_breakpoint(pid));
	printf("%ld\n", steps - 1);
	ptrace(PTRACE_KILL, pid, NULL, NULL);
	return 0;
}
