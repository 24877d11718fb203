/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_quiet_stress.c - a great many changes under threads that look all the time, and beside
 * libdf, which changes the same flags.
 *
 * scripts/stress.sh runs it for longer, by DF_STRESS, which multiplies how often.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "looks.h"
#include "patcher.h"
#include "talk.h"

/* No limit of Criterion's: ctest has one, and the longer run needs none. */
TestSuite(quiet_stress, .init = live_go_ahead);

static struct live live;
static struct spots spots;
static struct patcher patcher;

static int times(int usual)
{
	const char *text = getenv("DF_STRESS");
	return usual * (text ? atoi(text) : 1);
}

/* ---- quiet, under eight threads ---- */

enum { THREADS = 8, SITES = 1000 };

static int64_t rounds(void)
{
	int64_t sum = 0;
	for (int i = 0; i < THREADS; i++)
		sum += live.page->word[i];
	return sum;
}

/* Each thread goes through all sites once more, knowing what it must see. */
static void all_are_sure(void)
{
	const uint64_t end = now_ns() + 60000000000u;
	int64_t before[THREADS];
	for (int i = 0; i < THREADS; i++)
		before[i] = live.page->word[LOOKS_SURE + i];
	for (int i = 0; i < THREADS; i++)
		while (live.page->word[LOOKS_SURE + i] == before[i]) {
			cr_assert(now_ns() < end, "thread %d stands still", i);
			sleep_us(100);
		}
	cr_assert_eq(live.page->broken, 0, "%" PRIu64 " rounds saw what they must not",
		     live.page->broken);
}

Test(quiet_stress, many_flips_under_eight_threads)
{
	const int changes = times(600);
	struct wish wish = {.mode = MODE_QUIET, .pattern = "looks:"};
	LIVE_START(&live, "looks-1000", "threads=8");
	for (int i = 0; i < changes; i++) {
		wish.op = i % 2 ? DF_DISABLE : DF_ENABLE;
		live.page->go++;
		cr_assert_eq(patcher_do(&patcher, live.pid, &wish), 0, "%s", patcher.page->error);
		cr_assert(!patcher.page->stopped && patcher.page->committed == 1);
		patcher_free(&patcher);
		live.page->go = (live.page->go / 4 + 1) * 4 + (i % 2 ? 0 : 2);
		if (i % 20 == 0)
			all_are_sure();
	}
	all_are_sure();
	cr_log_info("%d byte flips, %" PRId64 " million looks\n", changes * SITES,
		    rounds() * SITES / 1000000);
	cr_assert_geq(rounds() * SITES, (int64_t)changes * 100000);
	nobody_is_traced(&live);
	live_stop(&live);
}

/* ---- beside libdf ---- */

static const struct talk loop = {.command = INSIDE_LOOP,
				 .kind = "both",
				 .up = DF_ACTIVATE,
				 .down = DF_DEACTIVATE,
				 .matches = 2};

static void begin_loops(int loops, unsigned pause_us)
{
	struct talk one = loop;
	one.pause_us = pause_us;
	LIVE_START(&live, "inside", "workers=3", "init=1");
	spots_open(&spots, &live);
	live.page->go = 1;
	for (int i = 0; i < loops; i++)
		talk_send(&live, i, &one);
}

/* Every change added one to each count; all that were made are counted. */
static void end_loops(int loops, int changes)
{
	int64_t adds = changes;
	uint64_t done = 1 + (uint64_t)changes, inside = 0, longest = 0;
	live.page->go = 0;
	for (int i = 0; i < loops; i++) {
		const struct inside_box *box = inside_box(live.page, i);
		talk_wait(&live, i);
		cr_assert_eq(box->denied, 0, "%s", box->error);
		inside += box->done;
		longest = box->longest > longest ? box->longest : longest;
		adds += box->net;
	}
	cr_log_info("%d changes from outside, the longest %" PRIu64 " ms; inside %" PRIu64
		    ", the longest %" PRIu64 " ms\n",
		    changes, patcher.page->longest / 1000000, inside, longest / 1000000);
	cr_assert_lt(longest, 5000000000u, "libdf waited for %" PRIu64 " ms", longest / 1000000);
	cr_assert_eq(talk_count(&spots, spots_find(&spots, "both", "feature")).activation, adds);
	cr_assert_eq(peek_control(&spots).generation, done + inside);
	talk_at_rest(&spots);
	nobody_is_traced(&live);
	patcher_free(&patcher);
	spots_close(&spots);
	live_stop(&live);
}

static void change_times(const struct wish *wish)
{
	patcher_start(&patcher, live.pid, wish);
	for (;;) {
		const int done = patcher.page->done;
		const uint64_t end = now_ns() + 20000000000u;
		while (patcher.page->done == done && done < wish->times) {
			cr_assert(now_ns() < end, "no change within 20 seconds");
			sleep_us(1000);
			if (kill(patcher.pid, 0) != 0)
				break;
		}
		if (patcher.page->done >= wish->times || patcher.page->error[0] != '\0')
			break;
	}
	cr_assert_eq(patcher_end(&patcher), 0, "%s", patcher.page->error);
	cr_assert_lt(patcher.page->longest, 5000000000u, "a change took %" PRIu64 " ms",
		     patcher.page->longest / 1000000);
}

static uint64_t done_inside(int loops)
{
	uint64_t done = 0;
	for (int i = 0; i < loops; i++)
		done += inside_box(live.page, i)->done;
	return done;
}

/*
 * Until libdf has made a quarter as many. On a busy machine its threads run seldom, and dfpatch,
 * which goes ahead, is done before; libdf gets there all the same, if it is let.
 */
static void change_beside(const struct wish *wish, int loops, unsigned pause_us)
{
	const uint64_t wanted = (uint64_t)wish->times / 4, end = now_ns() + 120000000000u;
	int changes = 0;
	begin_loops(loops, pause_us);
	while (changes == 0 || done_inside(loops) <= wanted) {
		cr_assert(now_ns() < end, "libdf got no turn");
		if (changes > 0)
			patcher_free(&patcher);
		change_times(wish);
		changes += wish->times;
	}
	end_loops(loops, changes);
}

Test(quiet_stress, stops_beside_libdf)
{
	const struct wish wish = {.mode = MODE_STOP,
				  .op = DF_ACTIVATE,
				  .back = DF_ACTIVATE,
				  .pattern = "both:",
				  .times = times(1500)};
	change_beside(&wish, 2, 300);
}

Test(quiet_stress, quiet_changes_beside_libdf)
{
	const struct wish wish = {.mode = MODE_QUIET,
				  .op = DF_ACTIVATE,
				  .back = DF_ACTIVATE,
				  .pattern = "both:",
				  .times = times(1500)};
	change_beside(&wish, 2, 300);
}

/* A thread inside that never pauses does not keep dfpatch waiting until --timeout. */
Test(quiet_stress, stops_beside_libdf_that_never_pauses)
{
	const struct wish wish = {.mode = MODE_STOP,
				  .op = DF_ACTIVATE,
				  .back = DF_ACTIVATE,
				  .pattern = "both:",
				  .times = times(150)};
	change_beside(&wish, 1, 0);
}

Test(quiet_stress, quiet_changes_beside_libdf_that_never_pauses)
{
	const struct wish wish = {.mode = MODE_QUIET,
				  .op = DF_ACTIVATE,
				  .back = DF_ACTIVATE,
				  .pattern = "both:",
				  .times = times(150)};
	change_beside(&wish, 1, 0);
}
