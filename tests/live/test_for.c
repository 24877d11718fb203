/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_for.c - changes for a time: what is taken back, when, and what is said of it.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic.h"
#include "basics.h"
#include "spots.h"
#include "waiting.h"

static struct live live;
static struct tool tool, other;

static void start(void)
{
	LIVE_START(&live, "basic", "threads=2");
}

static void stop(void)
{
	nobody_is_traced(&live);
	live_stop(&live);
}

TestSuite(for_a_time, .init = start, .fini = stop, .timeout = 90);

/* "ACTIVATION UNHOOK", of a flag. */
static void counts_are(const char *name, const char *wanted)
{
	unsigned activation, unhook;
	char text[64];
	cr_assert_eq(TOOL(&other, "list", PID(&live), "--noheadings", "-o", "COUNT,UNHOOK", name),
		     0);
	/* NOLINTNEXTLINE(cert-err34-c): the numbers are small */
	cr_assert_eq(sscanf(other.out, "%u %u", &activation, &unhook), 2, "%s", other.out);
	snprintf(text, sizeof(text), "%u %u", activation, unhook);
	cr_assert_str_eq(text, wanted, "%s: %s, not %s", name, text, wanted);
}

#define OTHER(...) cr_assert_eq(TOOL(&other, __VA_ARGS__), 0, "%s%s", other.out, other.err)

/* ---- when the time is over ---- */

Test(for_a_time, the_time_is_over)
{
	const uint64_t begun = now_ns();
	TOOL(&tool, "activate", PID(&live), "--for", "300ms", "basic:feature", "multi:");
	cr_expect_geq(now_ns() - begun, 300000000u);
	tool_ended(&tool, 0);
	cr_assert_str_empty(tool.err);
	tool_said(&tool, "basic.c:29: off -> on, count 0 -> 1\n");
	tool_said(&tool, "\nuntil 2");
	tool_said(&tool, "the time is over; taken back:\nprocess ");
	tool_said(&tool, "basic.c:29: on -> off, count 1 -> 0\n");
	tool_said(&tool,
		  "  matched 2 flags (4 sites), 2 changed (4 sites), 0 already so, 0 unhooked\n");
	basic_values_are(&live, BASIC_AS_BUILT);
	counts_are("basic:feature", "0 0");
}

Test(for_a_time, it_is_on_meanwhile)
{
	WAITING(&tool, "enable", PID(&live), "--for=60", "basic:feature");
	basic_values_are(&live, "111111000");
	nobody_is_traced(&live);
	cr_assert_eq(waitpid(tool.pid, NULL, WNOHANG), 0);
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	tool_said(&tool, "SIGTERM; taken back:\n");
	basic_values_are(&live, BASIC_AS_BUILT);
}

/* Nobody is kept from anything by one that waits. */
Test(for_a_time, others_have_their_turn)
{
	WAITING(&tool, "enable", PID(&live), "--for=60", "basic:feature");
	OTHER("disable", PID(&live), "--timeout=2", "--stop", "basic:standard");
	OTHER("enable", PID(&live), "--timeout=2", "--quiet", "basic:standard");
	WAITING(&other, "enable", PID(&live), "--for=60", "multi:");
	basic_values_are(&live, "111111111");
	kill(other.pid, SIGINT);
	cr_assert_eq(tool_wait(&other), 0);
	basic_values_are(&live, "111111000");
	kill(tool.pid, SIGINT);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	basic_values_are(&live, BASIC_AS_BUILT);
}

Test(for_a_time, stopped_and_quiet)
{
	TOOL(&tool, "enable", PID(&live), "--for=50ms", "--stop", "basic:feature");
	tool_ended(&tool, 0);
	tool_said(&tool, "  2 threads stood still for ");
	basic_values_are(&live, BASIC_AS_BUILT);
	TOOL(&tool, "enable", PID(&live), "--for=50ms", "--quiet", "basic:feature");
	tool_ended(&tool, 0);
	cr_assert(!strstr(tool.out, "stood still"));
	basic_values_are(&live, BASIC_AS_BUILT);
}

/* ---- signals ---- */

static void by_signal(int signal, const char *name)
{
	char text[64];
	WAITING(&tool, "enable", PID(&live), "--for=60", "basic:feature");
	kill(tool.pid, signal);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	snprintf(text, sizeof(text), "%s; taken back:\n", name);
	tool_said(&tool, text);
	basic_values_are(&live, BASIC_AS_BUILT);
}

Test(for_a_time, each_signal)
{
	by_signal(SIGINT, "SIGINT");
	by_signal(SIGTERM, "SIGTERM");
	by_signal(SIGHUP, "SIGHUP");
}

static void ignore_hangup(void)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
}

/* As nohup(1) and shells do; the second, for a program in the background. */
Test(for_a_time, signals_that_were_ignored)
{
	waiting_start(
		&tool,
		(const char *const[]){"enable", PID(&live), "--for=60", "basic:feature", NULL},
		ignore_hangup);
	kill(tool.pid, SIGHUP);
	sleep_us(200000);
	basic_values_are(&live, "111111000");
	kill(tool.pid, SIGINT);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	tool_said(&tool, "SIGINT; taken back:\n");
	basic_values_are(&live, BASIC_AS_BUILT);
}

/* ---- what is taken back ---- */

Test(for_a_time, counts_of_others_stay)
{
	OTHER("activate", PID(&live), "basic:feature");
	WAITING(&tool, "activate", PID(&live), "--for=60", "basic:feature");
	OTHER("activate", PID(&live), "basic:feature");
	OTHER("activate", PID(&live), "basic:feature");
	OTHER("unhook", PID(&live), "basic:feature");
	counts_are("basic:feature", "4 1");
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	counts_are("basic:feature", "3 1");
	basic_values_are(&live, "111111000");
}

Test(for_a_time, others_took_it_already)
{
	WAITING(&tool, "activate", PID(&live), "--for=60", "basic:feature");
	OTHER("deactivate", PID(&live), "basic:feature");
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	tool_said(&tool, "0 changed, 1 already so");
	counts_are("basic:feature", "0 0");
}

/* It was on: nothing was added, so there is nothing to wait for. */
Test(for_a_time, nothing_was_changed)
{
	OTHER("enable", PID(&live), "basic:feature");
	TOOL(&tool, "enable", PID(&live), "--for=60", "basic:feature");
	tool_ended(&tool, 0);
	tool_said(&tool, "1 already so");
	cr_assert(!strstr(tool.out, "until"), "%s", tool.out);
	basic_values_are(&live, "111111000");
	TOOL(&tool, "enable", PID(&live), "--for=60", "basic:nothing");
	tool_ended(&tool, 1);
	TOOL(&tool, "disable", PID(&live), "--for=60", "--dry-run", "basic:feature");
	tool_ended(&tool, 0);
	tool_said(&tool, "dry run, nothing was written");
	basic_values_are(&live, "111111000");
}

Test(for_a_time, each_operation)
{
	TOOL(&tool, "deactivate", PID(&live), "--for=20ms", "basic:standard", "opt:first");
	tool_ended(&tool, 0);
	basic_values_are(&live, BASIC_AS_BUILT);
	counts_are("basic:standard", "1 0");
	OTHER("activate", PID(&live), "basic:standard");
	TOOL(&tool, "disable", PID(&live), "--for=20ms", "basic:standard");
	tool_ended(&tool, 0);
	counts_are("basic:standard", "2 0");
	TOOL(&tool, "unhook", PID(&live), "--for=20ms", "basic:");
	tool_ended(&tool, 0);
	counts_are("basic:standard", "2 0");
	OTHER("unhook", PID(&live), "basic:standard");
	TOOL(&tool, "rehook", PID(&live), "--for=20ms", "basic:standard");
	tool_ended(&tool, 0);
	counts_are("basic:standard", "2 1");
	TOOL(&tool, "init", PID(&live), "--for=20ms");
	tool_ended(&tool, 2);
	cr_assert(strstr(tool.err, "unrecognized option '--for=20ms'"), "%s", tool.err);
}

Test(for_a_time, a_hold)
{
	WAITING(&tool, "disable", PID(&live), "--for=60", "opt:");
	basic_values_are(&live, "011001000");
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	basic_values_are(&live, BASIC_AS_BUILT);
	WAITING(&tool, "disable", PID(&live), "--for=60", "opt:first");
	OTHER("init", PID(&live));
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	basic_values_are(&live, "011001000");
}

Test(for_a_time, a_script)
{
	OTHER("unhook", PID(&live), "basic:slow");
	WAITING(&tool, "apply", PID(&live), "--for=60", "-e", "+basic:feature", "-e",
		"+basic:feature", "-e", "-basic:standard", "-e", "disable opt:", "-e",
		"enable multi:", "-e", "!multi:", "-e", "?basic:slow", "-e", "disable basic:slow");
	basic_values_are(&live, "100001111");
	OTHER("activate", PID(&live), "basic:feature");
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	basic_values_are(&live, "111111000");
	counts_are("basic:feature", "1 0");
	counts_are("multi:", "0 0");
	counts_are("basic:slow", "1 1");
}

/* ---- what stands in the way ---- */

Test(for_a_time, unhooked_meanwhile)
{
	WAITING(&tool, "disable", PID(&live), "--for=60", "basic:standard", "basic:slow");
	OTHER("unhook", PID(&live), "basic:standard");
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 7);
	tool_said(&tool, "(unhooked: left alone)");
	tool_said(&tool, "1 changed, 0 already so, 1 unhooked");
	counts_are("basic:standard", "0 1");
	counts_are("basic:slow", "1 0");
}

/* ---- what it says ---- */

Test(for_a_time, documents)
{
	TOOL(&tool, "enable", PID(&live), "--for=50ms", "--json", "basic:feature");
	tool_ended(&tool, 0);
	cr_assert_str_empty(tool.err);
	tool_said(&tool, "\"until_ns\":1");
	const char *second = strstr(tool.out, "\n}\n{\n");
	cr_assert(second, "%s", tool.out);
	cr_assert(strstr(second, "\"undo\":\"time\"") && strstr(second, "\"targets\":["), "%s",
		  second);
	WAITING(&tool, "enable", PID(&live), "--for=60", "--json", "basic:feature");
	kill(tool.pid, SIGHUP);
	tool_wait(&tool);
	tool_said(&tool, "\"undo\":\"SIGHUP\"");
	TOOL(&tool, "enable", PID(&live), "--dry-run", "--for=60", "--json", "basic:feature");
	tool_ended(&tool, 0);
	cr_assert(!strstr(tool.out, "until_ns"));
}

static void write_to_full(void)
{
	dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
}

/* A report that cannot be written is no reason to wait with a change that nobody knows of. */
Test(for_a_time, the_report_cannot_be_written)
{
	const uint64_t begun = now_ns();
	tool_start(&tool,
		   (const char *const[]){"enable", PID(&live), "--for=15", "basic:feature", NULL},
		   write_to_full);
	tool_wait(&tool);
	tool_ended(&tool, 6);
	cr_expect_lt(now_ns() - begun, 15000000000u);
	tool_one_error(&tool, "the change was made for a time, but the report cannot be written");
	basic_values_are(&live, BASIC_AS_BUILT);
}

static int lost[2];

static void write_to_nobody(void)
{
	dup2(lost[1], STDOUT_FILENO);
	close(lost[0]);
	close(lost[1]);
}

Test(for_a_time, the_reader_is_gone)
{
	char text[4096] = "";
	cr_assert_eq(pipe(lost), 0);
	tool_start(&tool,
		   (const char *const[]){"enable", PID(&live), "--for=15", "basic:feature", NULL},
		   write_to_nobody);
	close(lost[1]);
	for (size_t got = 0; !strstr(text, "until");) {
		const ssize_t more = read(lost[0], text + got, sizeof(text) - 1 - got);
		cr_assert(more > 0, "%s", text);
		got += (size_t)more;
	}
	close(lost[0]);
	basic_values_are(&live, "111111000");
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 6);
	basic_values_are(&live, BASIC_AS_BUILT);
}
