/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet.c - a plain program that lets no system call through but those that end it, and then
 * does what changes counts alone.
 */
#include <df.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "flags.h"
#include "plain.h"

static void change_counts(void)
{
	EXPECT(df_activate("lamp:(feature|slow)") == 2, "%s", df_error());
	EXPECT(df_deactivate("lamp:(feature|slow)") == 2, "%s", df_error());
	EXPECT(df_enable("lamp:feature") == 1, "%s", df_error());
	EXPECT(df_unhook(NULL) == (int)lamp_count, "%s", df_error());
	EXPECT(df_activate("lamp:opt") == 2, "%s", df_error());
	EXPECT(df_rehook_kind("lamp", "lamp:") == 5, "%s", df_error());
	EXPECT(df_apply("?.*\n+lamp:feature\n+lamp:s\n-lamp:feature\n-lamp:s\n") > 0, "%s",
	       df_error());
}

/* Shows that something came through; snprintf(3) could make calls of its own. */
static void on_call(int number, siginfo_t *info, void *context)
{
	char text[] = "quiet: a system call, number 000\n";
	const int call = info->si_syscall;
	(void)number;
	(void)context;
	text[sizeof(text) - 5] = (char)('0' + call / 100 % 10);
	text[sizeof(text) - 4] = (char)('0' + call / 10 % 10);
	text[sizeof(text) - 3] = (char)('0' + call % 10);
	_exit(write(2, text, sizeof(text) - 1) < 0 ? 2 : 1);
}

#define ALLOW(CALL)                                                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (CALL), 0, 1),                                         \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void let_nothing_through(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_exit_group),
		ALLOW(SYS_write),
		/* Where the machine's clock cannot be read in user space. */
		ALLOW(SYS_clock_gettime),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO};
	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		SKIP("seccomp filters are not permitted here");
}

int main(void)
{
#ifdef __SANITIZE_ADDRESS__
	SKIP("the sanitizers' library makes system calls of its own");
#endif
	EXPECT(df_apply("enable .*\ndisable lamp:opt") > 0, "%s", df_error());
	/* Once before, for what is allocated and worked out but once. */
	change_counts();
	let_nothing_through();
	for (int i = 0; i < 3; i++)
		change_counts();
	_exit(0);
}
