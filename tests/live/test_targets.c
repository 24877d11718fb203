/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_targets.c - one command on several processes: by number, executable and descent.
 * Whatever is wrong with one of them, the others are done.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "spots.h"
#include "strangers.h"

TestSuite(targets, .timeout = 60);

#define COUNT 3

static struct tool tool;
static struct live live[COUNT];

static void start(void)
{
	for (int i = 0; i < COUNT; i++)
		LIVE_START(&live[i], "basic", "threads=2");
}

static void stop(void)
{
	for (int i = 0; i < COUNT; i++) {
		nobody_is_traced(&live[i]);
		live_stop(&live[i]);
	}
}

/* "--pid=" and the numbers, in a buffer that the next call changes. */
static const char *pids(const char *format, ...)
{
	static char text[256];
	va_list args;
	va_start(args, format);
	const int length = snprintf(text, sizeof(text), "--pid=");
	vsnprintf(text + length, sizeof(text) - (size_t)length, format, args);
	va_end(args);
	return text;
}

static const char *all(void)
{
	return pids("%d,%d,%d", live[0].pid, live[1].pid, live[2].pid);
}

static void said(const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cr_assert(strstr(tool.out, text), "not '%s': %s%s", text, tool.out, tool.err);
}

/* As target `i` itself sees its flag. */
static void is(int i, int32_t wanted)
{
	cr_assert(live_value(&live[i], BASIC_FEATURE, wanted), "target %d does not say %d", i,
		  wanted);
}

static void are(int32_t wanted)
{
	for (int i = 0; i < COUNT; i++)
		is(i, wanted);
}

/* ---- by number ---- */

Test(targets, several_by_number)
{
	start();
	char first[64];
	snprintf(first, sizeof(first), "-p%d", live[0].pid);
	TOOL(&tool, "enable", pids(" %d , %d", live[1].pid, live[2].pid), first, "-p", first + 2,
	     "basic:feature");
	tool_ended(&tool, 0);
	cr_assert_str_empty(tool.err);
	said("3 processes: 3 changed, 0 already so, 0 skipped, 0 failed\n");
	for (int i = 0; i < COUNT; i++)
		said("process %d (basic):\n  basic:feature@", live[i].pid);
	are(1);
	TOOL(&tool, "enable", all(), "basic:feature");
	tool_ended(&tool, 0);
	said("3 processes: 0 changed, 3 already so, 0 skipped, 0 failed\n");
	TOOL(&tool, "disable", all(), "--dry-run", "basic:feature");
	tool_ended(&tool, 0);
	said("3 processes: 3 would change, 0 already so, 0 skipped, 0 failed\n");
	for (int i = 0; i < COUNT; i++)
		live_beat(&live[i]);
	are(1);
	stop();
}

Test(targets, lists)
{
	char line[64];
	start();
	TOOL(&tool, "enable", PID(&live[1]), "basic:feature");
	TOOL(&tool, "list", all(), "--noheadings", "-o", "PID,STATE,COMMAND", "basic:feature");
	tool_ended(&tool, 0);
	for (int i = 0; i < COUNT; i++) {
		snprintf(line, sizeof(line), "%d %-5s basic", live[i].pid, i == 1 ? "on" : "off");
		said(line);
	}
	TOOL(&tool, "list", all(), "basic:feature");
	tool_ended(&tool, 0);
	said("process %d (basic): ", live[2].pid);
	said("NAME ");
	TOOL(&tool, "list", all(), "--json", "basic:feature");
	tool_ended(&tool, 0);
	said("\"outcome\":\"listed\"");
	said("\"listed\":3,");
	stop();
}

/* One number has one form of output, however often it is given. */
Test(targets, one_is_no_list)
{
	LIVE_START(&live[0], "basic");
	TOOL(&tool, "enable", pids("%d,%d", live[0].pid, live[0].pid), "--json", "basic:feature");
	tool_ended(&tool, 0);
	cr_assert(!strstr(tool.out, "\"targets\""), "%s", tool.out);
	said("\"process\":{");
	TOOL(&tool, "enable", pids("%d,%d", live[0].pid, live[0].pid), "basic:feature");
	cr_assert(!strstr(tool.out, "1 process:"), "%s", tool.out);
	live_stop(&live[0]);
}

/* ---- one of them fails ---- */

Test(targets, one_without_flags)
{
	struct live plain;
	start();
	LIVE_START(&plain, "plain");
	TOOL(&tool, "enable", pids("%d,%d,%d,%d", live[0].pid, plain.pid, live[1].pid, live[2].pid),
	     "basic:feature");
	tool_ended(&tool, 5);
	tool_one_error(&tool, "1 of 4 processes failed");
	said("process %d (plain): failed: process %d (plain) carries no flags", plain.pid,
	     plain.pid);
	said("4 processes: 3 changed, 0 already so, 0 skipped, 1 failed\n");
	are(1);
	live_stop(&plain);
	stop();
}

Test(targets, one_that_is_traced)
{
	start();
	const pid_t tracer = stranger_trace(live[1].pid);
	TOOL(&tool, "enable", all(), "--stop", "--json", "basic:feature");
	tool_ended(&tool, 5);
	char text[64];
	snprintf(text, sizeof(text), "traced by process %d (df-tracer)", tracer);
	tool_one_error(&tool, text);
	said(text);
	said("\"code\":\"traced\"");
	said("\"mode\":\"stop\"");
	said("\"changed\":2,");
	said("\"failed\":1");
	is(0, 1);
	is(1, 0);
	is(2, 1);
	TOOL(&tool, "enable", pids("%d,%d", live[1].pid, 0x3ffffffe), "--stop", "basic:feature");
	tool_ended(&tool, 3); /* in one way, as far as the status tells */
	said("2 processes: 0 changed, 0 already so, 0 skipped, 2 failed\n");
	stranger_end(tracer);
	stop();
}

Test(targets, one_that_is_no_process_any_more)
{
	siginfo_t info;
	start();
	const pid_t zombie = fork();
	if (zombie == 0)
		_exit(0);
	cr_assert_eq(waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT), 0);
	TOOL(&tool, "enable", pids("%d,%d,%d", zombie, live[0].pid, 0x3ffffffe), "basic:feature");
	tool_ended(&tool, 5);
	said("(zombie)\n");
	said("process 1073741822: failed: no process has the id 1073741822\n");
	said("3 processes: 1 changed, 0 already so, 0 skipped, 2 failed\n");
	is(0, 1);
	cr_assert_eq(waitpid(zombie, NULL, 0), zombie);
	stop();
}

Test(targets, different_failures)
{
	struct live plain;
	start();
	LIVE_START(&plain, "plain");
	TOOL(&tool, "enable", pids("%d,%d", plain.pid, 0x3ffffffe), "basic:feature");
	tool_ended(&tool, 5);
	TOOL(&tool, "enable", all(), "nothing:");
	tool_ended(&tool, 1);
	said("3 processes: 0 changed, 0 already so, 0 skipped, 3 failed\n");
	TOOL(&tool, "enable", all(), "basic:(");
	tool_ended(&tool, 2);
	TOOL(&tool, "enable", all(), "[");
	tool_ended(&tool, 2);
	cr_assert_str_empty(tool.out, "nobody had a turn: %s", tool.out);
	TOOL(&tool, "unhook", PID(&live[0]), "basic:feature");
	TOOL(&tool, "enable", all(), "basic:feature");
	tool_ended(&tool, 7);
	said("3 processes: 2 changed, 0 already so, 1 with unhooked flags left alone, 0 skipped");
	live_stop(&plain);
	stop();
}

Test(targets, one_of_another_user)
{
	if (!strangers_can_run(DFPATCH_PATH) || !strangers_can_run(live_path("basic")))
		cr_skip("we are not root, or others cannot run what we built where it lies\n");
	start();
	char list[64];
	const pid_t own = stranger_start(live_path("basic"));
	snprintf(list, sizeof(list), "--pid=%d,%d", live[0].pid, own);
	tool_start(&tool, (const char *const[]){"enable", list, "basic:feature", NULL},
		   become_a_stranger);
	tool_wait(&tool);
	tool_ended(&tool, 5);
	said("process %d (basic): failed: not permitted to ", live[0].pid);
	said("process %d (basic):\n  basic:feature@", own);
	is(0, 0);
	stranger_end(own);
	stop();
}

/* The moment differs from run to run; whenever it is, the others are done. */
Test(targets, one_dies_meanwhile)
{
	for (unsigned round = 0; round < 12; round++) {
		start();
		const char *list = all();
		tool_start(&tool, (const char *const[]){"enable", list, "basic:feature", NULL},
			   NULL);
		sleep_us(round * 400);
		kill(live[1].pid, SIGKILL);
		tool_wait(&tool);
		cr_assert(tool.status == 0 || tool.status == 5, "%d: %s%s", tool.status, tool.out,
			  tool.err);
		is(0, 1);
		is(2, 1);
		cr_assert_eq(waitpid(live[1].pid, NULL, 0), live[1].pid);
		live_stop(&live[0]);
		live_stop(&live[2]);
	}
}

/* ---- by executable ---- */

static void expect_touched(const char *text, size_t count)
{
	size_t found = 0;
	for (const char *at = tool.out; (at = strstr(at, text)); at++)
		found++;
	cr_assert_eq(found, count, "%zu times '%s': %s", found, text, tool.out);
}

Test(targets, by_executable)
{
	char path[LIVE_PATH], link[LIVE_PATH], other[LIVE_PATH];
	scratch_path(path, "server");
	scratch_path(link, "link");
	scratch_path(other, "other");
	copy_file(live_path("basic"), path);
	copy_file(live_path("basic"), other);
	cr_assert_eq(symlink(path, link), 0);
	LIVE_START(&live[0], path);
	LIVE_START(&live[1], link);
	LIVE_START(&live[2], other);
	TOOL(&tool, "enable", "--exe", link, "basic:feature");
	tool_ended(&tool, 0);
	said("2 processes: 2 changed, 0 already so, 0 skipped, 0 failed\n");
	is(0, 1);
	is(1, 1);
	live_beat(&live[2]);
	is(2, 0);
	TOOL(&tool, "enable", "--exe", other, PID(&live[2]), PID(&live[0]), "basic:feature");
	tool_ended(&tool, 0);
	said("2 processes: 1 changed, 1 already so, 0 skipped, 0 failed\n");
	TOOL(&tool, "enable", "--exe", path, "nothing:");
	tool_ended(&tool, 1);
	said("2 processes: 0 changed, 0 already so, 2 skipped, 0 failed\n");
	stop();
}

/* After an upgrade, in place of a file and by way of another; and without a file. */
Test(targets, by_executable_that_was_replaced)
{
	char path[LIVE_PATH], fresh[LIVE_PATH];
	scratch_path(path, "server");
	scratch_path(fresh, "server.new");
	copy_file(live_path("basic"), path);
	LIVE_START(&live[0], path);
	cr_assert_eq(unlink(path), 0);
	TOOL(&tool, "enable", "--exe", path, "basic:feature");
	tool_ended(&tool, 0);
	is(0, 1);
	copy_file(live_path("basic"), path);
	LIVE_START(&live[1], path);
	copy_file(live_path("basic"), fresh);
	cr_assert_eq(rename(fresh, path), 0);
	LIVE_START(&live[2], path);
	TOOL(&tool, "enable", "--exe", path, "basic:feature");
	tool_ended(&tool, 0);
	said("3 processes: 2 changed, 1 already so, 0 skipped, 0 failed\n");
	are(1);
	stop();
	TOOL(&tool, "enable", "--exe", path, "basic:feature");
	tool_ended(&tool, 3);
	said("");
	cr_assert(strstr(tool.err, "no process runs "), "%s", tool.err);
}

/* The name of a process is its own to choose. */
Test(targets, hostile_names)
{
	char path[LIVE_PATH];
	scratch_path(path, "\033[31m\nred");
	copy_file(live_path("basic"), path);
	LIVE_START(&live[0], path);
	TOOL(&tool, "enable", "--exe", path, "basic:feature");
	tool_ended(&tool, 0);
	said("process %d (\\x1b[31m\\nred):\n", live[0].pid);
	cr_assert(!strchr(tool.out, '\033') && !strchr(tool.err, '\033'), "%s%s", tool.out,
		  tool.err);
	TOOL(&tool, "list", "--exe", path, "-o", "PID,COMMAND,MODULE");
	tool_ended(&tool, 0);
	cr_assert(!strchr(tool.out, '\033'), "%s", tool.out);
	TOOL(&tool, "list", "--exe", path, "--json");
	tool_ended(&tool, 0);
	cr_assert(!strchr(tool.out, '\033'), "%s", tool.out);
	said("\"name\":\"\\u001b[31m\\nred\"");
	live_stop(&live[0]);
}

/* ---- by descent ---- */

/* A child of ours with a target below it, whose number it tells. */
static pid_t start_below(pid_t *below)
{
	int told[2];
	cr_assert_eq(pipe(told), 0);
	const pid_t child = fork();
	if (child == 0) {
		struct live target;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		LIVE_START(&target, "basic");
		(void)!write(told[1], &target.pid, sizeof(target.pid));
		for (;;)
			pause();
	}
	cr_assert_eq(read(told[0], below, sizeof(*below)), (ssize_t)sizeof(*below));
	close(told[0]);
	close(told[1]);
	return child;
}

/* dfpatch is a descendant as well, which it does not count. */
Test(targets, descendants)
{
	struct live plain;
	pid_t below;
	start();
	LIVE_START(&plain, "plain");
	const pid_t between = start_below(&below);
	TOOL(&tool, "enable", pid_option(getpid()), "--tree", "basic:feature");
	tool_ended(&tool, 0);
	said("7 processes: 4 changed, 0 already so, 3 skipped, 0 failed\n");
	said("process %d (basic):\n", below);
	said("process %d (plain): skipped: ", plain.pid);
	cr_assert(!strstr(tool.out, "(dfpatch)"), "%s", tool.out);
	are(1);
	TOOL(&tool, "enable", pid_option(between), "--tree", "basic:feature");
	tool_ended(&tool, 0);
	said("2 processes: 0 changed, 1 already so, 1 skipped, 0 failed\n");
	expect_touched("(basic)", 1);
	TOOL(&tool, "list", pid_option(plain.pid), "--tree");
	tool_ended(&tool, 1);
	stranger_end(between);
	live_stop(&plain);
	stop();
}

/* Who is forked before the turn of its parent, and who after it: each counts once. */
Test(targets, descendants_that_come_meanwhile)
{
	enum { CHILDREN = 150 };
	LIVE_START(&live[0], "breeder", "children=150");
	live[0].page->go = 1;
	while (live[0].page->word[0] < CHILDREN / 10)
		sleep_us(100);
	TOOL(&tool, "activate", PID(&live[0]), "--tree", "--stop", "breed:flag");
	tool_ended(&tool, 0);
	while (live[0].page->word[0] < CHILDREN)
		sleep_us(1000);
	TOOL(&tool, "list", PID(&live[0]), "--tree", "--noheadings", "-o", "COUNT");
	tool_ended(&tool, 0);
	size_t lines = 0;
	for (char *at = tool.out, *end; *at != '\0'; at = end + 1, lines++)
		cr_assert(strtol(at, &end, 10) == 1 && *end == '\n', "%.8s", at);
	cr_assert_eq(lines, CHILDREN + 1);
	live_stop(&live[0]);
}
