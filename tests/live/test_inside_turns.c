/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_inside_turns.c - dfpatch and libdf flip the same flags by turns.
 *
 * After every step the memory, both lists and the values of the sites agree with what
 * the rules alone make of it. Steps are random; the seed makes a failure repeatable.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle.h"

TestSuite(inside_turns, .timeout = 280);

static struct live live;
static struct oracle oracle;
static struct tool tool;
static char step[600]; /* for messages */

#define SPINNERS 2

static void begin(const char *target)
{
	LIVE_START(&live, target, "spinners=2", "rest=200");
	oracle_begin(&oracle, &live);
}

static void end(void)
{
	nobody_is_traced(&live);
	oracle_end(&oracle);
	live_stop(&live);
}

/* ---- one operation ---- */

static const char *const words[] = {"activate", "deactivate", "enable", "disable",
				    "unhook",	"rehook",     "init"};
static const char *const signs[] = {"+", "-", "enable ", "disable ", "!", "?"};

static const char *const patterns[] = {
	".*",
	"calm:",
	"calm:feature",
	"calm:s",
	"calm:(standard|slow)@",
	"still:|debug:",
	"crowd:",
	"both:",
	".*:feat",
	"calm:inlined",
	"hook:",
	"[ab].*:standard",
	"calm:extra",
	"calm:plu",
	"nothing:",
};
static const char *const kinds[] = {"calm", "both", "crowd", "still", "nothing"};

#define ONE_OF(LIST) ((LIST)[(size_t)rand() % (sizeof(LIST) / sizeof((LIST)[0]))])

static void by_tool(enum df_op op, const char *pattern)
{
	snprintf(step, sizeof(step), "dfpatch %s %s", words[op], pattern);
	const struct oracle_sum sum = oracle_do(&oracle, op, NULL, pattern);
	const int wanted = sum.flags == 0 ? 1 : sum.unhooked > 0 ? 7 : 0;
	cr_assert_eq(TOOL(&tool, words[op], PID(&live), pattern), wanted, "%s: %d, not %d: %s%s",
		     step, tool.status, wanted, tool.out, tool.err);
	cr_assert_not(strstr(tool.out, "put right"), "%s: %s", step, tool.out);
}

static void tool_init(void)
{
	snprintf(step, sizeof(step), "dfpatch init");
	oracle_init(&oracle);
	cr_assert_eq(TOOL(&tool, "init", PID(&live)), 0, "%s", tool.err);
}

static void by_libdf(int library, enum df_op op, const char *kind, const char *pattern)
{
	snprintf(step, sizeof(step), "libdf %d: %s of kind %s, %s", library, words[op],
		 kind ? kind : "any", pattern ? pattern : "all");
	oracle_init(&oracle);
	const int wanted = oracle_do(&oracle, op, kind, pattern).flags;
	const int found = TALK(&live, .command = (int)op, .library = library, .kind = kind,
			       .pattern = pattern);
	cr_assert_eq(found, wanted, "%s: %d, not %d: %s", step, found, wanted,
		     talk_error(&live, 0));
}

static void libdf_init(int library)
{
	snprintf(step, sizeof(step), "libdf %d: init", library);
	oracle_init(&oracle);
	cr_assert_eq(TALK(&live, .command = INSIDE_INIT, .library = library), 0, "%s",
		     talk_error(&live, 0));
}

static void libdf_script(int library)
{
	char script[512] = "# several at once\n";
	int wanted = 0;
	oracle_init(&oracle);
	oracle_script_begin(&oracle);
	for (int lines = 1 + rand() % 4; lines > 0; lines--) {
		const int op = rand() % INSIDE_OPERATIONS;
		const char *pattern = ONE_OF(patterns);
		const size_t used = strlen(script);
		snprintf(script + used, sizeof(script) - used, " %s%s \n", signs[op], pattern);
		wanted += oracle_script_add(&oracle, (enum df_op)op, pattern);
	}
	oracle_script_end(&oracle);
	snprintf(step, sizeof(step), "libdf %d: script %s", library, script);
	const int found =
		TALK(&live, .command = INSIDE_APPLY, .library = library, .pattern = script);
	cr_assert_eq(found, wanted, "%s: %d, not %d: %s", step, found, wanted,
		     talk_error(&live, 0));
}

static void by_some_library(void)
{
	const int library = rand() % (int)oracle.count;
	const enum df_op op = (enum df_op)(rand() % INSIDE_OPERATIONS);
	if (rand() % 4 == 0)
		libdf_script(library);
	else if (rand() % 3 == 0)
		by_libdf(library, op, ONE_OF(kinds), rand() % 2 ? "calm:[a-f]" : NULL);
	else
		by_libdf(library, op, NULL, rand() % 8 == 0 ? NULL : ONE_OF(patterns));
}

static void by_somebody(void)
{
	if (rand() % 24 == 0)
		tool_init();
	else if (rand() % 24 == 0)
		libdf_init(rand() % (int)oracle.count);
	else if (rand() % 2)
		by_tool((enum df_op)(rand() % INSIDE_OPERATIONS), ONE_OF(patterns));
	else
		by_some_library();
}

/* df_list() initialises, so it is asked only where that is no change. */
static void check(void)
{
	oracle_check_memory(&oracle);
	oracle_check_tool_list(&oracle);
	if (oracle_is_initialised(&oracle))
		oracle_check_df_list(&oracle, rand() % (int)oracle.count);
	oracle_check_memory(&oracle);
	oracle_check_values(&oracle);
	cr_log_info("%s: agreed\n", step);
}

static void take_steps(int steps)
{
	check();
	for (int i = 0; i < steps; i++) {
		by_somebody();
		check();
		if (i % 8 == 0)
			oracle_check_spinners(&oracle, SPINNERS);
	}
}

Test(inside_turns, random_operations)
{
	srand(1);
	begin("inside");
	take_steps(250);
	end();
}

Test(inside_turns, random_operations_on_a_static_program)
{
	srand(2);
	if (!live_path("inside-static"))
		cr_skip("a sanitized library is not linked statically\n");
	begin("inside-static");
	take_steps(120);
	end();
}

Test(inside_turns, random_operations_with_two_copies_of_libdf)
{
	srand(3);
	begin("inside");
	oracle_load_plugin(&oracle);
	take_steps(300);
	end();
}

/* A module that comes when the others are initialised and changed already. */
Test(inside_turns, plugin_that_is_loaded_later)
{
	srand(4);
	begin("inside");
	take_steps(10);
	by_libdf(0, DF_ACTIVATE, NULL, "calm:");
	oracle_load_plugin(&oracle);
	take_steps(40);
	end();
}

/* The first steps are the ones that find nothing initialised. */
Test(inside_turns, first_steps)
{
	for (unsigned seed = 5; seed < 25; seed++) {
		srand(seed);
		begin("inside");
		if (seed % 2)
			oracle_load_plugin(&oracle);
		for (int i = 0; i < 3; i++) {
			by_tool((enum df_op)(rand() % INSIDE_OPERATIONS), ONE_OF(patterns));
			check();
		}
		take_steps(3);
		end();
	}
}

/* ---- initialising ---- */

static void value_is(const char *kind, const char *name, bool on)
{
	const struct oracle_module *m = &oracle.module[0];
	const struct spot *spot = spots_find(&m->spots, kind, name);
	cr_assert_eq(df_count_active(&m->count[spot - m->spots.list]), on, "%s:%s", kind, name);
}

Test(inside_turns, dfpatch_initialises_first)
{
	begin("inside");
	tool_init();
	check();
	value_is("calm", "option", false);
	libdf_init(0);
	cr_assert_eq(peek_control(&oracle.module[0].spots).generation, 1, "initialised twice");
	check();
	end();
}

Test(inside_turns, libdf_initialises_first)
{
	begin("inside");
	libdf_init(0);
	check();
	value_is("calm", "option", false);
	tool_init();
	cr_assert(strstr(tool.out, "the target was not stopped"), "%s", tool.out);
	cr_assert_eq(peek_control(&oracle.module[0].spots).generation, 1, "initialised twice");
	check();
	end();
}

/* What dfpatch wished before the program initialised itself is still there afterwards. */
Test(inside_turns, wishes_survive_initialisation)
{
	begin("inside");
	by_tool(DF_ACTIVATE, "calm:option");
	by_tool(DF_ACTIVATE, "calm:feature");
	by_tool(DF_DEACTIVATE, "calm:slow");
	check();
	libdf_init(0);
	check();
	value_is("calm", "option", true);
	value_is("still", "option", false);
	value_is("calm", "feature", true);
	value_is("calm", "slow", false);
	by_libdf(0, DF_DEACTIVATE, NULL, "calm:option");
	value_is("calm", "option", false);
	check();
	end();
}

Test(inside_turns, holds_end_once)
{
	begin("inside");
	by_tool(DF_DISABLE, "calm:option");
	check();
	by_libdf(0, DF_ACTIVATE, NULL, "calm:option");
	value_is("calm", "option", true);
	value_is("still", "option", false);
	check();
	tool_init();
	value_is("calm", "option", true);
	check();
	end();
}

/* dfpatch initialises what the program loaded since. */
Test(inside_turns, initialising_module_by_module)
{
	begin("inside");
	libdf_init(0);
	oracle_load_plugin(&oracle);
	check();
	tool_init();
	check();
	cr_assert_eq(peek_control(&oracle.module[0].spots).generation, 1);
	cr_assert_eq(peek_control(&oracle.module[1].spots).generation, 1);
	libdf_init(1);
	check();
	end();
}
