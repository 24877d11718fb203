/* SPDX-License-Identifier: Apache-2.0 */
/* test_watch_inside.c - dfpatch watch beside libdf: who changed what. */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include "follower.h"
#include "talk.h"

TestSuite(watch_inside, .timeout = 60);

static struct live live;
static struct tool tool;
static struct follower follower;

static void stop(void)
{
	nobody_is_traced(&live);
	cr_assert_eq(follower_end(&follower, SIGTERM), 0, "%d: %s", follower.tool.status,
		     follower.tool.err);
	cr_assert_str_empty(follower.tool.err);
	live_stop(&live);
}

/* The next line with `text` has `who` and `what` as well. */
static void says(const char *text, const char *who, const char *what)
{
	const char *line = follower_says(&follower, text);
	cr_assert(strstr(line, who) && strstr(line, what), "no '%s' or '%s' in: %s", who, what,
		  line);
}

Test(watch_inside, inside_and_outside_by_turns)
{
	char outside[32];
	LIVE_START(&live, "inside");
	FOLLOW(&follower, PID(&live), "--interval=20ms");
	cr_assert_eq(TALK(&live, .command = DF_ENABLE, .pattern = "calm:feature"), 1);
	says("init", " inside ", "/inside");
	says("calm:feature@", " inside ", "off -> on");
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), "calm:feature"), 0);
	snprintf(outside, sizeof(outside), " outside %d ", tool.pid);
	says("calm:feature@", outside, "count 1 -> 2");
	cr_assert_eq(TALK(&live, .command = DF_UNHOOK, .pattern = "calm:feature"), 1);
	says("calm:feature@", " inside ", "unhook 0 -> 1");
	cr_assert_geq(TALK(&live, .command = DF_ENABLE, .pattern = "calm:inlined"), 1);
	says("calm:inlined@", " inside ", "off -> on");
	stop();
}

/* The program numbers itself as its namespace does. */
Test(watch_inside, a_namespace_of_its_own)
{
	const char *const none[] = {NULL};
	if (!live_start_in(&live, "inside", none, CLONE_NEWPID, NULL))
		cr_skip("the kernel gives us no pid namespace\n");
	FOLLOW(&follower, PID(&live), "--interval=20ms", "calm:");
	cr_assert_geq(TALK(&live, .command = DF_ENABLE, .pattern = "calm:feature"), 1);
	says("calm:feature@", " inside ", "off -> on");
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "calm:feature"), 0);
	says("calm:feature@", " outside ", "on -> off");
	stop();
}

Test(watch_inside, a_plugin_with_a_copy_of_its_own)
{
	struct spots plugin;
	LIVE_START(&live, "inside");
	FOLLOW(&follower, PID(&live), "--interval=20ms");
	talk_load_plugin(&live, &plugin);
	says("loaded", "inside-plugin.so", "3 flags");
	cr_assert_geq(TALK(&live, .command = DF_ENABLE, .pattern = "calm:extra", .library = 1), 1);
	says("calm:extra@", " inside ", "off -> on");
	spots_close(&plugin);
	stop();
}

/* Faster than anybody looks: their number is told, and what they came to. */
Test(watch_inside, a_storm)
{
	LIVE_START(&live, "inside");
	FOLLOW(&follower, PID(&live), "--interval=10ms");
	live.page->go = 1;
	talk_send(&live, 0,
		  &(const struct talk){.command = INSIDE_LOOP,
				       .kind = "both",
				       .up = DF_ACTIVATE,
				       .down = DF_DEACTIVATE,
				       .matches = -1,
				       .pause_us = 20});
	says("missed", " inside ", " changes since the look before");
	says("missed", " inside ", " changes since the look before");
	live.page->go = 0;
	talk_wait(&live, 0);
	sleep_us(500000);
	follower.heard = strlen(follower.tool.out);
	cr_assert_geq(TALK(&live, .command = DF_UNHOOK, .pattern = "own:feature"), 1);
	says("own:feature@", " inside ", "unhook 0 -> 1");
	stop();
}
