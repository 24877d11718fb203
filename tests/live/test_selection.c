/* SPDX-License-Identifier: Apache-2.0 */
/* test_selection.c - flags of running processes by what they are and by their states. */
#include <criterion/criterion.h>
#include <stddef.h>
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

TestSuite(selection, .init = start, .fini = stop, .timeout = 60);

#define LIST(WANTED, ...)                                                                          \
	do {                                                                                       \
		TOOL(&tool, "list", PID(&live), "--noheadings", "-o", "NAME", __VA_ARGS__);        \
		tool_ended(&tool, 0);                                                              \
		cr_assert_str_eq(tool.out, (WANTED));                                              \
	} while (0)

Test(selection, what_flags_are)
{
	LIST("basic:standard\n", "--name", "standard");
	LIST("opt:first\nopt:second\n", "--kind=opt", "--module=basic", "--at", "targets/basic.c");
	TOOL(&tool, "disable", PID(&live), "--kind", "opt", "--kind", "debug");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 3 flags (3 sites), 3 changed");
	basic_values_are(&live, "011000000");
	TOOL(&tool, "enable", PID(&live), "--name=f*", ".*");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 2 flags (2 sites), 2 changed");
	basic_values_are(&live, "111100000");
	TOOL(&tool, "enable", PID(&live), "--kind=multi");
	tool_ended(&tool, 0);
	basic_values_are(&live, "111100111");
}

Test(selection, states)
{
	LIST("basic:slow\nbasic:standard\ndebug:trace\nopt:first\nopt:second\n", "--active");
	TOOL(&tool, "list", PID(&live), "--changed");
	tool_ended(&tool, 1);
	tool_one_error(&tool, "none of the flags is changed");
	TOOL(&tool, "unhook", PID(&live), "basic:slow");
	TOOL(&tool, "disable", PID(&live), "basic:standard", "opt:first");
	LIST("basic:slow\nbasic:standard\nopt:first\n", "--changed");
	LIST("basic:slow\n", "--changed", "--active");
	LIST("basic:slow\n", "--unhooked");
	LIST("basic:standard\n", "--changed", "--name", "stand*");
	/* All that is on, and nothing else. */
	TOOL(&tool, "disable", PID(&live), "--active");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 3 flags (3 sites), 3 changed, 0 already so");
	basic_values_are(&live, "000000000");
	TOOL(&tool, "disable", PID(&live), "--active");
	tool_ended(&tool, 1);
	tool_one_error(&tool, "none of the flags is active");
	TOOL(&tool, "rehook", PID(&live), "--unhooked");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 1 flag (1 site), 1 changed");
	TOOL(&tool, "enable", PID(&live), "--dry-run", "--changed", "basic:");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 2 flags (2 sites), 2 would change");
	TOOL(&tool, "enable", PID(&live), "--changed", "basic:", "multi:", "--json");
	tool_ended(&tool, 0);
	tool_said(&tool, "\"matched\":{\n      \"flags\":2,");
	basic_values_are(&live, "011000000");
}

/* A line has to mean a flag, but not one that is in the state just now. */
Test(selection, scripts)
{
	TOOL(&tool, "apply", PID(&live), "--active", "-e", "-basic:\ndisable multi:\n!opt:first");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 3 flags (3 sites), 3 changed");
	basic_values_are(&live, "000111000");
	TOOL(&tool, "apply", PID(&live), "--unhooked", "-e", "?.*", "-e", "disable opt:");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 1 flag (1 site), 1 changed");
	basic_values_are(&live, "000011000");
	TOOL(&tool, "apply", PID(&live), "--kind", "basic", "-e", "+.*", "-e", "+multi:");
	tool_ended(&tool, 1);
	tool_one_error(&tool,
		       "-e number 2: line 1: no flag that the options mean matches 'multi:'");
	TOOL(&tool, "apply", PID(&live), "--unhooked", "-e", "+.*");
	tool_ended(&tool, 1);
	tool_one_error(&tool, "none of the flags is unhooked");
	TOOL(&tool, "apply", PID(&live), "--unhooked", "-s", "/dev/null");
	tool_ended(&tool, 0);
	basic_values_are(&live, "000011000");
}

/* The state is what it will be once the work of a controller that died has been finished. */
Test(selection, states_behind_a_controller_that_died)
{
	const struct df_count_v1 on = {.activation = 1};
	const uint64_t next = offsetof(struct df_state_v1, next);
	struct spots spots;
	spots_open(&spots, &live);
	TOOL(&tool, "disable", PID(&live), "--active");
	tool_ended(&tool, 0);
	poke(&spots, spots_find(&spots, "basic", "feature")->state + next, &on, sizeof(on));
	poke_phase(&spots, DF_PHASE_WRITING);
	TOOL(&tool, "activate", PID(&live), "--active");
	tool_ended(&tool, 0);
	tool_said(&tool, "on, count 1 -> 2\n");
	tool_said(&tool, "matched 1 flag (1 site), 1 changed");
	tool_said(&tool, "put right in 1 module");
	spots_are_whole(&spots);
	spots_close(&spots);
	basic_values_are(&live, "100000000");
}

Test(selection_modules, one_of_several, .timeout = 60)
{
	LIVE_START(&live, "host-linked-flags");
	LIST("plugin:feature\nplugin:standard\n", "--module", "plugin.so");
	LIST("plugin:feature\n", "--module", "*.so", "--at", "plugin.c", "--name", "feature");
	TOOL(&tool, "enable", PID(&live), "--module=host-*");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 1 flag (1 site), 1 changed");
	TOOL(&tool, "apply", PID(&live), "--module", "plugin.so", "-e", "disable .*");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 2 flags (2 sites), 1 changed");
	live_beat(&live);
	cr_assert(live.page->value[0] == 0 && live.page->value[1] == 1);
	TOOL(&tool, "enable", PID(&live), "--module=plugin.so", "host:");
	tool_ended(&tool, 1);
	tool_one_error(&tool, "no flag that the options mean matches 'host:'");
	live_stop(&live);
}

/* Of several processes, those that have such flags. */
Test(selection_several, those_that_were_changed, .timeout = 60)
{
	char path[64], wanted[64];
	struct live other;
	LIVE_START(&live, "basic");
	LIVE_START(&other, "basic");
	TOOL(&tool, "enable", PID(&other), "basic:feature");
	snprintf(path, sizeof(path), "--pid=%d,%d", live.pid, other.pid);
	TOOL(&tool, "list", path, "--tree", "--noheadings", "-o", "PID,NAME", "--changed");
	tool_ended(&tool, 0);
	snprintf(wanted, sizeof(wanted), "%d basic:feature\n", other.pid);
	tool_said(&tool, wanted);
	cr_assert(strstr(tool.err, "1 of 2 processes have no such flags"), "%s", tool.err);
	TOOL(&tool, "disable", path, "--tree", "--changed", "--active");
	tool_ended(&tool, 0);
	tool_said(&tool, "skipped: none of the flags is active and changed");
	tool_said(&tool, "2 processes: 1 changed, 0 already so, 1 skipped, 0 failed\n");
	live_stop(&other);
	live_stop(&live);
}
