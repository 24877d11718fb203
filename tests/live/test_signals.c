/* SPDX-License-Identifier: Apache-2.0 */
/* test_signals.c - signals to dfpatch, to the target, and job control. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "basic.h"
#include "live.h"
#include "spots.h"

TestSuite(signals, .timeout = 120);

static struct tool tool;

/* dfpatch is ended at a random moment; the seed makes a failure repeatable. */
static void end_by(int signal_of_round(int), unsigned seed)
{
	struct live live;
	struct spots spots;
	int ended = 0;
	live_go_ahead();
	srand(seed);
	LIVE_START(&live, "spin", "threads=16");
	spots_open(&spots, &live);
	for (int i = 0; i < 200; i++) {
		const char *command = i % 2 ? "disable" : "enable";
		tool_start(&tool, (const char *const[]){command, PID(&live), "pair:", NULL}, NULL);
		sleep_us((unsigned)rand() % 8000);
		kill(tool.pid, signal_of_round(i));
		tool_wait(&tool);
		ended += tool.status < 0;
		nobody_is_traced(&live);
		cr_assert(live_runs(&live), "the target died");
	}
	cr_log_info("%d of 200 ended by the signal\n", ended);
	cr_assert_gt(ended, 10);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--stop", "pair:", "--max-stop=10s"), 0,
		     "%s", tool.err);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "--stop", "pair:", "--max-stop=10s"), 0,
		     "%s", tool.err);
	spots_are_whole(&spots);
	spots_close(&spots);
	live_stop(&live);
}

static int interrupt_or_terminate(int round)
{
	return round % 4 < 2 ? SIGINT : SIGTERM;
}

static int kill_it(int round)
{
	(void)round;
	return SIGKILL;
}

Test(signals, dfpatch_interrupted_or_terminated)
{
	end_by(interrupt_or_terminate, 1);
}

Test(signals, dfpatch_killed)
{
	end_by(kill_it, 2);
}

Test(signals, job_control_stop_stays)
{
	struct live live;
	struct spots spots;
	LIVE_START(&live, "basic", "threads=8");
	spots_open(&spots, &live);
	cr_assert_eq(kill(live.pid, SIGSTOP), 0);
	cr_assert(all_threads_are(&live, 'T'));
	for (int i = 0; i < 21; i++) {
		const char *command = i % 2 ? "disable" : "enable";
		cr_assert_eq(TOOL(&tool, command, PID(&live), "--stop", "basic:feature"), 0, "%s",
			     tool.err);
		cr_assert(strstr(tool.out, "8 threads stood still"), "%s", tool.out);
		nobody_is_traced(&live);
		cr_assert(all_threads_are(&live, 'T'));
	}
	const uint64_t beat = live.page->beat;
	sleep_us(20000);
	cr_assert_eq(live.page->beat, beat, "it goes on without SIGCONT");
	spots_are_whole(&spots);
	cr_assert_eq(kill(live.pid, SIGCONT), 0);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	spots_close(&spots);
	live_stop(&live);
}

/* SIGCONT and SIGSTOP that arrive during an operation have their effect, in the end. */
Test(signals, job_control_during_operations)
{
	struct live live;
	live_go_ahead();
	LIVE_START(&live, "basic", "threads=8");
	for (int i = 0; i < 100; i++) {
		const bool to_stop = i % 2 == 0;
		tool_start(&tool,
			   (const char *const[]){to_stop ? "enable" : "disable", PID(&live),
						 "basic:feature", NULL},
			   NULL);
		sleep_us((unsigned)(i * 53 % 4000));
		cr_assert_eq(kill(live.pid, to_stop ? SIGSTOP : SIGCONT), 0);
		cr_assert_eq(tool_wait(&tool), 0, "%s", tool.err);
		nobody_is_traced(&live);
		if (to_stop)
			cr_assert(all_threads_are(&live, 'T'), "round %d: the stop was lost", i);
		else
			live_beat(&live);
	}
	live_stop(&live);
}

Test(signals, no_signal_is_lost)
{
	enum { SIGNALS = 100, FLIPS_AT_ONCE = 4 };
	struct live live;
	LIVE_START(&live, "signals");
	for (int i = 0; i < SIGNALS; i++) {
		const union sigval value = {.sival_int = i};
		const bool flip = i % FLIPS_AT_ONCE == 0;
		const char *command = i % (2 * FLIPS_AT_ONCE) == 0 ? "enable" : "disable";
		if (flip)
			tool_start(&tool,
				   (const char *const[]){command, PID(&live), "signals:", NULL},
				   NULL);
		sleep_us((unsigned)(i * 31 % 900));
		cr_assert_eq(sigqueue(live.pid, SIGRTMIN, value), 0);
		if (i % FLIPS_AT_ONCE == FLIPS_AT_ONCE - 1)
			cr_assert_eq(tool_wait(&tool), 0, "%s", tool.err);
	}
	for (int i = 0; i < 10000 && live.page->beat < SIGNALS; i++)
		sleep_us(1000);
	cr_assert_eq(live.page->beat, SIGNALS);
	for (int i = 0; i < SIGNALS; i++)
		cr_assert_eq(live.page->word[i], i, "signal %d has value %ld", i,
			     (long)live.page->word[i]);
	nobody_is_traced(&live);
	live_stop(&live);
}
