/* SPDX-License-Identifier: Apache-2.0 */
/* test_watch.c - dfpatch watch: what it tells of changes from outside, and what it cannot see. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>

#include "follower.h"
#include "live.h"
#include "spots.h"

TestSuite(watch, .timeout = 60);

static struct live live;
static struct tool tool;
static struct follower follower;

static void start(void)
{
	LIVE_START(&live, "basic", "threads=2");
}

static void stop(void)
{
	nobody_is_traced(&live);
	cr_assert_eq(follower_end(&follower, SIGTERM), 0, "%d: %s", follower.tool.status,
		     follower.tool.err);
	cr_assert_str_empty(follower.tool.err);
	live_stop(&live);
}

/* A line that holds each of these in turn. */
static void says_all(const char *const *parts)
{
	const char *line = follower_says(&follower, parts[0]);
	const char *at = line;
	for (; *parts; parts++) {
		at = strstr(at, *parts);
		cr_assert(at, "no '%s' in: %s", *parts, line);
		at += strlen(*parts);
	}
}
#define SAYS(...) says_all((const char *const[]){__VA_ARGS__, NULL})

static const char *number(const char *before, long value, const char *behind)
{
	static char text[4][64];
	static unsigned next;
	char *to = text[next++ % 4];
	snprintf(to, sizeof(text[0]), "%s%ld%s", before, value, behind);
	return to;
}

/* ---- changes ---- */

/* Each operation, quietly and with a stop, and by whom. */
Test(watch, every_operation)
{
	static const struct {
		const char *command, *flag, *states, *counts;
	} steps[] = {
		{"enable", "basic:feature", "off -> on", "count 0 -> 1"},
		{"activate", "basic:feature", "on ", "count 1 -> 2"},
		{"deactivate", "basic:feature", "on ", "count 2 -> 1"},
		{"unhook", "basic:feature", "on ", "count 1, unhook 0 -> 1"},
		{"disable", "basic:feature", "on -> off", "count 1 -> 0, unhook 1"},
		{"rehook", "basic:feature", "off ", "count 0, unhook 1 -> 0"},
		{"disable", "basic:standard", "on -> off", "count 1 -> 0"},
		{"enable", "multi:inlined", "off -> on", "count 0 -> 1, 3 sites"},
		{"deactivate", "opt:first", "held -> off", "count 0"},
	};
	start();
	FOLLOW(&follower, PID(&live), "--interval=20ms");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		cr_assert_eq(TOOL(&tool, steps[i].command, PID(&live), i % 2 ? "--stop" : "--quiet",
				  steps[i].flag),
			     0, "%s", tool.err);
		SAYS(number("", live.pid, " "), "change", number(" outside ", tool.pid, " "),
		     steps[i].flag, "@", "basic.c:", steps[i].states, steps[i].counts);
	}
	TOOL(&tool, "init", PID(&live));
	SAYS("init", number("outside ", tool.pid, " "), "/basic");
	SAYS("change  ", "opt:second@", "held -> off", "count 0");
	follower_is_silent(&follower, 100);
	stop();
}

Test(watch, a_script_is_one_change)
{
	start();
	FOLLOW(&follower, PID(&live));
	cr_assert_eq(TOOL(&tool, "apply", PID(&live), "-e", "+basic:feature", "-e", "!debug:"), 0);
	SAYS("change  ", "basic:feature@", "off -> on");
	SAYS("change  ", "debug:trace@", "unhook 0 -> 1");
	cr_assert_not(strstr(follower.tool.out, "missed"));
	stop();
}

/* Nothing of what is not asked for. */
Test(watch, some_flags_only)
{
	start();
	FOLLOW(&follower, PID(&live), "--kind=basic", "--interval=20ms", "basic:s.*");
	cr_assert(strstr(follower.tool.out, "2 flags in 1 module, 0 changes so far"));
	TOOL(&tool, "disable", PID(&live), "basic:standard", "opt:", "debug:");
	SAYS("change  ", "basic:standard@", "on -> off");
	follower_is_silent(&follower, 100);
	TOOL(&tool, "enable", PID(&live), "basic:feature");
	follower_is_silent(&follower, 100);
	stop();
}

Test(watch, states_before_or_after_the_change)
{
	start();
	FOLLOW(&follower, PID(&live), "--unhooked", "--interval=20ms");
	TOOL(&tool, "enable", PID(&live), "basic:feature");
	follower_is_silent(&follower, 100);
	TOOL(&tool, "unhook", PID(&live), "basic:feature");
	SAYS("change  ", "basic:feature@", "unhook 0 -> 1");
	TOOL(&tool, "rehook", PID(&live), "basic:feature");
	SAYS("change  ", "basic:feature@", "unhook 1 -> 0");
	TOOL(&tool, "disable", PID(&live), "basic:feature");
	follower_is_silent(&follower, 100);
	stop();
}

Test(watch, documents)
{
	start();
	FOLLOW(&follower, PID(&live), "--json", "--interval=20ms");
	cr_assert(strstr(follower.tool.out, "\"event\":\"start\"") &&
		  strstr(follower.tool.out, "\"flags\":7,\"modules\":1,\"changes\":0}\n"));
	TOOL(&tool, "enable", PID(&live), "multi:");
	SAYS("{\"schema\":1,", "\"command\":\"watch\",\"event\":\"change\",\"seen_at_ns\":",
	     number("\"process\":{\"pid\":", live.pid, ",\"name\":\"basic\"}"), "\"module\":\"",
	     "\"full_name\":\"multi:inlined@", "\"kind\":\"multi\",\"name\":\"inlined\"",
	     "\"before\":{\"state\":\"off\",\"activation\":0,\"unhook\":0}",
	     "\"after\":{\"state\":\"on\",\"activation\":1,\"unhook\":0}",
	     "\"sites\":3,\"sites_changed\":3,\"changes\":1,\"generation\":1,\"changed_at_ns\":",
	     number("\"changed_by\":", tool.pid, ",\"inside\":false}"));
	stop();
}

/* ---- what is not seen ---- */

Test(watch, changes_between_two_looks_are_counted)
{
	start();
	FOLLOW(&follower, PID(&live), "--interval=20ms");
	kill(follower.tool.pid, SIGSTOP);
	TOOL(&tool, "enable", PID(&live), "basic:feature");
	TOOL(&tool, "activate", PID(&live), "basic:feature");
	TOOL(&tool, "activate", PID(&live), "basic:slow");
	kill(follower.tool.pid, SIGCONT);
	SAYS("missed", number("outside ", tool.pid, " "),
	     "/basic: 3 changes since the look before");
	SAYS("change  ", "basic:feature@", "off -> on", "count 0 -> 2");
	SAYS("change  ", "basic:slow@", "count 1 -> 2");
	/* What came and went leaves only its number. */
	kill(follower.tool.pid, SIGSTOP);
	TOOL(&tool, "enable", PID(&live), "multi:");
	TOOL(&tool, "disable", PID(&live), "multi:");
	kill(follower.tool.pid, SIGCONT);
	SAYS("missed", ": 2 changes since the look before");
	follower_is_silent(&follower, 300);
	stop();
}

Test(watch, nothing_is_written)
{
	static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];
	struct spots spots;
	start();
	spots_open(&spots, &live);
	const size_t size = spots_image(&spots, before);
	FOLLOW(&follower, PID(&live), "--interval=1ms");
	for (int i = 0; i < 20; i++) {
		live_beat(&live);
		nobody_is_traced(&live);
		sleep_us(5000);
	}
	spots_image(&spots, after);
	cr_assert(memcmp(before, after, size) == 0);
	spots_close(&spots);
	stop();
}

/* ---- changes under way ---- */

static struct spots spots;

/* What a controller writes last of a change: the state of one site. */
static void poke_activation(const char *kind, const char *name, uint32_t activation)
{
	const struct spot *spot = spots_find(&spots, kind, name);
	struct df_state_v1 state = peek_state(&spots, spot);
	state.current.activation = state.next.activation = activation ^ spot->record.activation;
	poke(&spots, spot->state, &state, sizeof(state));
}

static void poke_word(size_t offset, const void *word, size_t size)
{
	poke(&spots, spots.control + offset, word, size);
}

static void poke_generation(uint64_t generation)
{
	poke_word(offsetof(struct df_control_v1, generation), &generation, sizeof(generation));
}

static void poke_claim(uint32_t claim)
{
	poke_word(offsetof(struct df_control_v1, external), &claim, sizeof(claim));
}

Test(watch, no_half_of_a_change_is_shown)
{
	start();
	spots_open(&spots, &live);
	FOLLOW(&follower, PID(&live), "--interval=1ms");
	poke_phase(&spots, DF_PHASE_CLOSING);
	poke_activation("basic", "feature", 1);
	poke_generation(1);
	follower_is_silent(&follower, 300);
	poke_activation("basic", "slow", 0);
	poke_phase(&spots, DF_PHASE_IDLE);
	SAYS("change  ", "basic:feature@", "off -> on");
	SAYS("change  ", "basic:slow@", "on -> off");
	cr_assert_not(strstr(follower.tool.out, "missed"));
	spots_close(&spots);
	stop();
}

/* A tool that changes several modules has claimed them all until it is through. */
Test(watch, the_end_of_a_claim_is_awaited)
{
	start();
	spots_open(&spots, &live);
	FOLLOW(&follower, PID(&live), "--interval=1ms");
	poke_claim(1);
	poke_activation("basic", "feature", 1);
	poke_generation(1);
	follower_is_silent(&follower, 300);
	poke_claim(0);
	SAYS("change  ", "basic:feature@", "off -> on");
	/* One that stands for good is none. */
	poke_claim(1);
	poke_activation("basic", "feature", 0);
	poke_generation(2);
	SAYS("change  ", "basic:feature@", "on -> off");
	poke_claim(0);
	spots_close(&spots);
	stop();
}

Test(watch, what_a_dead_controller_left)
{
	start();
	spots_open(&spots, &live);
	FOLLOW(&follower, PID(&live), "--interval=10ms");
	poke_phase(&spots, DF_PHASE_WRITING);
	SAYS("unread", "/basic: a change has been under way for long (phase 2)");
	follower_is_silent(&follower, 1500);
	/* The next one ends it, and does its own. */
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "basic:feature"), 0, "%s", tool.err);
	SAYS("change  ", "basic:feature@", "off -> on");
	poke_phase(&spots, DF_PHASE_WRITING);
	SAYS("unread", "(phase 2)");
	poke_phase(&spots, DF_PHASE_IDLE);
	spots_close(&spots);
	stop();
}

/* Whoever begins to look in the middle of a change knows nothing of what was before. */
Test(watch, a_start_in_the_middle_of_a_change)
{
	start();
	spots_open(&spots, &live);
	poke_phase(&spots, DF_PHASE_CLOSING);
	poke_activation("basic", "feature", 1);
	follower_spawn(&follower, (const char *const[]){"watch", PID(&live), NULL}, NULL);
	follower_is_silent(&follower, 300);
	poke_activation("basic", "slow", 0);
	poke_generation(1);
	poke_phase(&spots, DF_PHASE_IDLE);
	SAYS("start", "7 flags in 1 module, 1 change so far");
	follower_is_silent(&follower, 300);
	spots_close(&spots);
	stop();
}

/* The target may write down anything about itself. */
Test(watch, a_target_that_lies)
{
	const uint64_t at = UINT64_MAX;
	const uint32_t by = UINT32_MAX;
	start();
	spots_open(&spots, &live);
	FOLLOW(&follower, PID(&live), "--interval=10ms");
	poke_word(offsetof(struct df_control_v1, changed_at), &at, sizeof(at));
	poke_word(offsetof(struct df_control_v1, changed_by), &by, sizeof(by));
	poke_activation("basic", "feature", 1);
	poke_generation(UINT64_MAX);
	SAYS("missed", "outside 4294967295", ": 18446744073709551615 changes");
	SAYS("change  ", "basic:feature@");
	/* Back: it was loaded anew, as far as anybody can tell. */
	poke_generation(0);
	SAYS("unloaded", "/basic: 7 flags");
	SAYS("loaded", "/basic: 7 flags, 0 changes so far");
	spots_close(&spots);
	stop();
}
