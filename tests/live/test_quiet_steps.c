/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_quiet_steps.c - a quiet change that is held up at each of its steps,
 * while libdf works on the same flags, the program ends or becomes another, or
 * nothing at all goes on.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patcher.h"
#include "talk.h"

TestSuite(quiet_steps, .init = live_go_ahead, .timeout = 280);

static struct live live;
static struct spots spots;
static struct patcher patcher;

static const struct wish up = {.mode = MODE_QUIET, .op = DF_ACTIVATE, .pattern = "both:"};
static const struct talk same = {.command = DF_ACTIVATE, .pattern = "both:"};

/* So that each of two sites gets another byte when `up` comes. */
static void switch_off(const struct live *target)
{
	cr_assert_eq(TALK(target, .command = DF_DISABLE, .pattern = "both:"), 2);
}

static void start(void)
{
	LIVE_START(&live, "inside", "workers=3", "spinners=1", "rest=200", "init=1");
	spots_open(&spots, &live);
	switch_off(&live);
}

static void stop(void)
{
	nobody_is_traced(&live);
	talk_at_rest(&spots);
	spots_close(&spots);
	live_stop(&live);
}

static uint32_t activation(const struct spots *of, const char *name)
{
	return talk_count(of, spots_find(of, "both", name)).activation;
}

static void counts_are(const struct spots *of, uint32_t count, int step)
{
	cr_assert_eq(activation(of, "feature"), count, "step %d: feature %u, not %u", step,
		     activation(of, "feature"), count);
	cr_assert_eq(activation(of, "standard"), count, "step %d: standard %u, not %u", step,
		     activation(of, "standard"), count);
}

static uint64_t place(size_t member)
{
	return spots.control + member;
}
#define CONTROL(MEMBER) place(offsetof(struct df_control_v1, MEMBER))

static void begin_held(int hold)
{
	struct wish wish = up;
	wish.hold = hold;
	patcher_start(&patcher, live.pid, &wish);
}

static void end_well(void)
{
	patcher_go_on(&patcher);
	const int status = patcher_end(&patcher);
	cr_assert_eq(status, 0, "%d: %s", status, patcher.page->error);
	cr_assert_not(patcher.page->stopped);
	patcher_free(&patcher);
}

/* The steps of `up`, found out by carrying it out once. */
static struct {
	int all, lock;
	int last_write; /* but for the end of the claim */
} step_of;

static void find_steps(void)
{
	const int status = patcher_do(&patcher, live.pid, &up);
	cr_assert_eq(status, 0, "%d: %s", status, patcher.page->error);
	step_of.all = patcher.page->steps;
	step_of.lock = patcher_find(&patcher, STEP_READ, CONTROL(lock));
	cr_assert_eq(patcher_find(&patcher, STEP_WRITE, CONTROL(external)), 1,
		     "the claim is not what is written first");
	cr_assert_gt(step_of.lock, 1);
	switch_off(&live);
	for (int i = 1; i < step_of.all; i++)
		if (patcher.page->list[i - 1].kind == STEP_WRITE)
			step_of.last_write = i;
	/* The end of the claim is what it ends with. */
	const struct step *last = &patcher.page->list[step_of.all - 1];
	cr_assert(last->kind == STEP_WRITE && last->addr == CONTROL(external));
	patcher_free(&patcher);
}

/* ---- libdf begins in that moment ---- */

/* Two threads, so that one sleeps on the lock of the other when the claim ends.
 */
static void beside_libdf(int step)
{
	begin_held(step);
	cr_assert(patcher_held(&patcher), "there is no step %d", step);
	const bool claimed = peek_control(&spots).external != 0;
	cr_assert_eq(claimed, step > 1, "step %d", step);
	const uint64_t generation = peek_control(&spots).generation;
	talk_send(&live, 0, &same);
	talk_send(&live, 1, &same);
	sleep_us(20000);
	if (claimed) {
		cr_assert(!talk_answered(&live, 0) && !talk_answered(&live, 1),
			  "step %d: it did not wait", step);
		const uint64_t now = peek_control(&spots).generation;
		cr_assert(now - generation <= 1, "step %d", step);
	} else {
		cr_assert(talk_wait(&live, 0) == 2 && talk_wait(&live, 1) == 2);
	}
	end_well();
	cr_assert_eq(talk_wait(&live, 0), 2, "step %d: %s", step, talk_error(&live, 0));
	cr_assert_eq(talk_wait(&live, 1), 2, "step %d: %s", step, talk_error(&live, 1));
	talk_at_rest(&spots);
}

Test(quiet_steps, libdf_waits_at_each_of_them)
{
	start();
	find_steps();
	for (int step = 1; step <= step_of.all; step++) {
		const uint64_t before = peek_control(&spots).generation;
		beside_libdf(step);
		counts_are(&spots, 3, step);
		cr_assert_eq(peek_control(&spots).generation, before + 3);
		switch_off(&live);
	}
	cr_log_info("%d steps\n", step_of.all);
	stop();
}

/* No delay is long, but there is one at each step, and libdf never rests. */
Test(quiet_steps, libdf_in_a_loop_beside_a_slow_one)
{
	enum { TIMES = 40 };
	struct wish wish = {.mode = MODE_QUIET,
			    .op = DF_ACTIVATE,
			    .pattern = "both:",
			    .back = DF_ACTIVATE,
			    .times = TIMES,
			    .delay_us = 500,
			    .timeout = 20000000000u};
	const struct talk loop = {.command = INSIDE_LOOP,
				  .kind = "both",
				  .up = DF_ACTIVATE,
				  .down = DF_DEACTIVATE,
				  .matches = 2};
	start();
	uint64_t done = peek_control(&spots).generation + TIMES;
	live.page->go = 1;
	for (int i = 0; i < 3; i++)
		talk_send(&live, i, &loop);
	const int status = patcher_do(&patcher, live.pid, &wish);
	cr_assert_eq(status, 0, "%d: %s", status, patcher.page->error);
	patcher_free(&patcher);
	live.page->go = 0;
	int64_t net = TIMES;
	for (int i = 0; i < 3; i++) {
		const struct inside_box *box = inside_box(live.page, i);
		talk_wait(&live, i);
		cr_assert_eq(box->denied, 0, "%s", box->error);
		net += box->net;
		done += box->done;
	}
	counts_are(&spots, (uint32_t)net, 0);
	cr_assert_eq(peek_control(&spots).generation, done);
	stop();
}

/* ---- libdf was first ---- */

static int holder_does(int command)
{
	talk_send(&live, 2, &(const struct talk){.command = command});
	return talk_wait(&live, 2);
}

/* It takes its lock at whatever moment before dfpatch looks there: dfpatch
 * waits. */
Test(quiet_steps, lock_that_is_taken_before_it_is_looked_at)
{
	static uint8_t text[2];
	start();
	find_steps();
	for (int step = 1; step <= step_of.lock; step++) {
		const uint64_t before = peek_control(&spots).generation;
		begin_held(step);
		cr_assert(patcher_held(&patcher));
		cr_assert_gt(holder_does(INSIDE_TAKE), 0);
		patcher_go_on(&patcher);
		for (int i = 0; i < 20; i++) {
			const struct df_control_v1 control = peek_control(&spots);
			cr_assert(control.phase == DF_PHASE_IDLE && control.generation == before);
			sleep_us(10000);
		}
		text[0] = peek_opcode(&spots, spots_find(&spots, "both", "feature"));
		cr_assert_eq(holder_does(INSIDE_GIVE), 0);
		end_well();
		text[1] = peek_opcode(&spots, spots_find(&spots, "both", "feature"));
		cr_assert_neq(text[0], text[1]);
		counts_are(&spots, 1, step);
		switch_off(&live);
	}
	stop();
}

Test(quiet_steps, lock_that_is_not_given_back)
{
	char wanted[64];
	struct wish wish = up;
	wish.timeout = 500000000;
	start();
	const int holder = holder_does(INSIDE_TAKE);
	snprintf(wanted, sizeof(wanted), "thread %d of process %d holds the lock", holder,
		 live.pid);
	/* It sleeps on the lock meanwhile, and the claim comes and goes over its
	 * head. */
	talk_send(&live, 0, &same);
	cr_assert_eq(patcher_do(&patcher, live.pid, &wish), -(int)DF_E_BUSY, "%s",
		     patcher.page->error);
	cr_assert(strstr(patcher.page->error, wanted), "%s", patcher.page->error);
	patcher_free(&patcher);
	cr_assert_eq(peek_control(&spots).external, 0);
	counts_are(&spots, 0, 0);
	cr_assert_eq(holder_does(INSIDE_GIVE), 0);
	cr_assert_eq(talk_wait(&live, 0), 2);
	counts_are(&spots, 1, 0);
	stop();
}

/* A thread that takes an older claim for dead may wipe ours with it. */
Test(quiet_steps, claim_that_is_wiped)
{
	const uint64_t none = 0;
	start();
	find_steps();
	for (int step = 2; step <= step_of.lock; step++) {
		begin_held(step);
		cr_assert(patcher_held(&patcher));
		cr_assert_neq(peek_control(&spots).external, 0);
		poke(&spots, CONTROL(external), &none, sizeof(none));
		patcher_go_on(&patcher);
		cr_assert_eq(patcher_end(&patcher), 0, "%s", patcher.page->error);
		/* It began anew, and did not just go on. */
		cr_assert_gt(patcher.page->steps, step_of.all, "step %d", step);
		patcher_free(&patcher);
		counts_are(&spots, 1, step);
		switch_off(&live);
	}
	stop();
}

/* ---- it takes too long ---- */

#define MANY 64

static struct live lives[MANY];
static struct spots tables[MANY];
static struct patcher patchers[MANY];

static void start_many(int count)
{
	for (int i = 0; i < count; i++) {
		LIVE_START(&lives[i], "inside", "init=1");
		spots_open(&tables[i], &lives[i]);
		switch_off(&lives[i]);
	}
}

static void stop_many(int count)
{
	for (int i = 0; i < count; i++) {
		nobody_is_traced(&lives[i]);
		talk_at_rest(&tables[i]);
		spots_close(&tables[i]);
		live_stop(&lives[i]);
	}
}

static int count_steps(void)
{
	start();
	find_steps();
	stop();
	cr_assert(step_of.all <= MANY, "%d steps are more than the test has room for", step_of.all);
	return step_of.all;
}

static void hold_each(int count, bool without_watchdog)
{
	for (int i = 0; i < count; i++) {
		struct wish wish = up;
		wish.hold = i + 1;
		wish.without_watchdog = without_watchdog;
		/* Not once more, when the time is over. */
		wish.timeout = 100000000;
		patcher_start(&patchers[i], lives[i].pid, &wish);
	}
	for (int i = 0; i < count; i++)
		cr_assert(patcher_held(&patchers[i]) || !without_watchdog);
}

static void all_are_bitten(int count)
{
	char text[512];
	hold_each(count, false);
	for (int i = 0; i < count; i++) {
		cr_assert_eq(patcher_end(&patchers[i]), SIGKILL, "step %d", i + 1);
		/* It says so once the kill is done. */
		for (int j = 0; j < 1000; j++) {
			const ssize_t got = pread(patchers[i].stderr_fd, text, sizeof(text) - 1, 0);
			text[got > 0 ? got : 0] = '\0';
			if (got > 0)
				break;
			sleep_us(1000);
		}
		cr_assert(strstr(text, "its watchdog ended it"), "step %d: %s", i + 1, text);
		patcher_free(&patchers[i]);
		cr_assert_eq(peek_control(&tables[i]).external != 0, i > 0, "step %d", i + 1);
	}
}

/* 0 before, 1 after; the same for both flags. */
static uint32_t before_or_after(int i)
{
	const uint32_t count = activation(&tables[i], "feature") - 1;
	counts_are(&tables[i], count + 1, i + 1);
	cr_assert(count <= 1, "step %d: %u", i + 1, count);
	return count;
}

/* The commit point, and whatever is behind it, is behind what was before it. */
static void forward_from_one_step_on(int count)
{
	uint32_t last = 0, forward = 0;
	for (int i = 0; i < count; i++) {
		const uint32_t now = before_or_after(i);
		cr_assert(now >= last, "step %d was undone, the one before was not", i + 1);
		last = now;
		forward += now;
	}
	cr_log_info("%u of %d were finished\n", forward, count);
	cr_assert(forward > 0 && forward < (uint32_t)count);
}

Test(quiet_steps, bitten_at_each_of_them_and_libdf_puts_it_right)
{
	const int count = count_steps();
	start_many(count);
	all_are_bitten(count);
	for (int i = 0; i < count; i++)
		talk_send(&lives[i], 0, &same);
	for (int i = 0; i < count; i++)
		cr_assert_eq(talk_wait(&lives[i], 0), 2, "step %d: %s", i + 1,
			     talk_error(&lives[i], 0));
	forward_from_one_step_on(count);
	stop_many(count);
}

static void dfpatch_puts_it_right(enum mode mode)
{
	const int count = count_steps();
	struct wish wish = up;
	wish.mode = mode;
	start_many(count);
	all_are_bitten(count);
	for (int i = 0; i < count; i++) {
		const int status = patcher_do(&patcher, lives[i].pid, &wish);
		cr_assert_eq(status, 0, "step %d: %d: %s", i + 1, status, patcher.page->error);
		cr_assert(mode != MODE_QUIET || !patcher.page->stopped);
		patcher_free(&patcher);
	}
	forward_from_one_step_on(count);
	stop_many(count);
}

Test(quiet_steps, bitten_at_each_of_them_and_dfpatch_puts_it_right)
{
	dfpatch_puts_it_right(MODE_STOP);
}

Test(quiet_steps, bitten_at_each_of_them_and_dfpatch_puts_it_right_quietly)
{
	dfpatch_puts_it_right(MODE_QUIET);
}

/* Held up just before a call, it comes to its senses when the time of its claim
 * is over. */
Test(quiet_steps, nothing_is_written_when_the_time_is_over)
{
	const int count = count_steps();
	start_many(count);
	hold_each(count, true);
	sleep_us(300000);
	for (int i = 0; i < count; i++)
		patcher_go_on(&patchers[i]);
	for (int i = 0; i < count; i++) {
		const int status = patcher_end(&patchers[i]);
		const struct patcher_page *page = patchers[i].page;
		const bool was_write = page->list[i].kind == STEP_WRITE;
		cr_assert_leq(page->writes_after, was_write, "step %d: %d writes", i + 1,
			      page->writes_after);
		cr_assert(status < 0 || i + 1 >= step_of.last_write, "step %d: %d", i + 1, status);
		patcher_free(&patchers[i]);
	}
	for (int i = 0; i < count; i++)
		talk_send(&lives[i], 0, &same);
	for (int i = 0; i < count; i++)
		cr_assert_eq(talk_wait(&lives[i], 0), 2, "step %d: %s", i + 1,
			     talk_error(&lives[i], 0));
	forward_from_one_step_on(count);
	stop_many(count);
}

/* ---- the program ends, or becomes another ---- */

static void wait_for_life(int64_t life)
{
	const uint64_t end = now_ns() + 20000000000u;
	while (live.page->word[0] < life || !live.page->ready) {
		cr_assert(live_runs(&live) && now_ns() < end, "life %ld does not begin",
			  (long)life);
		sleep_us(200);
	}
}

static const struct wish reborn = {
	.mode = MODE_QUIET, .op = DF_ENABLE, .pattern = "reborn:", .without_watchdog = true};

static int steps_of_reborn(void)
{
	LIVE_START(&live, "reborn");
	const int status = patcher_do(&patcher, live.pid, &reborn);
	cr_assert_eq(status, 0, "%d: %s", status, patcher.page->error);
	const int steps = patcher.page->steps;
	patcher_free(&patcher);
	live_stop(&live);
	return steps;
}

/* At the same addresses as before, so that a write would hit. */
static void becomes_itself(int step, uint32_t how)
{
	static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];
	struct wish wish = reborn;
	wish.hold = step;
	LIVE_START(&live, "reborn");
	spots_open(&spots, &live);
	const size_t size = spots_image(&spots, before);
	spots_close(&spots);
	patcher_start(&patcher, live.pid, &wish);
	cr_assert(patcher_held(&patcher));
	live.page->ready = 0;
	live.page->go = how;
	wait_for_life(2);
	patcher_go_on(&patcher);
	const int status = patcher_end(&patcher);
	cr_assert(status == -(int)DF_E_EXEC || step >= 3, "step %d: %d: %s", step, status,
		  patcher.page->error);
	patcher_free(&patcher);
	spots_open(&spots, &live);
	cr_assert_eq(spots_image(&spots, after), size);
	cr_assert_eq(memcmp(before, after, size), 0, "step %d: the new program was changed", step);
	live_beat(&live);
	cr_assert(live.page->value[0] == 0 && live.page->value[1] == 1);
	spots_close(&spots);
	live_stop(&live);
}

Test(quiet_steps, exec_at_each_of_them)
{
	const int steps = steps_of_reborn();
	for (int step = 1; step <= steps; step++)
		becomes_itself(step, step % 2 ? 1 : 2);
}

static void ends(int step, int signal)
{
	struct wish wish = reborn;
	wish.hold = step;
	LIVE_START(&live, "reborn");
	patcher_start(&patcher, live.pid, &wish);
	cr_assert(patcher_held(&patcher));
	if (signal)
		kill(live.pid, signal);
	else
		live.page->go = 3;
	while (live_runs(&live))
		sleep_us(200);
	patcher_go_on(&patcher);
	const int status = patcher_end(&patcher);
	cr_assert_leq(status, 0, "step %d: signal %d", step, status);
	cr_assert(status == -(int)DF_E_NO_PROCESS || step >= 3, "step %d: %d: %s", step, status,
		  patcher.page->error);
	patcher_free(&patcher);
	cr_assert_eq(waitpid(live.pid, NULL, 0), live.pid);
}

Test(quiet_steps, exit_at_each_of_them)
{
	const int steps = steps_of_reborn();
	for (int step = 1; step <= steps; step++)
		ends(step, step % 2 ? SIGKILL : 0);
}
