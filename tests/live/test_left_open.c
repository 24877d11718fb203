/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_left_open.c - a change that was left in the middle, by ourselves for want of time or by
 * one that died, and what becomes of it in the same call.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "patcher.h"
#include "rule.h"
#include "spots.h"

TestSuite(left_open, .init = live_go_ahead, .timeout = 280);

#define LATE_US 220000 /* longer than a claim holds */

static struct live live;
static struct spots spots;
static struct patcher patcher;

static const struct wish up = {
	.mode = MODE_QUIET, .op = DF_ACTIVATE, .pattern = "vforker:", .without_watchdog = true};

static void start(void)
{
	LIVE_START(&live, "vforker");
	spots_open(&spots, &live);
}

static void stop(void)
{
	nobody_is_traced(&live);
	spots_close(&spots);
	live_stop(&live);
}

static uint64_t place(size_t member)
{
	return spots.control + member;
}
#define CONTROL(MEMBER) place(offsetof(struct df_control_v1, MEMBER))

/* A change in which nothing goes wrong. Returns its steps. */
static int undisturbed(const struct wish *wish, size_t modules)
{
	const int status = patcher_do(&patcher, live.pid, wish);
	cr_assert_eq(status, 0, "%d: %s", status, patcher.page->error);
	cr_assert_eq(patcher.page->committed, modules);
	const int steps = patcher.page->steps;
	patcher_free(&patcher);
	return steps;
}

/* Held up before a step for longer than it may take, it ends all the same what it began. */
static void late_at(int step, const struct wish *asked, size_t modules)
{
	struct wish wish = *asked;
	wish.hold = step;
	patcher_start(&patcher, live.pid, &wish);
	cr_assert(patcher_held(&patcher), "there is no step %d", step);
	sleep_us(LATE_US);
	patcher_go_on(&patcher);
	const int status = patcher_end(&patcher);
	const struct patcher_page *page = patcher.page;
	cr_assert_eq(status, 0, "step %d: %d: %s", step, status, page->error);
	cr_assert_eq(page->committed, modules, "step %d", step);
	cr_assert_eq(page->recovered, 0, "step %d", step);
	cr_assert(!page->stopped || strstr(page->why_stopped, "the time of a claim was over"),
		  "step %d: %s", step, page->why_stopped);
}

static void is_active_once(int step)
{
	static const char *const names[] = {"first", "second"};
	for (int i = 0; i < 2; i++) {
		const struct spot *spot = spots_find(&spots, "vforker", names[i]);
		const struct df_state_v1 state = peek_state(&spots, spot);
		const struct df_site site = {.flags = spot->record.flags};
		const struct df_count count = df_count_decode(&site, &state.current);
		cr_assert_eq(count.activation, 1, "step %d: %s counts %u", step, names[i],
			     count.activation);
	}
	spots_are_whole(&spots);
}

static void late_at_each_step(enum mode mode)
{
	struct wish wish = up;
	int stopped = 0;
	start();
	const int count = undisturbed(&up, 1);
	stop();
	wish.mode = mode;
	for (int step = 1; step <= count; step++) {
		start();
		late_at(step, &wish, 1);
		is_active_once(step);
		stopped += patcher.page->stopped;
		patcher_free(&patcher);
		stop();
	}
	cr_log_info("%d steps, %d ended in a stop\n", count, stopped);
	cr_assert(mode == MODE_QUIET ? stopped == 0 : stopped > 0);
}

Test(left_open, for_want_of_time_is_ended_quietly)
{
	late_at_each_step(MODE_QUIET);
}

Test(left_open, for_want_of_time_is_ended_in_a_stop)
{
	late_at_each_step(MODE_AUTO);
}

/* ---- with two modules ---- */

static const struct wish both = {
	.mode = MODE_QUIET, .op = DF_ACTIVATE, .pattern = ".", .without_watchdog = true};

/* Name and counts of all its flags. */
static void list_flags(char text[TOOL_OUT])
{
	static struct tool tool;
	cr_assert_eq(TOOL(&tool, "list", PID(&live), "--noheadings", "-o", "KIND,NAME,COUNT"), 0,
		     "%s", tool.err);
	memcpy(text, tool.out, sizeof(tool.out));
}

Test(left_open, each_module_is_changed_once)
{
	static char wanted[TOOL_OUT], found[TOOL_OUT];
	LIVE_START(&live, "host-linked-flags");
	const int count = undisturbed(&both, 2);
	list_flags(wanted);
	live_stop(&live);
	for (int step = 1; step <= count; step++) {
		LIVE_START(&live, "host-linked-flags");
		late_at(step, &both, 2);
		patcher_free(&patcher);
		list_flags(found);
		cr_assert_str_eq(found, wanted, "step %d: %s", step, found);
		live_stop(&live);
	}
}

/* ---- by one that died ---- */

/*
 * What it left is put right; then somebody takes the lock and keeps it. The step of that
 * moment is the one after the first claim, which is left when others were in the way.
 */
Test(left_open, by_a_dead_one_and_then_nothing_more_could_be_done)
{
	struct wish wish = {
		.mode = MODE_STOP, .op = DF_ENABLE, .pattern = "vforker:", .timeout = 400000000};
	start();
	poke_phase(&spots, DF_PHASE_PREPARING);
	cr_assert_eq(patcher_do(&patcher, live.pid, &wish), 0, "%s", patcher.page->error);
	wish.op = DF_DISABLE;
	wish.hold = patcher_find(&patcher, STEP_WRITE, CONTROL(external)) + 1;
	cr_assert_gt(wish.hold, 1);
	patcher_free(&patcher);
	poke_phase(&spots, DF_PHASE_PREPARING);
	patcher_start(&patcher, live.pid, &wish);
	cr_assert(patcher_held(&patcher));
	cr_assert_eq(peek_control(&spots).phase, DF_PHASE_IDLE);
	poke_lock(&spots, (uint32_t)live.pid);
	patcher_go_on(&patcher);
	cr_assert_eq(patcher_end(&patcher), -(int)DF_E_BUSY, "%s", patcher.page->error);
	const char *error = patcher.page->error;
	cr_assert(strstr(error, "holds the lock of its flags; work that was left half done was put "
				"right in 1 module, nothing else was changed"),
		  "%s", error);
	cr_assert_not(strstr(error, "nothing was changed"), "%s", error);
	patcher_free(&patcher);
	poke_lock(&spots, 0);
	stop();
}
