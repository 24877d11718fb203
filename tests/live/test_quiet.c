/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_quiet.c - flags changed while the program runs: nobody is stopped,
 * nobody is traced, and what a thread looks at afterwards is new.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "looks.h"
#include "patcher.h"
#include "spots.h"

TestSuite(quiet, .timeout = 120);

static struct live live;
static struct spots spots;
static struct patcher patcher;

static void start(const char *name, const char *option)
{
	LIVE_START(&live, name, option);
	spots_open(&spots, &live);
}

static void stop(void)
{
	const struct df_control_v1 control = peek_control(&spots);
	cr_assert(control.lock == 0 && control.external == 0, "lock %u, claim %u", control.lock,
		  control.external);
	nobody_is_traced(&live);
	spots_are_whole(&spots);
	spots_close(&spots);
	live_stop(&live);
}

/* Nothing of it may be seen in the report either. */
static void changed_quietly(const struct wish *wish)
{
	const int status = patcher_do(&patcher, live.pid, wish);
	const struct patcher_page *page = patcher.page;
	cr_assert_eq(status, 0, "%d: %s", status, page->error);
	cr_assert(!page->stopped && page->pause == 0 && *page->why_stopped == '\0');
	cr_assert_eq(page->traced, 0, "ptrace(2) was called");
	patcher_free(&patcher);
}

/* ---- values ---- */

/* As a change does it: before, odd; after, even, with the value beside. */
static void one_epoch(const struct wish *wish, bool on)
{
	live.page->go++;
	cr_assert_eq(patcher_do(&patcher, live.pid, wish), 0, "%s", patcher.page->error);
	cr_assert(!patcher.page->stopped && patcher.page->committed == 1);
	patcher_free(&patcher);
	live.page->go = (live.page->go / 4 + 1) * 4 + (on ? 2 : 0);
}

/* Waits until each has gone through so many rounds, counted from a word on. */
static void rounds(int word, int threads, int64_t times)
{
	const uint64_t end = now_ns() + 30000000000u;
	int64_t before[LOOKS_THREADS];
	for (int i = 0; i < threads; i++)
		before[i] = live.page->word[word + i];
	for (int i = 0; i < threads; i++)
		while (live.page->word[word + i] < before[i] + times) {
			cr_assert(now_ns() < end, "thread %d stands still", i);
			sleep_us(50);
		}
}

static void looked_surely(int threads, int64_t times)
{
	rounds(LOOKS_SURE, threads, times);
	cr_assert_eq(live.page->broken, 0, "%lu rounds saw what they must not",
		     (unsigned long)live.page->broken);
}

/* A thread on each processor looks at all sites without pause; once the call is
 * over, no look finds an old value. */
Test(quiet, nobody_sees_the_old_value_afterwards)
{
	enum { FLIPS = 100 };
	live_go_ahead();
	LIVE_START(&live, "looks", "threads=4", "pin=1");
	spots_open(&spots, &live);
	for (int i = 0; i < FLIPS; i++) {
		one_epoch(&(const struct wish){.mode = MODE_QUIET,
					       .op = i % 2 ? DF_DISABLE : DF_ENABLE,
					       .pattern = "looks:"},
			  i % 2 == 0);
		looked_surely(i % 10 == 0 ? 4 : 2, 2);
		cr_assert_eq(peek_control(&spots).generation, (uint64_t)i + 1);
		cr_assert_eq(peek_control(&spots).external, 0);
		spots_are_whole(&spots);
	}
	stop();
}

/* ---- nobody is stopped ---- */

static long switches_of(int64_t thread)
{
	char path[64], text[4096];
	long count = -1;
	snprintf(path, sizeof(path), "/proc/%d/task/%ld/status", live.pid, (long)thread);
	FILE *file = fopen(path, "re");
	cr_assert(file);
	const size_t got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	const char *at = strstr(text, "\nvoluntary_ctxt_switches:");
	cr_assert(at && sscanf(at, "\nvoluntary_ctxt_switches: %ld", &count) == 1);
	return count;
}

/* Who is woken from its call, if only to go back to it, gives up the processor
 * once more. */
Test(quiet, no_call_is_broken_off)
{
	long before[CALLS] = {0};
	start("calls", NULL);
	cr_assert(all_threads_are(&live, 'S'));
	for (int i = 0; i < CALLS; i++)
		if (live.page->word[CALL_ID * CALLS + i] != 0)
			before[i] = switches_of(live.page->word[CALL_ID * CALLS + i]);
	changed_quietly(&(const struct wish){.mode = MODE_QUIET,
					     .op = DF_ENABLE,
					     .back = DF_DISABLE,
					     .times = 50,
					     .pattern = "calls:"});
	for (int i = 0; i < CALLS; i++) {
		const int64_t thread = live.page->word[CALL_ID * CALLS + i];
		if (thread == 0)
			continue;
		cr_assert_eq(switches_of(thread), before[i], "call %d was woken", i);
		cr_assert_eq(live.page->word[CALL_EINTR * CALLS + i], 0, "call %d: EINTR", i);
		cr_assert_eq(live.page->word[CALL_ENDED * CALLS + i], 0, "call %d ended", i);
	}
	cr_assert_eq(peek_control(&spots).generation, 50);
	stop();
}

static void events_of_target(int wanted)
{
	siginfo_t info = {0};
	cr_assert_eq(waitid(P_PID, (id_t)live.pid, &info, WSTOPPED | WCONTINUED | WNOHANG), 0);
	cr_assert_eq(info.si_pid == 0 ? 0 : info.si_code, wanted);
}

Test(quiet, what_job_control_stopped_stays_stopped)
{
	start("looks", "threads=2");
	live.page->go = 1;
	rounds(0, 2, 2);
	cr_assert_eq(kill(live.pid, SIGSTOP), 0);
	cr_assert(all_threads_are(&live, 'T'));
	events_of_target(CLD_STOPPED);
	changed_quietly(
		&(const struct wish){.mode = MODE_QUIET, .op = DF_ENABLE, .pattern = "looks:"});
	cr_assert(all_threads_are(&live, 'T'));
	events_of_target(0);
	live.page->go = 2;
	cr_assert_eq(kill(live.pid, SIGCONT), 0);
	looked_surely(2, 2);
	events_of_target(CLD_CONTINUED);
	events_of_target(0);
	stop();
}

/* ---- refusals ---- */

static void refused(const struct wish *wish, int code, const char *why)
{
	static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];
	const size_t size = spots_image(&spots, before);
	const int status = patcher_do(&patcher, live.pid, wish);
	cr_assert_eq(status, -code, "%d: %s", status, patcher.page->error);
	cr_assert(strstr(patcher.page->error, why), "'%s' is not in: %s", why, patcher.page->error);
	cr_assert(!patcher.page->stopped && patcher.page->committed == 0);
	patcher_free(&patcher);
	cr_assert_eq(spots_image(&spots, after), size);
	cr_assert_eq(memcmp(before, after, size), 0, "something was changed");
}

static pid_t trace(volatile int *ready)
{
	const pid_t tracer = fork();
	if (tracer != 0)
		return tracer;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "a-tracer");
	*ready = ptrace(PTRACE_SEIZE, live.pid, NULL, NULL) == 0 ? 1 : 2;
	for (;;)
		pause();
}

Test(quiet, traced_by_somebody)
{
	char tracer_id[32];
	volatile int *ready =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	start("basic", NULL);
	cr_assert(ready != MAP_FAILED);
	const pid_t tracer = trace(ready);
	while (*ready == 0)
		sleep_us(500);
	cr_assert_eq(*ready, 1, "no tracer");
	snprintf(tracer_id, sizeof(tracer_id), "process %d", tracer);
	refused(&(const struct wish){.mode = MODE_QUIET, .op = DF_ENABLE, .pattern = "."},
		DF_E_TRACED, "a-tracer");
	refused(&(const struct wish){.mode = MODE_QUIET, .op = DF_ENABLE, .pattern = "."},
		DF_E_TRACED, tracer_id);
	kill(tracer, SIGKILL);
	waitpid(tracer, NULL, 0);
	changed_quietly(&(const struct wish){.mode = MODE_QUIET, .op = DF_ENABLE, .pattern = "."});
	stop();
}

Test(quiet, breakpoint_at_a_site)
{
	const uint8_t breakpoint = 0xcc;
	uint8_t was;
	start("blocked", NULL);
	const struct spot *spot = spots_find(&spots, "blocked", "first");
	was = peek_opcode(&spots, spot);
	poke(&spots, spot->site, &breakpoint, 1);
	refused(&(const struct wish){.mode = MODE_QUIET, .op = DF_ENABLE, .pattern = "blocked:"},
		DF_E_BREAKPOINT, "blocked:first");
	poke(&spots, spot->site, &was, 1);
	stop();
}

/* It comes when all is verified and planned already. */
Test(quiet, breakpoint_in_the_last_moment)
{
	const uint8_t breakpoint = 0xcc;
	uint8_t was;
	start("blocked", NULL);
	const struct spot *spot = spots_find(&spots, "blocked", "first");
	was = peek_opcode(&spots, spot);
	patcher_start(&patcher, live.pid,
		      &(const struct wish){.mode = MODE_QUIET,
					   .op = DF_ENABLE,
					   .pattern = "blocked:first",
					   .hold = 1});
	cr_assert(patcher_held(&patcher));
	poke(&spots, spot->site, &breakpoint, 1);
	patcher_go_on(&patcher);
	cr_assert_eq(patcher_end(&patcher), -(int)DF_E_BREAKPOINT, "%s", patcher.page->error);
	patcher_free(&patcher);
	cr_assert_eq(peek_opcode(&spots, spot), breakpoint);
	poke(&spots, spot->site, &was, 1);
	cr_assert_eq(peek_control(&spots).generation, 0);
	stop();
}

/* Asked by nobody: where no controller inside was at work, it is the way that
 * is taken. */
Test(quiet, is_the_way_of_a_plain_program)
{
	start("basic", NULL);
	changed_quietly(&(const struct wish){.op = DF_ENABLE, .pattern = "."});
	cr_assert_eq(peek_control(&spots).generation, 1);
	stop();
}
