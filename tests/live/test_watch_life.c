/* SPDX-License-Identifier: Apache-2.0 */
/* test_watch_life.c - dfpatch watch: processes and modules that come and go, and its own end. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "follower.h"
#include "live.h"
#include "spots.h"
#include "strangers.h"

TestSuite(watch_life, .timeout = 60);

static struct live live;
static struct tool tool;
static struct follower follower;

static void expect(int status)
{
	cr_assert_eq(follower.tool.status, status, "%d: %s%s", follower.tool.status,
		     follower.tool.out, follower.tool.err);
}

/* ---- processes ---- */

Test(watch_life, an_exit_ends_it)
{
	LIVE_START(&live, "basic");
	FOLLOW(&follower, PID(&live), "--interval=60s");
	/* At once, whatever the interval. */
	live_stop(&live);
	follower_says(&follower, "exit      basic");
	follower_end(&follower, 0);
	expect(0);
	cr_assert_str_empty(follower.tool.err);
}

Test(watch_life, of_several_the_others_are_followed)
{
	struct live other;
	char pids[64];
	LIVE_START(&live, "basic");
	LIVE_START(&other, "basic");
	snprintf(pids, sizeof(pids), "--pid=%d,%d", live.pid, other.pid);
	FOLLOW(&follower, pids);
	follower_says(&follower, "start");
	live_stop(&live);
	follower_says(&follower, "exit");
	TOOL(&tool, "enable", PID(&other), "basic:feature");
	follower_says(&follower, "basic:feature@");
	live_stop(&other);
	follower_says(&follower, "exit");
	follower_end(&follower, 0);
	expect(0);
}

Test(watch_life, one_that_is_not_there_spoils_none)
{
	char pids[64];
	LIVE_START(&live, "basic");
	snprintf(pids, sizeof(pids), "--pid=4194305,%d", live.pid);
	FOLLOW(&follower, pids);
	live_stop(&live);
	follower_end(&follower, 0);
	expect(5);
	tool_one_error(&follower.tool, "no process has the id 4194305");
}

Test(watch_life, an_exec_is_told)
{
	LIVE_START(&live, "reborn");
	FOLLOW(&follower, PID(&live));
	TOOL(&tool, "enable", PID(&live), "reborn:");
	follower_says(&follower, "change  ");
	live.page->go = 1;
	follower_says(&follower, "exec");
	cr_assert(strstr(follower.tool.out, "exec      exe: "), "%s", follower.tool.out);
	cr_assert(strstr(follower.tool.out, " module, 0 changes so far\n"));
	TOOL(&tool, "enable", PID(&live), "reborn:");
	follower_says(&follower, "change  ");
	live_stop(&live);
	follower_end(&follower, 0);
	expect(0);
}

/* Whose executable was named runs another one by then. */
Test(watch_life, an_exec_of_another_executable)
{
	char path[LIVE_PATH], exe[LIVE_PATH + 8];
	scratch_path(path, "reborn");
	copy_file(live_path("reborn"), path);
	snprintf(exe, sizeof(exe), "--exe=%s", path);
	LIVE_START(&live, path);
	FOLLOW(&follower, exe);
	cr_assert_eq(unlink(path), 0);
	copy_file(live_path("plain"), path);
	live.page->go = 4;
	follower_says(&follower, "exec");
	follower_end(&follower, 0);
	expect(0);
	live_stop(&live);
}

Test(watch_life, children_are_found_by_tree)
{
	LIVE_START(&live, "breeder", "children=2");
	TOOL(&tool, "enable", PID(&live), "breed:");
	FOLLOW(&follower, PID(&live), "--tree");
	live.page->go = 1;
	follower_says(&follower, "start     breeder: 1 flag in 1 module, 1 change so far");
	follower_says(&follower, "start     breeder: 1 flag in 1 module, 1 change so far");
	TOOL(&tool, "disable", PID(&live), "--tree", "breed:");
	for (int i = 0; i < 3; i++)
		follower_says(&follower, "on -> off");
	live_stop(&live);
	for (int i = 0; i < 3; i++)
		follower_says(&follower, "exit");
	follower_end(&follower, 0);
	expect(0);
}

Test(watch_life, more_that_run_an_executable)
{
	struct live other;
	char path[LIVE_PATH], exe[LIVE_PATH + 8];
	scratch_path(path, "basic");
	copy_file(live_path("basic"), path);
	snprintf(exe, sizeof(exe), "--exe=%s", path);
	LIVE_START(&live, path);
	FOLLOW(&follower, exe, "basic:");
	LIVE_START(&other, path);
	follower_says(&follower, "start");
	live_stop(&live);
	follower_says(&follower, "exit");
	live_stop(&other);
	follower_says(&follower, "exit");
	follower_end(&follower, 0);
	expect(0);
}

/* Also those that exited and were not waited for, for as long as that takes. */
Test(watch_life, children_that_exit_are_forgotten)
{
	pid_t child = 0;
	char name[64], text[64] = "";
	LIVE_START(&live, "breeder", "children=1");
	FOLLOW(&follower, PID(&live), "--tree");
	live.page->go = 1;
	follower_says(&follower, "start");
	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", live.pid, live.pid);
	const int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		cr_skip("the kernel does not tell children (CONFIG_PROC_CHILDREN)\n");
	cr_assert_gt(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	child = (pid_t)strtol(text, NULL, 10);
	kill(child, SIGKILL);
	snprintf(name, sizeof(name), " %d  exit ", child);
	follower_says(&follower, name);
	/* A zombie is found at each look around, and is none of ours. */
	follower_is_silent(&follower, 2500);
	live_stop(&live);
	follower_says(&follower, "exit");
	follower_end(&follower, 0);
	expect(0);
}

/* ---- modules ---- */

static void start_host(void)
{
	char plugin[LIVE_PATH];
	snprintf(plugin, sizeof(plugin), "%s", live_path("plugin.so"));
	LIVE_START(&live, "host-flags", plugin);
}

static void wait_for_plugin(int loaded)
{
	for (int i = 0; i < 5000 && live.page->word[0] != loaded; i++)
		sleep_us(1000);
	cr_assert_eq(live.page->word[0], loaded);
}

Test(watch_life, modules_come_and_go)
{
	start_host();
	FOLLOW(&follower, PID(&live), "--interval=20ms");
	live.page->go = 1;
	follower_says(&follower, "plugin.so: 2 flags, 0 changes so far");
	cr_assert(strstr(follower.tool.out, "loaded    /"));
	TOOL(&tool, "disable", PID(&live), "plugin:", "host:");
	const char *line = follower_says(&follower, "plugin:standard@");
	cr_assert(strstr(line, "on -> off") && strstr(line, ", in /") && strstr(line, "plugin.so"));
	live.page->go = 0;
	follower_says(&follower, "unloaded  /");
	/* The other one is still followed, with what is known of it. */
	TOOL(&tool, "enable", PID(&live), "host:");
	line = follower_says(&follower, "host:own@");
	cr_assert(strstr(line, "off -> on"));
	cr_assert_not(strstr(follower.tool.out, "missed"));
	live.page->go = 1;
	follower_says(&follower, "plugin.so: 2 flags, 0 changes so far");
	live_stop(&live);
	follower_end(&follower, 0);
	expect(0);
}

/* To the same place, faster than anybody looks for modules. */
Test(watch_life, a_module_that_was_loaded_again)
{
	start_host();
	live.page->go = 1;
	wait_for_plugin(1);
	FOLLOW(&follower, PID(&live), "--interval=20ms");
	TOOL(&tool, "disable", PID(&live), "plugin:");
	follower_says(&follower, "plugin:standard@");
	live.page->go = 0;
	wait_for_plugin(0);
	live.page->go = 1;
	wait_for_plugin(1);
	follower_says(&follower, "unloaded");
	follower_says(&follower, "loaded ");
	TOOL(&tool, "disable", PID(&live), "plugin:");
	const char *line = follower_says(&follower, "plugin:standard@");
	cr_assert(strstr(line, "on -> off"), "%s", line);
	live_stop(&live);
	follower_end(&follower, 0);
	expect(0);
}

/* Patterns that mean nothing yet, where some other one does. */
Test(watch_life, flags_of_a_module_that_comes_later)
{
	start_host();
	FOLLOW(&follower, PID(&live), "--interval=20ms", ".*:(own|standard)@");
	live.page->go = 1;
	follower_says(&follower, "plugin.so: 1 flag, 0 changes so far");
	TOOL(&tool, "disable", PID(&live), "plugin:");
	cr_assert(strstr(follower_says(&follower, "change  "), "plugin:standard@"));
	follower_is_silent(&follower, 100);
	live_stop(&live);
	follower_end(&follower, 0);
	expect(0);
}

/* ---- its own end ---- */

Test(watch_life, signals_end_it_well)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	LIVE_START(&live, "basic");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		FOLLOW(&follower, PID(&live), "--interval=60s");
		follower_end(&follower, ends[i]);
		expect(0);
		cr_assert_str_empty(follower.tool.err);
		cr_assert_lt(follower.tool.ns, 5000000000u);
	}
	live_stop(&live);
}

Test(watch_life, time_ends_it_well)
{
	LIVE_START(&live, "basic");
	FOLLOW(&follower, PID(&live), "--interval=60s", "--timeout=300ms");
	follower_end(&follower, 0);
	expect(0);
	cr_assert_geq(follower.tool.ns, 300000000u);
	live_stop(&live);
}

static int pipe_end;

static void into_pipe(void)
{
	dup2(pipe_end, 1);
}

static void into_pipe_without_signal(void)
{
	signal(SIGPIPE, SIG_IGN);
	into_pipe();
}

static void into_pipe_that_nobody_reads(void)
{
	char byte;
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	pipe_end = ends[1];
	follower_spawn(&follower,
		       (const char *const[]){"watch", PID(&live), "--interval=60s", NULL},
		       into_pipe);
	close(ends[1]);
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	follower_end(&follower, 0);
}

/* Its first line has to wait for somebody who does not read. */
Test(watch_life, a_signal_while_nobody_reads)
{
	static const char page[4096];
	int ends[2];
	LIVE_START(&live, "basic");
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(fcntl(ends[1], F_SETPIPE_SZ, sizeof(page)), (int)sizeof(page));
	cr_assert_eq(write(ends[1], page, sizeof(page)), (ssize_t)sizeof(page));
	pipe_end = ends[1];
	follower_spawn(&follower, (const char *const[]){"watch", PID(&live), NULL}, into_pipe);
	sleep_us(300000);
	follower_end(&follower, SIGTERM);
	expect(0);
	cr_assert_str_empty(follower.tool.err);
	close(ends[0]);
	close(ends[1]);
	live_stop(&live);
}

static void ignore_hangup(void)
{
	signal(SIGHUP, SIG_IGN);
}

Test(watch_life, a_hangup_that_is_ignored)
{
	LIVE_START(&live, "basic");
	follower_spawn(&follower, (const char *const[]){"watch", PID(&live), NULL}, ignore_hangup);
	follower_says(&follower, "start");
	kill(follower.tool.pid, SIGHUP);
	follower_is_silent(&follower, 300);
	TOOL(&tool, "enable", PID(&live), "basic:feature");
	follower_says(&follower, "basic:feature@");
	follower_end(&follower, SIGTERM);
	expect(0);
	live_stop(&live);
}

/* Without a word, and without waiting for something to print. */
Test(watch_life, a_reader_that_leaves)
{
	LIVE_START(&live, "basic");
	into_pipe_that_nobody_reads();
	expect(0);
	cr_assert_str_empty(follower.tool.err);
	live_stop(&live);
}

Test(watch_life, a_pipe_without_a_reader)
{
	static void (*const setups[])(void) = {into_pipe, into_pipe_without_signal};
	LIVE_START(&live, "basic");
	for (size_t i = 0; i < 2; i++) {
		int ends[2];
		cr_assert_eq(pipe(ends), 0);
		close(ends[0]);
		pipe_end = ends[1];
		follower_spawn(&follower, (const char *const[]){"watch", PID(&live), NULL},
			       setups[i]);
		close(ends[1]);
		follower_end(&follower, 0);
		expect(0);
		cr_assert_str_empty(follower.tool.err);
	}
	live_stop(&live);
}

static void full_output(void)
{
	dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), 1);
}

static void no_output(void)
{
	close(0);
	close(1);
}

Test(watch_life, output_that_cannot_be_written_is_an_error)
{
	static void (*const setups[])(void) = {full_output, no_output};
	LIVE_START(&live, "basic");
	for (size_t i = 0; i < 2; i++) {
		follower_spawn(&follower, (const char *const[]){"watch", PID(&live), NULL},
			       setups[i]);
		follower_end(&follower, 0);
		expect(3);
		tool_one_error(&follower.tool, "cannot write the report");
	}
	live_stop(&live);
}

/* ---- what cannot be followed ---- */

static void refused(int status, const char *error, const char *const *args)
{
	follower_spawn(&follower, args, NULL);
	follower_end(&follower, 0);
	expect(status);
	tool_one_error(&follower.tool, error);
	cr_assert_str_empty(follower.tool.out);
}
#define REFUSED(STATUS, ERROR, ...)                                                                \
	refused((STATUS), (ERROR), (const char *const[]){"watch", __VA_ARGS__, NULL})

Test(watch_life, what_has_no_such_flags)
{
	struct live plain;
	LIVE_START(&live, "basic");
	LIVE_START(&plain, "plain");
	REFUSED(1, "carries no flags", PID(&plain));
	REFUSED(1, "no flag matches 'nothing:'", PID(&live), "nothing:");
	REFUSED(1, "no flag matches 'nothing:'", PID(&live), "basic:", "nothing:");
	REFUSED(1, "nothing", PID(&live), "--kind=nothing");
	REFUSED(2, "Unmatched", PID(&live), "(");
	live_stop(&plain);
	live_stop(&live);
}

Test(watch_life, an_executable_without_such_flags)
{
	char path[LIVE_PATH], exe[LIVE_PATH + 8];
	scratch_path(path, "basic");
	copy_file(live_path("basic"), path);
	snprintf(exe, sizeof(exe), "--exe=%s", path);
	LIVE_START(&live, path);
	follower_spawn(&follower, (const char *const[]){"watch", exe, "nothing:", NULL}, NULL);
	follower_end(&follower, 0);
	expect(1);
	cr_assert(strstr(follower.tool.err, "dfpatch: note: no process has such flags\n"));
	live_stop(&live);
}
