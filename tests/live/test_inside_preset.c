/* SPDX-License-Identifier: Apache-2.0 */
/* test_inside_preset.c - libdf within a program whose flags were preset. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "talk.h"

TestSuite(inside_preset, .timeout = 60);

static struct tool tool;
static struct live live;
static struct spots spots;

#define LINES                                                                                      \
	"+calm:feature\n+calm:feature\ndisable calm:standard\nenable calm:option\n"                \
	"disable still:option\n!still:feature\n!still:feature\n+calm:inlined\nenable crowd:"

static void begin(const char *name)
{
	static char copy[LIVE_PATH];
	scratch_path(copy, name);
	cr_assert(live_path(name), "%s was not built", name);
	cr_assert_eq(TOOL(&tool, "preset", live_path(name), copy, "-e", LINES), 0, "%s", tool.err);
	LIVE_START(&live, copy);
	spots_open(&spots, &live);
}

static void end(void)
{
	talk_at_rest(&spots);
	spots_close(&spots);
	nobody_is_traced(&live);
	live_stop(&live);
}

/* What libdf lists of a flag: active, activation and unhook of each of its sites. */
static void libdf_has(const char *kind, const char *name, int active, uint32_t activation,
		      uint32_t unhook)
{
	const struct inside_box *box = inside_box(live.page, 0);
	bool found = false;
	cr_assert_geq(TALK(&live, .command = INSIDE_LIST), 0, "%s", talk_error(&live, 0));
	for (uint32_t i = 0; i < box->listed; i++) {
		const struct inside_entry *e = &box->list[i];
		if (strcmp(e->kind, kind) != 0 || strcmp(e->name, name) != 0)
			continue;
		found = true;
		cr_expect(e->active == active && e->activation == activation && e->unhook == unhook,
			  "%s:%s is %d %u %u", kind, name, e->active, e->activation, e->unhook);
	}
	cr_expect(found, "%s:%s is not listed", kind, name);
}

static void dfpatch_has(const char *flag, const char *state)
{
	char found[64];
	cr_assert_eq(
		TOOL(&tool, "list", PID(&live), "--noheadings", "-o", "STATE,COUNT,UNHOOK", flag),
		0, "%s", tool.err);
	char a[16], b[16], c[16];
	cr_assert_eq(sscanf(tool.out, "%15s %15s %15s", a, b, c), 3);
	snprintf(found, sizeof(found), "%s %s %s", a, b, c);
	cr_expect_str_eq(found, state, "%s", flag);
}

static void both_agree(void)
{
	libdf_has("calm", "feature", 1, 2, 0);
	libdf_has("calm", "standard", 0, 0, 0);
	libdf_has("calm", "slow", 1, 1, 0);
	libdf_has("calm", "option", 1, 1, 0);
	libdf_has("still", "option", 0, 0, 0);
	libdf_has("still", "feature", 0, 0, 2);
	libdf_has("calm", "inlined", 1, 1, 0);
	dfpatch_has("calm:feature", "on 2 0");
	dfpatch_has("calm:standard", "off 0 0");
	dfpatch_has("calm:option", "on 1 0");
	dfpatch_has("still:option", "off 0 0");
	dfpatch_has("still:feature", "off 0 2");
	dfpatch_has("calm:inlined", "on 1 0");
}

static void values_are(const char *wanted)
{
	char found[INSIDE_COUNT + 1] = "";
	const struct inside_box *box = inside_box(live.page, 0);
	cr_assert_eq(TALK(&live, .command = INSIDE_ASK), 0);
	for (int i = 0; i < INSIDE_COUNT; i++)
		found[i] = (char)('0' + box->values[i]);
	cr_expect_str_eq(found, wanted);
	cr_expect_eq(box->crowd, INSIDE_CROWD);
}

/* In the order of inside.h. */
#define VALUES "1011001010010111"

static void both_ways(const char *name)
{
	begin(name);
	values_are(VALUES);
	cr_expect_geq(TALK(&live, .command = INSIDE_INIT), 0, "%s", talk_error(&live, 0));
	/* Nothing that was preset is undone: a wish keeps the flag on that init would release. */
	values_are(VALUES);
	both_agree();
	cr_expect_eq(TALK(&live, .command = DF_ACTIVATE, .pattern = "still:feature"), 1);
	libdf_has("still", "feature", 0, 0, 2);
	cr_expect_eq(TALK(&live, .command = DF_REHOOK, .pattern = "still:feature"), 1);
	dfpatch_has("still:feature", "off 0 1");
	cr_assert_eq(TOOL(&tool, "rehook", PID(&live), "still:feature"), 0, "%s", tool.err);
	cr_expect_eq(TALK(&live, .command = DF_ACTIVATE, .pattern = "still:feature"), 1);
	libdf_has("still", "feature", 1, 1, 0);
	cr_assert_eq(TOOL(&tool, "deactivate", PID(&live), "calm:feature"), 0, "%s", tool.err);
	libdf_has("calm", "feature", 1, 1, 0);
	cr_expect_eq(TALK(&live, .command = DF_DISABLE, .pattern = "calm:"), 5);
	dfpatch_has("calm:feature", "off 0 0");
	dfpatch_has("calm:option", "off 0 0");
	end();
}

Test(inside_preset, libdf_agrees)
{
	both_ways("inside");
}

Test(inside_preset, libdf_agrees_in_a_static_program)
{
	if (!live_path("inside-static"))
		cr_skip("inside-static is not built with sanitizers\n");
	both_ways("inside-static");
}
