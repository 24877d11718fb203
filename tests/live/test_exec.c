/* SPDX-License-Identifier: Apache-2.0 */
/* test_exec.c - targets that become other programs, or end, while dfpatch is at work. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "live.h"
#include "spots.h"

TestSuite(exec, .timeout = 200);

#define NO_ARGUMENTS                                                                               \
	(const char *const[])                                                                      \
	{                                                                                          \
		NULL                                                                               \
	}

static struct tool tool;

static void done_or_gone(const char *what)
{
	cr_assert(tool.status == 0 || tool.status == 3, "%s: exit status %d: %s%s", what,
		  tool.status, tool.out, tool.err);
	if (tool.status == 3)
		tool_one_error(&tool, "");
}

Test(exec, a_target_that_execs_all_the_time)
{
	static const char *const commands[] = {"enable", "list", "disable", "activate"};
	struct live live;
	int done = 0;
	live_go_ahead();
	LIVE_START(&live, "execer");
	for (int i = 0; i < 600; i++) {
		/* It looks at two flags at a time, and so must see none without the other. */
		TOOL(&tool, commands[i % 4], PID(&live), "exec:", i % 4 == 1 ? "--json" : "--stop");
		done_or_gone(commands[i % 4]);
		done += tool.status == 0;
		cr_assert(live_runs(&live), "the target died");
		if (i % 3 == 0)
			sleep_us((unsigned)(i % 29) * 50);
	}
	const int64_t lives = live.page->word[0];
	live_beat(&live);
	cr_assert_eq(live.page->broken, 0);
	cr_assert_gt(done, 0);
	cr_assert_gt(lives, 50);
	cr_log_info("%d of 600 done, %ld lives\n", done, (long)lives);
	/* It can still become itself: exec does not hang behind a tracer. */
	for (int i = 0; i < 10000 && live.page->word[0] < lives + 4; i++)
		sleep_us(1000);
	cr_assert_geq(live.page->word[0], lives + 4);
	live_stop(&live);
}

static void attach_to_brief(unsigned us, unsigned delay)
{
	struct live live;
	char option[24];
	int status;
	snprintf(option, sizeof(option), "us=%u", us);
	live_spawn(&live, "brief", (const char *const[]){option, NULL});
	sleep_us(delay);
	TOOL(&tool, delay % 2 ? "enable" : "disable", PID(&live), "brief:");
	/* Before its exec it is a copy of this test, which carries no flags. */
	if (tool.status != 1 || !strstr(tool.err, "(test_live_exec) carries no flags"))
		done_or_gone("brief");
	cr_assert_eq(waitpid(live.pid, &status, 0), live.pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 23, "the target ended with %#x",
		  (unsigned)status);
	munmap(live.page, TARGET_PAGE_SIZE);
}

Test(exec, targets_that_end_under_our_hands)
{
	live_go_ahead();
	for (unsigned i = 0; i < 250; i++)
		attach_to_brief(i * 37 % 4000, 500 + i * 13 % 3000);
}

/* ---- before its loader has done its work ---- */

/* What nobody wrote to yet is not taken for a file that was overwritten. */
Test(exec, a_target_that_was_not_loaded)
{
	static const char *const commands[] = {"enable", "disable"};
	struct live live;
	for (int i = 0; i < 2; i++) {
		live_spawn_stopped(&live, "brief", NO_ARGUMENTS);
		TOOL(&tool, commands[i], PID(&live), "--timeout=300ms", "brief:");
		cr_assert_eq(tool.status, 3, "%d: %s%s", tool.status, tool.out, tool.err);
		tool_one_error(&tool, "has not loaded it to the end");
		live_stop(&live);
	}
}

/* On a busy machine that takes long. */
Test(exec, a_target_that_is_loaded_late)
{
	struct live live;
	for (int i = 0; i < 2; i++) {
		live_spawn_stopped(&live, "brief",
				   (const char *const[]){"us=10000000", "threads=2", NULL});
		tool_start(&tool,
			   (const char *const[]){i ? "list" : "enable", PID(&live), "brief:", NULL},
			   NULL);
		sleep_us(700000);
		cr_assert_eq(kill(live.pid, SIGCONT), 0);
		cr_assert_eq(tool_wait(&tool), 0, "%d: %s%s", tool.status, tool.out, tool.err);
		live_stop(&live);
	}
}

static bool lists_mappings(const struct live *live, const struct seccomp_notif *call)
{
	char path[64], name[16] = "", dir[64] = "", wanted[32];
	snprintf(path, sizeof(path), "/proc/%d/mem", tool.pid);
	const int mem = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = pread(mem, name, sizeof(name) - 1, (off_t)call->data.args[1]);
	close(mem);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tool.pid, (int)call->data.args[0]);
	snprintf(wanted, sizeof(wanted), "/proc/%d", live->pid);
	return got > 0 && strcmp(name, "maps") == 0 && readlink(path, dir, sizeof(dir) - 1) > 0 &&
	       strcmp(dir, wanted) == 0;
}

/* It is looked at once more, and has been loaded by then. */
static void loaded_at_the_second_look(const char *const *args, struct live *live)
{
	static const int opening[] = {SYS_openat, -1};
	struct seccomp_notif call;
	struct gate gate;
	int looks = 0;
	gate_start(&gate, &tool, args, opening);
	while (gate_next(&gate, &call)) {
		if (lists_mappings(live, &call) && ++looks == 2) {
			cr_assert_eq(kill(live->pid, SIGCONT), 0);
			live_ready(live, "brief");
		}
		gate_pass(&gate, &call);
	}
	gate_end(&gate);
	cr_assert_geq(looks, 2, "it was not looked at again");
	cr_assert_eq(tool.status, 0, "%d: %s%s", tool.status, tool.out, tool.err);
}

Test(exec, a_target_that_is_loaded_while_others_look)
{
	char row[64];
	struct live live;
	if (!gate_is_there())
		cr_skip("the kernel cannot hold system calls for the test\n");
	for (int i = 0; i < 2; i++) {
		live_spawn_stopped(&live, "brief",
				   (const char *const[]){"us=10000000", "threads=2", NULL});
		const char *const audit[] = {"audit", PID(&live), NULL};
		const char *const scan[] = {"scan", "--noheadings", "-o", "PID,PATCHABLE,REASON",
					    NULL};
		loaded_at_the_second_look(i ? scan : audit, &live);
		snprintf(row, sizeof(row), "%d yes", live.pid);
		const char *found = strstr(tool.out, row);
		cr_assert(i == 0 || found, "not '%s': %s", row, tool.out);
		const char *rest = i == 0 ? "" : found + strlen(row);
		cr_assert_eq(rest[strspn(rest, " ")], i == 0 ? '\0' : '\n', "%s", tool.out);
		live_stop(&live);
	}
}

/* Killed, not reaped: the same as any end, but with all threads at once. */
Test(exec, targets_that_are_killed_under_our_hands)
{
	live_go_ahead();
	for (unsigned i = 0; i < 150; i++) {
		struct live live;
		int status;
		LIVE_START(&live, "brief", "us=10000000", "threads=16");
		tool_start(&tool, (const char *const[]){"enable", PID(&live), "brief:", NULL},
			   NULL);
		sleep_us(i * 37 % 5000);
		kill(live.pid, SIGKILL);
		tool_wait(&tool);
		done_or_gone("killed");
		cr_assert_eq(waitpid(live.pid, &status, 0), live.pid);
		cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		munmap(live.page, TARGET_PAGE_SIZE);
	}
}
