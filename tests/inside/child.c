/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - scenes in forked children, which say what they expected in vain. */
#include "child.h"

#include <criterion/criterion.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* No child takes so long unless it hangs. */
#define HANGS_SECONDS 60

enum { FAILED = 1, SKIPPED };

/* What a child has to say; shared with its parent. */
static char *said;
#define SAID_SIZE 4096

void child_ready(void)
{
	if (!said)
		said = mmap(NULL, SAID_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			    0);
	cr_assert(said != MAP_FAILED);
	said[0] = '\0';
}

void child_began(void)
{
	signal(SIGALRM, SIG_DFL);
	alarm(HANGS_SECONDS);
}

void child_fail(int line, const char *format, ...)
{
	va_list args;
	const int used = snprintf(said, SAID_SIZE, "line %d: ", line);
	va_start(args, format);
	vsnprintf(said + used, (size_t)(SAID_SIZE - used), format, args);
	va_end(args);
	_exit(FAILED);
}

void child_skip(const char *why)
{
	snprintf(said, SAID_SIZE, "%s", why);
	_exit(SKIPPED);
}

void child_expect(pid_t pid)
{
	int status = 0;
	cr_assert(pid > 0 && waitpid(pid, &status, __WALL) == pid, "no child: %m");
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		cr_skip("%s", said);
	cr_assert_not(WIFSIGNALED(status), "the child %s",
		      WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
	cr_assert_eq(WEXITSTATUS(status), 0, "%s", said);
}

void in_child(void (*scene)(void))
{
	child_ready();
	const pid_t pid = fork();
	if (pid == 0) {
		child_began();
		scene();
		_exit(0);
	}
	child_expect(pid);
}

bool sanitized(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	return false;
#endif
}

void forbid(int call, unsigned arg, uint32_t mask, uint32_t value, uint32_t action)
{
	const uint32_t at = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		child_skip("seccomp filters are not permitted here");
}
