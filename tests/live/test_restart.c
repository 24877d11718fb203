/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_restart.c - what a stop does to the calls that it breaks off: nothing.
 *
 * See calls.c. Without the repair every one of its calls but the last two ends
 * with EINTR at every stop.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "live.h"
#include "process.h"
#include "spots.h"
#include "threads.h"

TestSuite(restart, .timeout = 120);

#define BUDGET 10000000000u /* ns */

static struct live live;
static struct process process;
static struct threads threads;

static int64_t word(enum call_word which, int call)
{
	return live.page->word[(int)which * CALLS + call];
}

static void start(void)
{
	struct df_err err;
	live_go_ahead();
	LIVE_START(&live, "calls");
	cr_assert_eq(process_open(live.pid, true, &process, &err), 0, "%s", err.text);
	cr_assert_eq(threads_begin(&threads, &process, &err), 0, "%s", err.text);
}

static void end(void)
{
	threads_end(&threads);
	process_close(&process);
	nobody_is_traced(&live);
	live_stop(&live);
}

static void halt(void)
{
	struct df_err err;
	cr_assert(all_threads_are(&live, 'S'), "a thread is not in its call");
	cr_assert_eq(threads_stop(&threads, BUDGET, &err), 0, "%s", err.text);
}

static bool is_there(int call)
{
	if (word(CALL_ID, call) == 0)
		cr_log_warn("the kernel does not let us make call %d\n", call);
	return word(CALL_ID, call) != 0;
}

static void all_stand_in_their_calls(int64_t interrupted)
{
	cr_assert(all_threads_are(&live, 'S'));
	for (int i = 0; i < CALLS; i++) {
		if (!is_there(i))
			continue;
		cr_assert_eq(word(CALL_EINTR, i), interrupted, "call %d: EINTR %ld times", i,
			     (long)word(CALL_EINTR, i));
		cr_assert_eq(word(CALL_ENDED, i), 0, "call %d ended with %ld", i,
			     (long)word(CALL_RESULT, i));
	}
}

/* What they wait for happens, and each gets it. */
static void all_come_to_their_ends(void)
{
	const uint64_t patience = now_ns() + 10000000000u;
	live.page->go = 1;
	for (int i = 0; i < CALLS; i++) {
		if (word(CALL_ID, i) == 0 || i == CALL_IO_GETEVENTS || i == CALL_IO_URING_ENTER)
			continue;
		while (word(CALL_ENDED, i) == 0) {
			cr_assert(now_ns() < patience, "call %d does not end", i);
			sleep_us(200);
		}
		/* What a futex waits for may have come before it began to wait. */
		cr_assert(word(CALL_RESULT, i) >= 0 ||
				  (i == CALL_FUTEX && word(CALL_RESULT, i) == -EAGAIN),
			  "call %d: %ld", i, (long)word(CALL_RESULT, i));
	}
	for (int i = CALL_RECVFROM; i <= CALL_READV; i++)
		cr_assert_eq(word(CALL_RESULT, i), i == CALL_RECVMMSG ? 1 : 3, "call %d: %ld", i,
			     (long)word(CALL_RESULT, i));
}

Test(restart, no_call_ends_with_eintr)
{
	start();
	for (int i = 0; i < 300; i++) {
		halt();
		threads_resume(&threads);
		all_stand_in_their_calls(0);
	}
	all_come_to_their_ends();
	end();
}

Test(restart, by_the_tool)
{
	static struct tool tool;
	start();
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(
			TOOL(&tool, i % 2 ? "enable" : "disable", PID(&live), "calls:", "--stop"),
			0, "%s", tool.err);
		all_stand_in_their_calls(0);
	}
	end();
}

/* Natively a handler runs and the call then fails: so it does when both come. */
Test(restart, a_handler_runs_and_its_call_ends)
{
	start();
	for (int round = 1; round <= 20; round++) {
		halt();
		for (int i = 0; i < CALLS; i++)
			if (is_there(i))
				syscall(SYS_tgkill, live.pid, word(CALL_ID, i), SIGUSR1);
		threads_resume(&threads);
		const uint64_t patience = now_ns() + 10000000000u;
		for (int i = 0; i < CALLS; i++)
			while (is_there(i) && word(CALL_EINTR, i) < round) {
				cr_assert(now_ns() < patience, "call %d: no EINTR", i);
				sleep_us(100);
			}
		all_stand_in_their_calls(round);
		for (int i = 0; i < CALLS; i++)
			cr_assert(!is_there(i) || word(CALL_HANDLED, i) == round);
	}
	all_come_to_their_ends();
	end();
}

/* Signals that come while threads are being stopped, not after. */
Test(restart, a_handler_runs_once_whenever_the_signal_comes)
{
	enum { SIGNALS = 200 };
	start();
	const pid_t sender = fork();
	if (sender == 0) {
		for (int sent = 0; sent < SIGNALS; sent++)
			for (int i = 0; i < CALLS; i++)
				while (word(CALL_ID, i) != 0 && word(CALL_HANDLED, i) < sent + 1) {
					syscall(SYS_tgkill, live.pid, word(CALL_ID, i), SIGUSR1);
					while (word(CALL_HANDLED, i) < sent + 1)
						sleep_us(20);
				}
		_exit(0);
	}
	int status = 0, stops = 0;
	while (waitpid(sender, &status, WNOHANG) == 0) {
		struct df_err err;
		cr_assert_eq(threads_stop(&threads, BUDGET, &err), 0, "%s", err.text);
		threads_resume(&threads);
		sleep_us((unsigned)(stops++ * 53 % 400));
	}
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	cr_assert_gt(stops, 50);
	for (int i = 0; i < CALLS; i++)
		cr_assert(!is_there(i) || (word(CALL_HANDLED, i) == SIGNALS &&
					   word(CALL_EINTR, i) <= SIGNALS),
			  "call %d: %ld handled, %ld EINTR", i, (long)word(CALL_HANDLED, i),
			  (long)word(CALL_EINTR, i));
	all_come_to_their_ends();
	end();
}

/* A call of 32-bit programs has another number for another thing: it is left alone. */
Test(restart, calls_of_32_bit_programs_are_left_alone)
{
	enum { STOPS = 10 };
	start();
	if (live.page->word[CALLS_INT80] == 1) {
		end();
		cr_skip("the kernel has no calls of 32-bit programs\n");
	}
	for (int i = 0; i < STOPS; i++) {
		halt();
		threads_resume(&threads);
	}
	cr_assert(all_threads_are(&live, 'S'));
	cr_assert_eq(live.page->word[CALLS_INT80], 2 + STOPS);
	end();
}

/* The tracer dies before, at or after the repair of a thread. */
Test(restart, the_tracer_dies)
{
	start();
	for (int i = 0; i < 300; i++) {
		int status;
		cr_assert(all_threads_are(&live, 'S'));
		const pid_t tracer = fork();
		if (tracer == 0) {
			struct df_err err;
			if (threads_stop(&threads, BUDGET, &err) < 0)
				_exit(1);
			pause();
		}
		sleep_us((unsigned)(i * 17 % 1500));
		kill(tracer, SIGKILL);
		cr_assert_eq(waitpid(tracer, &status, 0), tracer);
		cr_assert(WIFSIGNALED(status), "the stop failed");
		cr_assert(live_runs(&live), "round %d: the target died", i);
	}
	cr_assert(all_threads_are(&live, 'S'));
	all_come_to_their_ends();
	end();
}

Test(restart, job_control_stays_what_it_was)
{
	start();
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(kill(live.pid, SIGSTOP), 0);
		cr_assert(all_threads_are(&live, 'T'));
		struct df_err err;
		cr_assert_eq(threads_stop(&threads, BUDGET, &err), 0, "%s", err.text);
		threads_resume(&threads);
		cr_assert(all_threads_are(&live, 'T'));
		cr_assert_eq(kill(live.pid, SIGCONT), 0);
		cr_assert(all_threads_are(&live, 'S'));
	}
	/* signal(7): these fail after SIGCONT, without a handler and without us. */
	cr_assert_eq(word(CALL_EINTR, CALL_EPOLL_WAIT), 5);
	cr_assert_eq(word(CALL_EINTR, CALL_POLL), 0);
	end();
}
