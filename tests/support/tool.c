/* SPDX-License-Identifier: Apache-2.0 */
/* tool.c - dfpatch as a subprocess. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

#define TOOL_SECONDS 20

static void become(const char *const *args, const struct tool *tool, void (*setup)(void))
{
	const char *argv[32] = {"dfpatch"};
	sigset_t none;
	for (size_t i = 0; args[i] && i + 2 < sizeof(argv) / sizeof(argv[0]); i++)
		argv[i + 1] = args[i];
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 0);
	dup2(tool->out_fd, 1);
	dup2(tool->err_fd, 2);
	if (setup)
		setup();
	execv(DFPATCH_PATH, (char *const *)argv);
	_exit(126);
}

void tool_start(struct tool *tool, const char *const *args, void (*setup)(void))
{
	/* Files, since a pipe that nobody reads could hold dfpatch up. */
	tool->out_fd = memfd_create("out", MFD_CLOEXEC);
	tool->err_fd = memfd_create("err", MFD_CLOEXEC);
	cr_assert(tool->out_fd >= 0 && tool->err_fd >= 0);
	tool->started = now_ns();
	tool->pid = fork();
	cr_assert(tool->pid >= 0);
	if (tool->pid == 0)
		become(args, tool, setup);
}

static void take_text(int fd, char *text, size_t size)
{
	const ssize_t got = pread(fd, text, size - 1, 0);
	cr_assert(got >= 0 && (size_t)got < size - 1, "the output is too long for the test");
	text[got] = '\0';
	close(fd);
}

int tool_wait(struct tool *tool)
{
	int status;
	struct pollfd done = {.fd = (int)syscall(SYS_pidfd_open, tool->pid, 0), .events = POLLIN};
	cr_assert(done.fd >= 0);
	const bool late = poll(&done, 1, TOOL_SECONDS * 1000) == 0;
	if (late)
		kill(tool->pid, SIGKILL);
	cr_assert_eq(waitpid(tool->pid, &status, 0), tool->pid);
	tool->ns = now_ns() - tool->started;
	close(done.fd);
	take_text(tool->out_fd, tool->out, sizeof(tool->out));
	take_text(tool->err_fd, tool->err, sizeof(tool->err));
	cr_assert(!late, "dfpatch hangs; so far it said: %s%s", tool->out, tool->err);
	tool->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	return tool->status;
}

int tool_run(struct tool *tool, const char *const *args)
{
	tool_start(tool, args, NULL);
	return tool_wait(tool);
}

const char *pid_option(pid_t pid)
{
	static char text[8][24];
	static unsigned next;
	char *to = text[next++ % 8];
	snprintf(to, sizeof(text[0]), "--pid=%d", pid);
	return to;
}

void tool_ended(const struct tool *tool, int status)
{
	cr_assert_eq(tool->status, status, "%d: %s%s", tool->status, tool->out, tool->err);
}

void tool_said(const struct tool *tool, const char *text)
{
	cr_assert(strstr(tool->out, text), "'%s' is not in: %s%s", text, tool->out, tool->err);
}

void tool_told(const struct tool *tool, const char *text)
{
	cr_assert(strstr(tool->err, text), "'%s' is not in: %s%s", text, tool->err, tool->out);
}

void tool_one_error(const struct tool *tool, const char *text)
{
	const char *error = tool->err;
	while (strncmp(error, "dfpatch: note: ", 15) == 0)
		error += strcspn(error, "\n") + 1;
	const size_t length = strlen(error);
	cr_assert(strncmp(error, "dfpatch: ", 9) == 0, "no error, but: %s", tool->err);
	cr_assert(strchr(error, '\n') == error + length - 1, "not one line: %s", tool->err);
	cr_assert(strstr(error, text), "'%s' is not in: %s", text, tool->err);
	cr_assert_not(strstr(error, "security module"), "a denial where there is none: %s", error);
}
