/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_inside_lock.c - a module's lock in the hands of a thread of the program, alive
 * and dead: what dfpatch outside and libdf inside make of it.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "talk.h"

#define HOLDER 1 /* the worker that takes the lock by hand; worker 0 calls libdf */

static struct live live;
static struct spots spots;
static struct tool tool;
static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];

static void start(void)
{
	LIVE_START(&live, "inside", "workers=2", "spinners=1", "rest=200", "init=1");
	spots_open(&spots, &live);
}

static void stop(void)
{
	nobody_is_traced(&live);
	talk_at_rest(&spots);
	spots_close(&spots);
	live_stop(&live);
}

TestSuite(inside_lock, .init = start, .fini = stop, .timeout = 120);

static int holder_does(int command)
{
	talk_send(&live, HOLDER, &(const struct talk){.command = command});
	return talk_wait(&live, HOLDER);
}

static void send_activate(void)
{
	talk_send(&live, 0,
		  &(const struct talk){.command = DF_ACTIVATE, .pattern = "calm:feature"});
}

static uint32_t activation(const char *kind, const char *name)
{
	return talk_count(&spots, spots_find(&spots, kind, name)).activation;
}

static void tool_activates(const char *timeout, int wanted)
{
	const char *const args[] = {"activate", PID(&live), "calm:feature", timeout, NULL};
	cr_assert_eq(tool_run(&tool, args), wanted, "%d: %s%s", tool.status, tool.out, tool.err);
}

Test(inside_lock, dfpatch_does_nothing_while_a_thread_has_it)
{
	char wanted[64];
	const int holder = holder_does(INSIDE_TAKE);
	cr_assert_gt(holder, 0);
	snprintf(wanted, sizeof(wanted), "thread %d of process %d holds the lock", holder,
		 live.pid);
	const size_t size = spots_image(&spots, before);
	for (int i = 0; i < 3; i++) {
		tool_activates("--timeout=150ms", 3);
		tool_one_error(&tool, wanted);
		cr_assert_geq(tool.ns, 150000000u);
		nobody_is_traced(&live);
	}
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 0, "%s", tool.err);
	cr_assert_eq(spots_image(&spots, after), size);
	cr_assert_eq(memcmp(before, after, size), 0, "something was changed");
	cr_assert_eq(holder_does(INSIDE_GIVE), 0);
	tool_activates(NULL, 0);
	cr_assert_eq(activation("calm", "feature"), 1);
}

Test(inside_lock, dfpatch_goes_on_when_it_is_given_back)
{
	for (int i = 0; i < 5; i++) {
		cr_assert_gt(holder_does(INSIDE_TAKE), 0);
		tool_start(&tool,
			   (const char *const[]){"activate", PID(&live), "calm:feature", NULL},
			   NULL);
		sleep_us(60000);
		cr_assert_eq(activation("calm", "feature"), (uint32_t)i);
		cr_assert_eq(holder_does(INSIDE_GIVE), 0);
		cr_assert_eq(tool_wait(&tool), 0, "%s", tool.err);
		cr_assert_eq(activation("calm", "feature"), (uint32_t)i + 1);
	}
}

/* dfpatch does not wait for a lock where there is nothing to change. */
Test(inside_lock, dfpatch_needs_it_only_for_a_change)
{
	cr_assert_gt(holder_does(INSIDE_TAKE), 0);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "calm:feature"), 0, "%s", tool.err);
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), "--dry-run", "calm:"), 0, "%s", tool.err);
	cr_assert_eq(holder_does(INSIDE_GIVE), 0);
}

Test(inside_lock, libdf_waits_for_it)
{
	const int holder = holder_does(INSIDE_TAKE);
	send_activate();
	sleep_us(200000); /* longer than it sleeps before it looks at the owner again */
	cr_assert_not(talk_answered(&live, 0), "it did not wait");
	const struct df_control_v1 control = peek_control(&spots);
	cr_assert_eq(control.lock, (uint32_t)holder | DF_LOCK_WAITERS);
	cr_assert_eq(activation("calm", "feature"), 0);
	cr_assert_eq(holder_does(INSIDE_GIVE), 0);
	cr_assert_eq(talk_wait(&live, 0), 1);
	cr_assert_eq(activation("calm", "feature"), 1);
}

/* The mark of a sleeper is no part of the owner's number. */
Test(inside_lock, dfpatch_and_libdf_wait_for_the_same_thread)
{
	char wanted[64];
	const int holder = holder_does(INSIDE_TAKE);
	snprintf(wanted, sizeof(wanted), "thread %d of process %d holds the lock", holder,
		 live.pid);
	send_activate();
	sleep_us(100000);
	tool_activates("--timeout=100ms", 3);
	tool_one_error(&tool, wanted);
	tool_start(&tool, (const char *const[]){"activate", PID(&live), "calm:feature", NULL},
		   NULL);
	sleep_us(50000);
	cr_assert_eq(holder_does(INSIDE_GIVE), 0);
	cr_assert_eq(tool_wait(&tool), 0, "%s", tool.err);
	cr_assert_eq(talk_wait(&live, 0), 1);
	cr_assert_eq(activation("calm", "feature"), 2);
}

/* ---- owners that are dead ---- */

Test(inside_lock, dfpatch_takes_a_dead_threads_lock_for_free)
{
	const int dead = holder_does(INSIDE_DIE);
	cr_assert_eq(peek_control(&spots).lock, (uint32_t)dead);
	tool_activates("--timeout=0", 0);
	/* It never writes the lock. */
	cr_assert_eq(peek_control(&spots).lock, (uint32_t)dead);
	cr_assert_eq(activation("calm", "feature"), 1);
	send_activate();
	cr_assert_eq(talk_wait(&live, 0), 1);
	cr_assert_eq(peek_control(&spots).lock, 0);
	cr_assert_eq(activation("calm", "feature"), 2);
}

Test(inside_lock, libdf_takes_a_dead_threads_lock_for_free)
{
	cr_assert_gt(holder_does(INSIDE_DIE), 0);
	send_activate();
	cr_assert_eq(talk_wait(&live, 0), 1);
	cr_assert_eq(peek_control(&spots).lock, 0);
	tool_activates("--timeout=0", 0);
	cr_assert_eq(activation("calm", "feature"), 2);
}

/* The owner dies while both wait for it, and leaves the mark that somebody sleeps. */
Test(inside_lock, owner_that_died_with_sleepers)
{
	const int dead = holder_does(INSIDE_DIE);
	poke_lock(&spots, (uint32_t)dead | DF_LOCK_WAITERS);
	tool_activates("--timeout=0", 0);
	send_activate();
	cr_assert_eq(talk_wait(&live, 0), 1);
	cr_assert_eq(activation("calm", "feature"), 2);
}

/* What the dead thread had begun is put right by whoever comes next. */
Test(inside_lock, owner_that_died_in_the_middle)
{
	const struct spot *spot = spots_find(&spots, "calm", "feature");
	const struct df_state_v1 state = {.next.activation = 1};
	for (int i = 0; i < 2; i++) {
		cr_assert_gt(holder_does(INSIDE_DIE), 0);
		poke(&spots, spot->state, &state, sizeof(state));
		poke_phase(&spots, DF_PHASE_WRITING);
		if (i == 0)
			tool_activates("--timeout=0", 0);
		else
			cr_assert_eq(TALK(&live, .command = DF_ACTIVATE, .pattern = "calm:feature"),
				     1);
		cr_assert_eq(activation("calm", "feature"), 2);
		spots_are_whole(&spots);
		cr_assert_eq(TALK(&live, .command = DF_DISABLE, .pattern = "calm:feature"), 1);
	}
}
