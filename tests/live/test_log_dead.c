/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_dead.c - what a controller that died left, in the log of the one that puts it right:
 * with it, the log tells all bytes of text.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>

#include "logged.h"
#include "patcher.h"
#include "rule.h"
#include "spots.h"

TestSuite(log_dead, .init = live_go_ahead, .timeout = 280);

static struct live live;
static struct spots spots;
static struct patcher patcher;
static struct tool tool;
static struct logged logged;
static char path[LIVE_PATH];

/* Killed before this step. False if it had none left. */
static bool dies_at(int step, enum mode mode)
{
	const struct wish wish = {.mode = mode,
				  .op = DF_ENABLE,
				  .pattern = ".*",
				  .hold = step,
				  .without_watchdog = true};
	patcher_start(&patcher, live.pid, &wish);
	const bool held = patcher_held(&patcher);
	if (held)
		kill(patcher.pid, SIGKILL);
	patcher_end(&patcher);
	patcher_free(&patcher);
	return held;
}

static size_t count(const char *cause)
{
	size_t found = 0;
	const struct json_object *record;
	for (size_t i = 0; (record = logged_find(&logged, "write", i)); i++)
		found += strcmp(logged_text(record, "cause"), cause) == 0;
	return found;
}

struct seen {
	int steps, found, recovery;
};

static void log_tells_all(int step, struct seen *seen)
{
	char when[32];
	struct replay replay;
	snprintf(when, sizeof(when), "step %d", step);
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), "--log", path, ".*"), 0, "%s: %s", when,
		     tool.err);
	logged_read(&logged, path);
	cr_assert_str_eq(logged_text(logged.list[0], "record"), "begin", "%s", when);
	cr_assert_str_eq(logged_text(logged.list[logged.count - 1], "record"), "end", "%s", when);
	const struct json_object *first = logged_find(&logged, "write", 0);
	if (first) {
		replay_begin(&replay, live_path("shapes"),
			     logged_number(first, "module.load_bias"));
		replay_until(&replay, &logged, UINT64_MAX);
		replay_is(&replay, spots.mem, when);
		replay_end(&replay);
	}
	seen->found += count("found") > 0;
	seen->recovery += count("recovery") > 0;
	logged_free(&logged);
	logged = (struct logged){0};
	remove(path);
}

/* If it came to its end, what it did is in no log, since it had none. */
static bool was_ended(void)
{
	const struct df_control_v1 control = peek_control(&spots);
	return control.phase == DF_PHASE_IDLE && control.generation > 0;
}

static void at_each_step(enum mode mode)
{
	struct seen seen = {0};
	bool held = true;
	scratch_path(path, "log");
	for (int step = 1; held; step++) {
		LIVE_START(&live, "shapes");
		spots_open(&spots, &live);
		held = dies_at(step, mode);
		if (!was_ended())
			log_tells_all(step, &seen);
		seen.steps = step;
		spots_are_whole(&spots);
		spots_close(&spots);
		live_stop(&live);
	}
	cr_log_info("%d steps, %d with bytes found, %d with bytes put right\n", seen.steps,
		    seen.found, seen.recovery);
	cr_assert(seen.found > 0 && seen.recovery > 0);
}

Test(log_dead, quietly)
{
	at_each_step(MODE_QUIET);
}

Test(log_dead, in_a_stop)
{
	at_each_step(MODE_STOP);
}
