/* SPDX-License-Identifier: Apache-2.0 */
/* helper.c - a process that does something for us while we become another program. */
#include "helper.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

/* ---- in the process between ---- */

/* Its end makes an orphan of the helper. */
static void be_between(struct helper *helper, int line)
{
	const pid_t pid = fork();
	if (pid != 0)
		_exit(pid < 0 ? errno & 0x7f : 0);
	setsid();
	helper->us = true;
	helper->line = line;
}

/* ---- in ours ---- */

/*
 * A child whose end raises no signal: it could be pending, and so the program's, if SIGCHLD is
 * blocked. Returns its id, 0 in it, or -1 with errno.
 */
static pid_t fork_silently(void)
{
	return (pid_t)syscall(SYS_clone, 0UL, NULL, NULL, NULL, NULL);
}

/* 0, or why it did not start a helper. */
static int reap(pid_t pid)
{
	int status;
	pid_t got;
	do
		got = waitpid(pid, &status, __WALL);
	while (got < 0 && errno == EINTR);
	/* Where SIGCHLD is ignored nobody has to reap it, and its status is lost. */
	if (got < 0)
		return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* Orphans of ours would be children of the program: not while this one becomes one. */
static pid_t start_between(struct helper *helper, int line)
{
	int reaper = 0;
	prctl(PR_GET_CHILD_SUBREAPER, &reaper, 0, 0, 0);
	if (reaper)
		prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	const pid_t pid = fork_silently();
	if (pid == 0) {
		be_between(helper, line);
		return 0;
	}
	const int failed = pid < 0 ? errno : reap(pid);
	if (reaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	errno = failed;
	return failed == 0 ? pid : -1;
}

static int cannot(struct df_err *err)
{
	return df_fail_errno(err, DF_E_SYSTEM, "cannot start a process to set the flags");
}

int helper_start(struct helper *helper, struct df_err *err)
{
	int ends[2];
	sigset_t all, before;
	*helper = (struct helper){.client = getpid(), .line = -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return cannot(err);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	const pid_t between = start_between(helper, ends[1]);
	if (helper->us) {
		close(ends[0]);
		return 0;
	}
	const int failed = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	helper->line = ends[0];
	if (between > 0)
		return 0;
	helper_hang_up(helper);
	errno = failed;
	return cannot(err);
}

/* ---- in both ---- */

bool helper_say(const struct helper *helper, int word)
{
	return send(helper->line, &word, sizeof(word), MSG_NOSIGNAL) == (ssize_t)sizeof(word);
}

bool helper_hear(const struct helper *helper, int *word)
{
	ssize_t got;
	do
		got = recv(helper->line, word, sizeof(*word), MSG_WAITALL);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*word);
}

void helper_hang_up(struct helper *helper)
{
	cleanup_fd(&helper->line);
	helper->line = -1;
}
