/* SPDX-License-Identifier: Apache-2.0 */
/* test_operations.c - every operation, seen from the target, from `list` and from the report. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "basic.h"
#include "basics.h"
#include "live.h"
#include "spots.h"

static struct live live;
static struct tool tool;

static void start(void)
{
	LIVE_START(&live, "basic");
}

static void stop(void)
{
	nobody_is_traced(&live);
	live_stop(&live);
}

TestSuite(operations, .init = start, .fini = stop, .timeout = 60);

#define VALUES(WANTED) basic_values_are(&live, (WANTED))

/* One cell of `list` for one flag. */
static const char *cell(const char *flag, const char *column)
{
	static char text[256];
	cr_assert_eq(TOOL(&tool, "list", PID(&live), "--noheadings", "-o", column, flag), 0, "%s",
		     tool.err);
	const char *start = tool.out + strspn(tool.out, " ");
	const size_t length = strcspn(start, " \n");
	cr_assert(length < sizeof(text) && length > 0);
	memcpy(text, start, length);
	text[length] = '\0';
	return text;
}

#define CELL(FLAG, COLUMN, WANTED) cr_assert_str_eq(cell((FLAG), (COLUMN)), (WANTED))

static void run(int status, const char *command, const char *flag)
{
	cr_assert_eq(TOOL(&tool, command, PID(&live), "--stop", flag), status, "%s %s: %d, %s%s",
		     command, flag, tool.status, tool.out, tool.err);
}

Test(operations, as_built)
{
	VALUES(BASIC_AS_BUILT);
	CELL("basic:feature", "STATE", "off");
	CELL("basic:standard", "STATE", "on");
	CELL("opt:first", "STATE", "held");
	CELL("multi:inlined", "SITES", "3");
	CELL("basic:standard", "COUNT", "1");
}

Test(operations, enable_and_disable)
{
	run(0, "enable", "basic:feature");
	tool_said(&tool, "basic:feature@");
	tool_said(&tool, ": off -> on, count 0 -> 1\n");
	tool_said(&tool, "matched 1 flag (1 site), 1 changed, 0 already so, 0 unhooked");
	tool_said(&tool, "1 thread stood still for ");
	VALUES("111111000");
	CELL("basic:feature", "STATE", "on");

	run(0, "enable", "basic:feature");
	tool_said(&tool, "0 changed, 1 already so");
	tool_said(&tool, "the target was not stopped");
	CELL("basic:feature", "COUNT", "1");

	run(0, "disable", "basic:");
	tool_said(&tool, "matched 3 flags (3 sites), 3 changed");
	VALUES("000111000");
	run(0, "disable", "basic:");
	tool_said(&tool, "0 changed, 3 already so");
}

Test(operations, counts_go_up_and_down)
{
	run(0, "activate", "basic:feature");
	run(0, "activate", "basic:feature");
	tool_said(&tool, "on, count 1 -> 2");
	CELL("basic:feature", "COUNT", "2");
	run(0, "deactivate", "basic:feature");
	VALUES("111111000");
	run(0, "deactivate", "basic:feature");
	VALUES(BASIC_AS_BUILT);
	run(0, "deactivate", "basic:feature");
	tool_said(&tool, "0 changed, 1 already so");
	CELL("basic:feature", "COUNT", "0");
	run(0, "activate", "basic:standard");
	run(0, "deactivate", "basic:standard");
	VALUES(BASIC_AS_BUILT);
	run(0, "deactivate", "basic:standard");
	VALUES("001111000");
	run(0, "activate", "basic:feature");
	run(0, "activate", "basic:feature");
	run(0, "disable", "basic:feature");
	CELL("basic:feature", "COUNT", "0");
	VALUES("001111000");
}

Test(operations, all_sites_of_a_name)
{
	run(0, "enable", "multi:inlined");
	tool_said(&tool, "off -> on, count 0 -> 1, 3 sites");
	tool_said(&tool, "matched 1 flag (3 sites), 1 changed (3 sites)");
	VALUES("011111111");
	CELL("multi:inlined", "STATE", "on");
	run(0, "disable", "multi:inlined");
	VALUES(BASIC_AS_BUILT);
}

Test(operations, unhooked_flags_ignore_activation)
{
	run(0, "unhook", "basic:feature");
	CELL("basic:feature", "UNHOOK", "1");
	run(7, "activate", "basic:feature");
	tool_said(&tool, "1 unhooked");
	VALUES(BASIC_AS_BUILT);
	run(7, "enable", "basic:");
	tool_said(&tool, "matched 3 flags (3 sites), 0 changed, 2 already so, 1 unhooked");
	run(0, "unhook", "basic:feature");
	run(0, "rehook", "basic:feature");
	run(7, "enable", "basic:feature");
	run(0, "rehook", "basic:feature");
	run(0, "enable", "basic:feature");
	VALUES("111111000");
	run(0, "rehook", "basic:feature");
	tool_said(&tool, "0 changed, 1 already so");
}

Test(operations, unhooking_leaves_an_active_flag_on)
{
	run(0, "unhook", "basic:standard");
	VALUES(BASIC_AS_BUILT);
	run(0, "disable", "basic:standard");
	VALUES("001111000");
	run(7, "enable", "basic:standard");
	VALUES("001111000");
}

Test(operations, init_releases_holds_once)
{
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 0);
	tool_said(&tool, "not initialised, 0 changes");
	run(0, "enable", "opt:first");
	CELL("opt:first", "COUNT", "1");
	cr_assert_eq(TOOL(&tool, "init", PID(&live)), 0, "%s", tool.err);
	/* A wish from before survives it. */
	VALUES("011101000");
	CELL("opt:first", "STATE", "on");
	CELL("opt:second", "STATE", "off");
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 0);
	tool_said(&tool, ", initialised, 2 changes");
	run(0, "enable", "opt:second");
	cr_assert_eq(TOOL(&tool, "init", PID(&live)), 0);
	tool_said(&tool, "the target was not stopped");
	VALUES("011111000");
	run(0, "disable", "opt:");
	VALUES("011001000");
}

Test(operations, held_flags_lose_their_hold)
{
	run(0, "deactivate", "opt:first");
	VALUES("011011000");
	CELL("opt:first", "STATE", "off");
	run(0, "disable", "opt:second");
	VALUES("011001000");
	run(0, "activate", "opt:");
	VALUES(BASIC_AS_BUILT);
	CELL("opt:second", "STATE", "on");
	cr_assert_eq(TOOL(&tool, "init", PID(&live)), 0);
	VALUES(BASIC_AS_BUILT);
}

Test(operations, several_patterns)
{
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "opt:first", "basic:s.*", "debug:trace"),
		     0);
	tool_said(&tool, "matched 4 flags (4 sites), 4 changed");
	VALUES("000010000");
	/* A flag that two patterns match is taken once. */
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), "basic:slow", "basic:slow", "basic:sl"),
		     0);
	CELL("basic:slow", "COUNT", "1");
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), ".*"), 0);
	VALUES("111111111");
}

Test(operations, one_pattern_without_match_stops_all)
{
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "basic:feature", "basic:fature"), 1);
	tool_one_error(&tool, "fature");
	VALUES(BASIC_AS_BUILT);
	CELL("basic:feature", "COUNT", "0");
}

Test(operations, names_are_exact_and_expressions_anchored)
{
	run(1, "enable", "eature");
	run(0, "enable", ".*eature");
	VALUES("111111000");
	run(0, "disable", "basic:fe");
	VALUES(BASIC_AS_BUILT);
	run(0, "enable", "multi:|nothing");
	VALUES("011111111");
}

Test(operations, dry_run_changes_nothing)
{
	static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];
	struct spots spots;
	spots_open(&spots, &live);
	const size_t size = spots_image(&spots, before);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "--dry-run", ".*"), 0);
	tool_said(&tool, "dry run, nothing was written: matched 7 flags (9 sites), 5 would change");
	tool_said(&tool, "basic:standard@");
	spots_image(&spots, after);
	cr_assert(memcmp(before, after, size) == 0);
	VALUES(BASIC_AS_BUILT);
	cr_assert_eq(TOOL(&tool, "init", PID(&live), "--dry-run"), 0);
	spots_image(&spots, after);
	cr_assert(memcmp(before, after, size) == 0);
	spots_close(&spots);
}

Test(operations, memory_agrees_after_each)
{
	static const struct {
		const char *command;
		uint64_t generation; /* after it: enabling what is on is no change */
	} steps[] = {{"activate", 1}, {"enable", 1},  {"unhook", 2}, {"deactivate", 3},
		     {"rehook", 4},   {"disable", 5}, {"enable", 6}, {"disable", 7}};
	struct spots spots;
	spots_open(&spots, &live);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		TOOL(&tool, steps[i].command, PID(&live), ".*");
		cr_assert(tool.status == 0 || tool.status == 7);
		spots_are_whole(&spots);
		const struct df_control_v1 control = peek_control(&spots);
		cr_assert_eq(control.generation, steps[i].generation);
		if (strstr(tool.out, "stood still"))
			cr_assert_eq(control.changed_by, (uint32_t)tool.pid);
	}
	spots_close(&spots);
}

/* ---- standard output that cannot be written ---- */

static void full_output(void)
{
	dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), 1);
}

static void no_output(void)
{
	close(0);
	close(1);
}

static void no_descriptors(void)
{
	close(0);
	close(1);
	close(2);
}

static int run_with(void (*setup)(void), const char *command, const char *pattern)
{
	tool_start(&tool, (const char *const[]){command, PID(&live), pattern, NULL}, setup);
	return tool_wait(&tool);
}

Test(operations, output_that_cannot_be_written_is_an_error)
{
	struct spots spots;
	cr_assert_eq(run_with(full_output, "list", ".*"), 3);
	tool_one_error(&tool, "cannot write");
	cr_assert_eq(run_with(no_output, "list", ".*"), 3);
	tool_one_error(&tool, "cannot write");
	cr_assert_eq(run_with(full_output, "enable", "basic:feature"), 6);
	tool_one_error(&tool, "the change was made");
	VALUES("111111000");
	/* On already: nothing to change. */
	cr_assert_eq(run_with(full_output, "enable", "basic:feature"), 3);
	tool_one_error(&tool, "cannot write the report");
	cr_assert_eq(run_with(no_output, "disable", "basic:feature"), 6);
	tool_one_error(&tool, "the change was made");
	VALUES(BASIC_AS_BUILT);
	cr_assert_eq(run_with(no_descriptors, "enable", "basic:feature"), 6);
	VALUES("111111000");
	spots_open(&spots, &live);
	spots_are_whole(&spots);
	spots_close(&spots);
}

/* No message may go into a file of the target's that was given a free number, its memory above
 * all. */
Test(operations, no_message_goes_into_the_target)
{
	char bytes[64] = "";
	const char zeros[sizeof(bytes)] = "";
	struct spots spots;
	live_stop(&live);
	LIVE_START(&live, "basic", "zero=1");
	if (!live.page->word[0])
		cr_skip("the kernel allows no mapping at address 0\n");
	spots_open(&spots, &live);
	cr_assert_eq(run_with(no_descriptors, "enable", "nothing:"), 1);
	cr_assert_neq(run_with(no_descriptors, "enable", "basic:feature"), 0);
	cr_assert_eq(run_with(no_descriptors, "enable", "("), 2);
	peek(&spots, 0, bytes, sizeof(bytes));
	cr_assert(memcmp(bytes, zeros, sizeof(bytes)) == 0, "address 0 holds: %.63s", bytes);
	spots_close(&spots);
}
