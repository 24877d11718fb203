/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_filtered.c - dfpatch under a filter that denies it system calls, as container runtimes
 * have them: it does without, or refuses and changes nothing.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "spots.h"

TestSuite(filtered, .timeout = 60);

static struct live live;
static struct spots spots;
static struct tool tool;

/* What the next dfpatch is denied, and how. */
static unsigned denied[2];
static unsigned with_errno;

/* In the child: a call of these numbers fails. */
static void deny(void)
{
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied[0], 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied[1], 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | with_errno),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]),
					   .filter = (struct sock_filter *)filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(125);
}

static void run(const char *command, const char *way)
{
	tool_start(
		&tool,
		(const char *const[]){command, PID(&live), way, "--timeout=500ms", "basic:", NULL},
		deny);
	tool_wait(&tool);
	if (tool.status == 125)
		cr_skip("the kernel has no filters of system calls\n");
	nobody_is_traced(&live);
}

static void start(void)
{
	LIVE_START(&live, "basic", "threads=4");
	spots_open(&spots, &live);
}

static void stop(void)
{
	live_beat(&live);
	spots_are_whole(&spots);
	spots_close(&spots);
	live_stop(&live);
}

/* The thread that stops a target wants descriptors of its own. */
Test(filtered, does_without_unshare)
{
	static const unsigned rows[][2] = {
		{SYS_unshare, SYS_unshare},
		{SYS_close_range, SYS_close_range},
		{SYS_unshare, SYS_close_range},
	};
	static const unsigned errors[] = {EPERM, ENOSYS, EACCES};
	uint32_t done = 0;
	start();
	for (size_t i = 0; i < 9; i++) {
		memcpy(denied, rows[i % 3], sizeof(denied));
		with_errno = errors[i / 3];
		run(i % 2 ? "disable" : "enable", "--stop");
		cr_assert_eq(tool.status, 0, "row %zu: %d %s", i, tool.status, tool.err);
		cr_assert_str_empty(tool.err);
		cr_assert_eq(peek_control(&spots).generation, ++done);
	}
	stop();
}

static void is_refused(unsigned call, unsigned error)
{
	denied[0] = denied[1] = call;
	with_errno = error;
	run("enable", "--stop");
	cr_assert_eq(tool.status, 3, "call %u: %d %s%s", call, tool.status, tool.out, tool.err);
	tool_one_error(&tool, "nothing was changed");
	cr_assert_str_empty(tool.out);
	cr_assert_eq(peek_control(&spots).generation, 0);
}

Test(filtered, says_what_it_cannot_do_without)
{
	start();
	is_refused(SYS_close_range, ENOMEM);
	stop();
}

/* A lock whose owner cannot be looked for is not taken for free. */
Test(filtered, does_not_take_a_lock_for_free)
{
	static const char *const ways[] = {"--stop", "--quiet"};
	start();
	poke_lock(&spots, (uint32_t)live.pid);
	denied[0] = SYS_faccessat;
	denied[1] = SYS_faccessat2;
	with_errno = ENOMEM;
	for (size_t i = 0; i < 2; i++) {
		run("enable", ways[i]);
		cr_assert_eq(tool.status, 3, "%s: %d %s", ways[i], tool.status, tool.out);
		tool_one_error(&tool, "holds the lock of its flags; nothing was changed");
		cr_assert_eq(peek_control(&spots).generation, 0);
	}
	poke_lock(&spots, 0);
	stop();
}
