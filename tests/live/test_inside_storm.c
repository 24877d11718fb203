/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_inside_storm.c - dfpatch and libdf flip the same flags at the same time.
 *
 * Threads of the target flip by two copies of libdf while several dfpatch flip from
 * outside. At the end every count is what it was and all that succeeded, every commit
 * was counted, and nothing is left behind. Each takes a few seconds, or as many as
 * DF_STORM_SECONDS says (scripts/soak.sh).
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle.h"

/* No limit of Criterion's: ctest has one, and the longer run needs none. */
TestSuite(inside_storm);

#define TOOLS 3
#define TURNS 4
#define LOOPS INSIDE_WORKERS

/* What one dfpatch does, and what it adds to each count. */
struct turn {
	const char *command, *pattern;
	int both, tool, hook, crowd;
};

struct storm {
	struct talk loops[LOOPS];
	struct turn turns[TURNS][TOOLS];
	unsigned pause_us; /* between two operations of a thread */
	bool alone;	   /* without the plugin */
};

/* What the threads did, in all. */
struct inner {
	uint64_t done, longest;
	int64_t both, own, hook, crowd; /* ups less downs */
	uint64_t of_both;		/* operations on both modules */
};

/* What dfpatch did. */
struct outer {
	uint64_t runs, busy, killed, longest, total;
	int64_t both, tool, hook, crowd;
	uint64_t done, of_both;
};

static struct live live;
static struct oracle oracle;
static const struct spots *const spots = &oracle.module[0].spots;
static const struct spots *const plugin = &oracle.module[1].spots;
static struct inner in;
static struct outer out;

static uint64_t end_of_storm(void)
{
	const char *text = getenv("DF_STORM_SECONDS");
	return now_ns() + (text ? strtoull(text, NULL, 10) : 3) * 1000000000u;
}

/* ---- the target's threads ---- */

#define PAIRS(KIND) .kind = (KIND), .up = DF_ACTIVATE, .down = DF_DEACTIVATE

static void begin(const struct storm *storm)
{
	LIVE_START(&live, "inside", "workers=6", "spinners=4", "rest=100");
	oracle_begin(&oracle, &live);
	if (!storm->alone)
		oracle_load_plugin(&oracle);
	cr_assert_eq(TALK(&live, .command = INSIDE_INIT), 0, "%s", talk_error(&live, 0));
	live.page->go = 1;
	for (int i = 0; i < LOOPS; i++) {
		struct talk loop = storm->loops[i];
		loop.command = INSIDE_LOOP;
		loop.pause_us = storm->pause_us;
		if (loop.matches != 0)
			talk_send(&live, i, &loop);
	}
}

static int64_t *net_of(const char *kind)
{
	return kind && strcmp(kind, "both") == 0    ? &in.both
	       : kind && strcmp(kind, "own") == 0   ? &in.own
	       : kind && strcmp(kind, "hook") == 0  ? &in.hook
	       : kind && strcmp(kind, "crowd") == 0 ? &in.crowd
						    : NULL;
}

/* Listing, loading and what may change nothing count for no commit. */
static void add_loop(const struct talk *loop, const struct inside_box *box)
{
	int64_t *net = net_of(loop->kind);
	in.longest = box->longest > in.longest ? box->longest : in.longest;
	if (!net)
		return;
	*net += box->net;
	in.done += box->done;
	in.of_both += net == &in.both ? box->done : 0;
}

static void end_loops(const struct storm *storm)
{
	live.page->go = 0;
	for (int i = 0; i < LOOPS; i++) {
		const struct inside_box *box = inside_box(live.page, i);
		if (storm->loops[i].matches == 0)
			continue;
		talk_wait(&live, i);
		cr_assert_eq(box->denied, 0, "%" PRIu64 " operations of thread %d failed: %s",
			     box->denied, i, box->error);
		cr_assert_gt(box->done, 0, "thread %d did nothing", i);
		add_loop(&storm->loops[i], box);
	}
}

/* ---- dfpatch ---- */

static void take_end(const struct tool *tool, const struct turn *turn)
{
	out.runs++;
	out.total += tool->ns;
	out.longest = tool->ns > out.longest ? tool->ns : out.longest;
	if (tool->status == -SIGKILL) {
		out.killed++;
		return;
	}
	/* 7: somebody else has unhooked a flag. */
	cr_assert(tool->status == 0 || tool->status == 3 || tool->status == 7, "%s %s: %d: %s%s",
		  turn->command, turn->pattern, tool->status, tool->out, tool->err);
	if (tool->status == 3) {
		cr_log_info("%s", tool->err);
		out.busy++;
		return;
	}
	out.done += (turn->both | turn->tool | turn->hook | turn->crowd) != 0;
	out.both += turn->both;
	out.tool += turn->tool;
	out.hook += turn->hook;
	out.crowd += turn->crowd;
	out.of_both += turn->both != 0;
}

static void start_tool(struct tool *tool, const struct turn *turn)
{
	tool_start(tool, (const char *const[]){turn->command, PID(&live), turn->pattern, NULL},
		   NULL);
}

/* Whether it takes back no more than dfpatch gave: then there is something to change. */
static bool has_credit(const struct turn *turn)
{
	return out.both + turn->both >= 0 && out.tool + turn->tool >= 0 &&
	       out.hook + turn->hook >= 0 && out.crowd + turn->crowd >= 0;
}

static void run_tools(const struct turn turns[TOOLS])
{
	static struct tool tools[TOOLS];
	bool started[TOOLS];
	for (int i = 0; i < TOOLS; i++) {
		started[i] = turns[i].command && has_credit(&turns[i]);
		if (started[i])
			start_tool(&tools[i], &turns[i]);
	}
	for (int i = 0; i < TOOLS; i++) {
		if (!started[i])
			continue;
		tool_wait(&tools[i]);
		take_end(&tools[i], &turns[i]);
		/* Nobody died, so nothing was to be put right. */
		cr_assert_not(strstr(tools[i].out, "put right"), "%s", tools[i].out);
	}
}

/* ---- at the end ---- */

static void count_is(const struct spots *of, const char *kind, const char *name, int64_t wanted)
{
	for (size_t i = 0; i < of->count; i++) {
		const struct spot *spot = &of->list[i];
		if (strcmp(spot->kind, kind) != 0 || strcmp(spot->name, name) != 0)
			continue;
		const int64_t found = talk_count(of, spot).activation;
		cr_assert_eq(found, wanted, "%s:%s has count %" PRId64 ", not %" PRId64, kind, name,
			     found, wanted);
	}
}

static void counts_agree(void)
{
	count_is(spots, "both", "feature", in.both + out.both);
	count_is(spots, "both", "standard", 1 + in.both + out.both);
	if (oracle.count > 1)
		count_is(plugin, "both", "extra", 1 + in.both + out.both);
	count_is(spots, "own", "feature", in.own);
	count_is(spots, "tool", "feature", out.tool);
	count_is(spots, "crowd", "many", in.crowd + out.crowd);
	cr_assert_eq(talk_count(spots, spots_find(spots, "hook", "slow")).unhook,
		     in.hook + out.hook);
}

static void report(const struct storm *storm)
{
	int64_t gap = 0;
	for (int i = 0; i < 4; i++)
		if (live.page->word[INSIDE_GAPS + i] > gap)
			gap = live.page->word[INSIDE_GAPS + i];
	cr_log_info("pause %u us: inside %" PRIu64 " operations, the longest %" PRIu64
		    " ms; dfpatch %" PRIu64 " times, %" PRIu64 " busy, %" PRIu64
		    " killed, mean %" PRIu64 " us, the longest %" PRIu64
		    " ms; no spinner stood still for more than %" PRId64 " ms\n",
		    storm->pause_us, in.done, in.longest / 1000000, out.runs, out.busy, out.killed,
		    out.total / (out.runs + 1) / 1000, out.longest / 1000000, gap / 1000000);
	cr_assert_lt(gap, 20000000000, "a spinner stood still for %" PRId64 " ms", gap / 1000000);
}

static void end(const struct storm *storm)
{
	report(storm);
	nobody_is_traced(&live);
	oracle_believe(&oracle);
	oracle_check_memory(&oracle);
	oracle_check_tool_list(&oracle);
	oracle_check_df_list(&oracle, (int)oracle.count - 1);
	oracle_check_values(&oracle);
	oracle_check_spinners(&oracle, 4);
	oracle_end(&oracle);
	live_stop(&live);
}

static void run_storm(const struct storm *storm)
{
	begin(storm);
	for (uint64_t until = end_of_storm(), turn = 0; now_ns() < until; turn++) {
		cr_assert(live_runs(&live), "the target died");
		run_tools(storm->turns[turn % TURNS]);
	}
	end_loops(storm);
}

/* ---- every operation changes something, and is counted ---- */

static const struct storm exact = {
	.loops = {{.library = 0, PAIRS("both"), .matches = 3},
		  {.library = 1, PAIRS("both"), .matches = 3},
		  {.library = 1, PAIRS("own"), .matches = 1},
		  {.library = 0, .kind = "hook", .up = DF_UNHOOK, .down = DF_REHOOK, .matches = 1},
		  {.library = 0, PAIRS("both"), .matches = 3},
		  {.library = 1, PAIRS("crowd"), .matches = 1}},
	.turns = {{{"activate", "both:", .both = 1},
		   {"activate", "tool:", .tool = 1},
		   {"unhook", "hook:", .hook = 1}},
		  {{"deactivate", "both:", .both = -1},
		   {"activate", "crowd:", .crowd = 1},
		   {"rehook", "hook:", .hook = -1}},
		  {{"activate", "both:|crowd:", .both = 1, .crowd = 1},
		   {"deactivate", "tool:", .tool = -1},
		   {"unhook", "hook:", .hook = 1}},
		  {{"activate", "both:", .both = 1},
		   {"deactivate", "crowd:", .crowd = -1},
		   {"rehook", "hook:", .hook = -1}}},
};

static void exact_storm(unsigned pause_us)
{
	struct storm storm = exact;
	storm.pause_us = pause_us;
	run_storm(&storm);
	counts_agree();
	/* One commit each, and one that initialised. */
	cr_assert_eq(peek_control(spots).generation, 1 + in.done + out.done);
	cr_assert_eq(peek_control(plugin).generation, 1 + in.of_both + out.of_both);
	end(&storm);
}

Test(inside_storm, threads_that_pause)
{
	exact_storm(2000);
	cr_assert_eq(out.busy, 0, "dfpatch gave up %" PRIu64 " times", out.busy);
}

/* dfpatch needs a gap between two commits, and may find none in its time: then nothing is changed.
 */
Test(inside_storm, threads_that_hardly_pause)
{
	exact_storm(100);
}

Test(inside_storm, threads_that_never_pause)
{
	exact_storm(0);
}

/* ---- dfpatch is killed at random moments ---- */

static const struct storm deadly = {
	.loops = {{.library = 0, PAIRS("both"), .matches = 3},
		  {.library = 1, PAIRS("both"), .matches = 3},
		  {.library = 1, PAIRS("own"), .matches = 1},
		  {.library = 0, .kind = "hook", .up = DF_UNHOOK, .down = DF_REHOOK, .matches = 1},
		  {.library = 0, PAIRS("own"), .matches = 1},
		  {.library = 1,
		   .command = INSIDE_LIST,
		   .up = INSIDE_LIST,
		   .down = INSIDE_LIST,
		   .matches = -1}},
	.turns = {{{"activate", "crowd:", .crowd = 1}}},
	.pause_us = 3000,
};

/* Whatever it had begun is done or undone by somebody; how many, the count of crowd: tells. */
static void kill_one(const struct turn *turn, uint64_t *found)
{
	static struct tool tool;
	start_tool(&tool, turn);
	sleep_us((unsigned)rand() % 4000);
	kill(tool.pid, SIGKILL);
	*found += peek_control(spots).phase != DF_PHASE_IDLE;
	tool_wait(&tool);
	take_end(&tool, turn);
}

Test(inside_storm, dfpatch_killed_at_random_moments)
{
	uint64_t found = 0;
	const struct turn *turn = &deadly.turns[0][0];
	srand(1);
	live_go_ahead();
	begin(&deadly);
	for (uint64_t until = end_of_storm(); now_ns() < until || out.killed < 300;)
		kill_one(turn, &found);
	end_loops(&deadly);
	cr_assert_eq(TALK(&live, .command = INSIDE_INIT), 0, "%s", talk_error(&live, 0));
	cr_log_info("%" PRIu64 " times work was under way after the kill\n", found);
	const int64_t crowd = talk_count(spots, spots_find(spots, "crowd", "many")).activation;
	const uint64_t commits = 1 + in.done + (uint64_t)crowd;
	const uint64_t generation = peek_control(spots).generation;
	cr_assert(crowd >= out.crowd && crowd <= out.crowd + (int64_t)out.killed);
	out.crowd = crowd;
	counts_agree();
	/* One that dies when its commit is counted, but not closed, is counted twice. */
	cr_assert(generation >= commits && generation <= commits + out.killed,
		  "generation %" PRIu64 " after %" PRIu64 " commits", generation, commits);
	cr_assert_eq(peek_control(plugin).generation, 1 + in.of_both);
	end(&deadly);
}

/* ---- operations that may change nothing ---- */

static const struct storm any = {
	.loops = {{.library = 0,
		   .pattern = "calm:",
		   .up = DF_ENABLE,
		   .down = DF_DISABLE,
		   .matches = 7},
		  {.library = 1,
		   .pattern = "calm:[f-z]",
		   .up = DF_UNHOOK,
		   .down = DF_REHOOK,
		   .matches = 6},
		  {.library = 1,
		   .kind = "calm",
		   .up = DF_ACTIVATE,
		   .down = DF_DEACTIVATE,
		   .matches = 7},
		  {.library = 0, .up = DF_DISABLE, .down = DF_ENABLE, .matches = 18},
		  {.library = 0, .up = INSIDE_LIST, .down = INSIDE_LIST, .matches = 18},
		  {.library = 1, .up = INSIDE_LIST, .down = INSIDE_LIST, .matches = 18}},
	.turns = {{{"enable", "calm:"}, {"disable", ".*"}, {"unhook", "still:"}},
		  {{"init", NULL}, {"list", "calm:"}, {"activate", "crowd:|calm:"}},
		  {{"disable", "crowd:"}, {"deactivate", "both:|hook:"}, {"list", "--json"}},
		  {{"rehook", ".*"}, {"enable", "able:"}, {"list", ".*"}}},
	.pause_us = 500,
};

Test(inside_storm, operations_of_all_kinds)
{
	run_storm(&any);
	cr_assert_eq(out.busy, 0, "dfpatch gave up %" PRIu64 " times", out.busy);
	end(&any);
}

/* ---- a module comes and goes ---- */

static struct storm guests = {
	.loops = {{.library = 0, .up = INSIDE_LOAD, .down = INSIDE_UNLOAD, .matches = -1},
		  {.library = 0, PAIRS("both"), .matches = -1},
		  {.library = 0, PAIRS("own"), .matches = 1},
		  {.library = 0, .up = INSIDE_LIST, .down = INSIDE_LIST, .matches = -1},
		  {.library = 0, .kind = "hook", .up = DF_UNHOOK, .down = DF_REHOOK, .matches = 1},
		  {.library = 0, PAIRS("both"), .matches = -1}},
	.turns = {{{"activate", "both:", .both = 1}, {"list", "--json"}, {"activate", "calm:"}},
		  {{"activate", "tool:", .tool = 1}, {"init", NULL}, {"unhook", "calm:"}},
		  {{"unhook", "hook:", .hook = 1}, {"list", "both:"}, {"disable", "calm:"}},
		  {{"activate", "both:", .both = 1}, {"list", NULL}, {"rehook", "calm:"}}},
	.pause_us = 700,
	.alone = true,
};

Test(inside_storm, module_that_comes_and_goes)
{
	char path[LIVE_PATH];
	snprintf(path, sizeof(path), "%s", live_path("inside-plugin.so"));
	guests.loops[0].pattern = path;
	run_storm(&guests);
	counts_agree();
	end(&guests);
}
