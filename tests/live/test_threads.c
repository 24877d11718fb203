/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_threads.c - many flips under threads that run through the sites.
 *
 * The targets check every look they take (see spin.c and storm.c): no two
 * flags of one operation are ever seen in different states, none is lost.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "live.h"
#include "run.h"
#include "spots.h"

TestSuite(threads, .init = live_go_ahead, .timeout = 280);

#define SPINNERS 64

static struct tool tool;

static void assert_sound(const struct live *live, const struct spots *spots, uint64_t flips)
{
	cr_assert_eq(live->page->broken, 0, "%lu looks saw what they must not",
		     (unsigned long)live->page->broken);
	cr_assert_eq(peek_control(spots).generation, flips);
	cr_assert(live_runs(live), "the target died");
}

/* Every thread looks again, at what stands there now; together they looked more than once a flip.
 */
static void all_look_again(const struct live *live, int threads, int64_t flips)
{
	int64_t before[SPINNERS], looks = 0;
	for (int i = 0; i < threads; i++)
		before[i] = live->page->word[i];
	const uint64_t end = now_ns() + 60000000000u;
	for (int i = 0; i < threads; i++)
		while (live->page->word[i] < before[i] + 2) {
			cr_assert(now_ns() < end, "thread %d stands still", i);
			sleep_us(1000);
		}
	for (int i = 0; i < threads; i++)
		looks += before[i];
	cr_assert_gt(looks, flips);
}

Test(threads, flips_by_the_tool_under_64_spinning_threads)
{
	enum { FLIPS = 2000 };
	struct live live;
	struct spots spots;
	LIVE_START(&live, "spin", "threads=64");
	spots_open(&spots, &live);
	for (int i = 0; i < FLIPS; i++) {
		cr_assert_eq(TOOL(&tool, i % 2 ? "disable" : "enable", PID(&live), "--stop",
				  "pair:", "--max-stop=10s"),
			     0, "%s", tool.err);
		cr_assert(strstr(tool.out, "matched 4 flags (4 sites), 4 changed, 0 already"),
			  "flip %d: %s", i, tool.out);
		if (i % 100 == 0)
			assert_sound(&live, &spots, (uint64_t)i + 1);
	}
	all_look_again(&live, SPINNERS, FLIPS);
	assert_sound(&live, &spots, FLIPS);
	spots_are_whole(&spots);
	nobody_is_traced(&live);
	spots_close(&spots);
	live_stop(&live);
}

/* One flip through the pipeline that the tool consists of, without starting it. */
static void flip(const struct live *live, bool on, const char *pattern)
{
	const struct change_request request = {
		.op = on ? DF_ENABLE : DF_DISABLE,
		.pid = live->pid,
		.mode = MODE_STOP,
		.patterns = &pattern,
		.pattern_count = 1,
		.timeout = 10000000000u,
		.max_stop = 10000000000u,
	};
	struct change_result result;
	struct df_err err;
	const int status = run_change(&request, &result, &err);
	cr_assert_eq(status, 0, "%s", err.text);
	cr_assert_eq(result.committed, 1);
	change_free(&result);
}

Test(threads, ten_thousand_flips_under_64_spinning_threads)
{
	enum { FLIPS = 10000 };
	struct live live;
	struct spots spots;
	LIVE_START(&live, "spin", "threads=64");
	spots_open(&spots, &live);
	for (int i = 0; i < FLIPS; i++) {
		flip(&live, i % 2 == 0, "pair:");
		if (i % 100 == 0)
			assert_sound(&live, &spots, (uint64_t)i + 1);
	}
	all_look_again(&live, SPINNERS, FLIPS);
	assert_sound(&live, &spots, FLIPS);
	spots_are_whole(&spots);
	nobody_is_traced(&live);
	spots_close(&spots);
	live_stop(&live);
}

Test(threads, threads_come_and_go)
{
	enum { FLIPS = 1000 };
	struct live live;
	struct spots spots;
	LIVE_START(&live, "storm");
	spots_open(&spots, &live);
	for (int i = 0; i < FLIPS; i++) {
		flip(&live, i % 2 == 0, "storm:");
		sleep_us(2000); /* of ours; the storm goes on */
	}
	const uint64_t ended = live.page->beat;
	live_beat(&live);
	cr_assert_gt(ended, 100);
	assert_sound(&live, &spots, FLIPS);
	spots_are_whole(&spots);
	spots_close(&spots);
	live_stop(&live);
}

Test(threads, threads_come_and_go_and_the_tool_too)
{
	struct live live;
	struct spots spots;
	LIVE_START(&live, "storm");
	spots_open(&spots, &live);
	for (int i = 0; i < 200; i++)
		cr_assert_eq(TOOL(&tool, i % 2 ? "disable" : "enable", PID(&live), "--stop",
				  "storm:", "--max-stop=10s"),
			     0, "%s", tool.err);
	assert_sound(&live, &spots, 200);
	spots_close(&spots);
	live_stop(&live);
}
