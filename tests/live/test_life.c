/* SPDX-License-Identifier: Apache-2.0 */
/* test_life.c - what a program lives through meanwhile: job control, signals, short threads. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic.h"
#include "gate.h"
#include "queue.h"
#include "spots.h"

TestSuite(life, .timeout = 60);

static struct tool tool;
static struct live live;
static struct spots spots;

static void start(const char *name, const char *option)
{
	LIVE_START(&live, name, option);
	spots_open(&spots, &live);
}

static void stop(void)
{
	nobody_is_traced(&live);
	spots_are_whole(&spots);
	spots_close(&spots);
	live_stop(&live);
}

/* ---- job control, as the parent sees it ---- */

static volatile sig_atomic_t stops, continues;

static void on_child(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_pid != live.pid)
		return;
	stops += info->si_code == CLD_STOPPED || info->si_code == CLD_TRAPPED;
	continues += info->si_code == CLD_CONTINUED;
}

/* Waits for the next change of the target's state, which must be `code`. */
static void await_change(int code)
{
	siginfo_t info = {0};
	while (waitid(P_PID, (id_t)live.pid, &info, WSTOPPED | WCONTINUED | WEXITED | WNOWAIT) != 0)
		cr_assert_eq(errno, EINTR);
	cr_assert_eq(info.si_code, code, "%d instead of %d", info.si_code, code);
	cr_assert_eq(waitpid(live.pid, NULL, WUNTRACED | WCONTINUED), live.pid);
}

static void no_change(void)
{
	siginfo_t info = {0};
	cr_assert_eq(waitid(P_PID, (id_t)live.pid, &info,
			    WSTOPPED | WCONTINUED | WEXITED | WNOHANG | WNOWAIT),
		     0);
	cr_assert_eq(info.si_pid, 0, "the parent sees a change (%d, status %d)", info.si_code,
		     info.si_status);
}

static void flip_stopped(int flips)
{
	for (int i = 0; i < flips; i++) {
		cr_assert_eq(TOOL(&tool, i % 2 ? "disable" : "enable", PID(&live), "--stop",
				  "basic:feature"),
			     0, "%s", tool.err);
		no_change();
		cr_assert(all_threads_are(&live, 'T'), "flip %d: it does not stay stopped", i);
	}
}

Test(life, parent_sees_one_stop_and_one_continue)
{
	const struct sigaction action = {.sa_sigaction = on_child,
					 .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER};
	cr_assert_eq(sigaction(SIGCHLD, &action, NULL), 0);
	start("basic", "threads=8");
	for (int round = 1; round <= 3; round++) {
		cr_assert_eq(kill(live.pid, SIGSTOP), 0);
		await_change(CLD_STOPPED);
		flip_stopped(round == 1 ? 21 : 2);
		cr_assert_eq(live.page->value[BASIC_FEATURE], round > 1);
		/* Signals of one number are not queued: that of a tool's end may stand for both. */
		cr_assert_leq(stops, round, "%d SIGCHLD of a stop", (int)stops);
		cr_assert_leq(continues, round - 1);
		cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--stop", "basic:feature"), 0);
		cr_assert_eq(kill(live.pid, SIGCONT), 0);
		await_change(CLD_CONTINUED);
		cr_assert(live_value(&live, BASIC_FEATURE, 1));
		no_change();
		cr_assert_leq(continues, round);
	}
	stop();
}

/* Of a running one the parent sees nothing at all. */
Test(life, parent_sees_nothing_of_a_running_child)
{
	const struct sigaction action = {.sa_sigaction = on_child,
					 .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER};
	cr_assert_eq(sigaction(SIGCHLD, &action, NULL), 0);
	start("basic", "threads=8");
	for (int i = 0; i < 40; i++) {
		cr_assert_eq(TOOL(&tool, i % 2 ? "disable" : "enable", PID(&live),
				  i % 4 < 2 ? "--stop" : "--quiet", "basic:feature"),
			     0, "%s", tool.err);
		no_change();
	}
	cr_assert_eq(stops + continues, 0);
	stop();
}

/* ---- signals ---- */

static void send(int sender)
{
	volatile int64_t *sent = &live.page->word[QUEUE_SENT + sender * QUEUE_SIGNALS];
	volatile int64_t *taken = &live.page->word[QUEUE_TAKEN + sender * QUEUE_SIGNALS];
	for (int i = 0; live.page->go == 0; i = (i + 1) % QUEUE_SIGNALS) {
		const union sigval value = {.sival_int = QUEUE_VALUE(sender, sent[i])};
		/* Some always wait, but never so many that the kernel refuses one. */
		if (sent[i] - taken[i] >= 16)
			sleep_us(50);
		else if (sigqueue(live.pid, SIGRTMIN + i, value) == 0)
			sent[i]++;
		else if (errno != EAGAIN)
			_exit(1);
	}
}

/* An ordinary signal that waits takes up a second one; so the next is sent when it has come. */
static void send_ordinary(void)
{
	while (live.page->go == 0)
		if (live.page->word[QUEUE_ORDINARY] != live.page->word[QUEUE_ASKED])
			sleep_us(50);
		else if (live.page->word[QUEUE_ASKED]++, kill(live.pid, SIGUSR1) != 0)
			_exit(1);
}

static pid_t fork_sender(int sender)
{
	const pid_t child = fork();
	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sender < QUEUE_SENDERS)
		send(sender);
	else
		send_ordinary();
	_exit(0);
}

static void all_taken(void)
{
	const uint64_t end = now_ns() + 20000000000u;
	for (int i = 0; i < QUEUE_SENDERS * QUEUE_SIGNALS; i++) {
		cr_assert_gt(live.page->word[QUEUE_SENT + i], 10);
		while (live.page->word[QUEUE_TAKEN + i] != live.page->word[QUEUE_SENT + i]) {
			cr_assert(now_ns() < end, "%ld of %ld signals came",
				  (long)live.page->word[QUEUE_TAKEN + i],
				  (long)live.page->word[QUEUE_SENT + i]);
			sleep_us(1000);
		}
	}
	while (live.page->word[QUEUE_ORDINARY] != live.page->word[QUEUE_ASKED]) {
		cr_assert(now_ns() < end, "an ordinary signal was lost");
		sleep_us(1000);
	}
}

static void all_in_order(const char *option)
{
	enum { FLIPS = 100 };
	pid_t senders[QUEUE_SENDERS + 1];
	start("queue", option);
	for (int i = 0; i <= QUEUE_SENDERS; i++)
		senders[i] = fork_sender(i);
	for (int i = 0; i < FLIPS; i++)
		cr_assert_eq(TOOL(&tool, i % 2 ? "disable" : "enable", PID(&live), "--stop",
				  "--max-stop=10s", "queue:"),
			     0, "%s", tool.err);
	live.page->go = 1;
	for (int i = 0; i <= QUEUE_SENDERS; i++) {
		int status;
		cr_assert_eq(waitpid(senders[i], &status, 0), senders[i]);
		cr_assert_eq(status, 0, "sender %d failed", i);
	}
	all_taken();
	cr_log_info("%lu signals, %ld ordinary\n", (unsigned long)live.page->checked,
		    (long)live.page->word[QUEUE_ORDINARY]);
	cr_assert_eq(live.page->broken, 0, "%lu of %lu signals came out of turn",
		     (unsigned long)live.page->broken, (unsigned long)live.page->checked);
	cr_assert_eq(peek_control(&spots).generation, FLIPS);
	stop();
}

Test(life, queued_signals_to_handlers_in_order)
{
	all_in_order("wait=0");
}

Test(life, queued_signals_to_who_waits_in_order)
{
	all_in_order("wait=1");
}

/* ---- threads ---- */

Test(life, ten_thousand_short_threads)
{
	enum { THREADS = 10000, FLIPS_MIN = 20 };
	uint64_t flips = 0;
	start("storm", NULL);
	for (; live.page->beat < THREADS || flips < FLIPS_MIN; flips++)
		cr_assert_eq(TOOL(&tool, flips % 2 ? "disable" : "enable", PID(&live),
				  flips % 4 < 2 ? "--stop" : "--quiet", "--max-stop=10s",
				  "--timeout=15s", "storm:"),
			     0, "flip %lu: %s", (unsigned long)flips, tool.err);
	cr_log_info("%lu threads, %lu flips\n", (unsigned long)live.page->beat,
		    (unsigned long)flips);
	cr_assert_eq(peek_control(&spots).generation, flips);
	live_beat(&live);
	cr_assert(live_runs(&live));
	stop();
}

/* ---- a kernel that forbids ---- */

static uint64_t text_start, text_end;

static void find_text(void)
{
	char path[32], line[512];
	unsigned long first, last;
	snprintf(path, sizeof(path), "/proc/%d/maps", live.pid);
	FILE *maps = fopen(path, "re");
	cr_assert(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &first, &last) == 2 && first <= spots.list[0].site &&
		    spots.list[0].site < last) {
			text_start = first;
			text_end = last;
		}
	fclose(maps);
	cr_assert_gt(text_end, text_start);
}

/* Runs dfpatch where writing text through /proc/PID/mem fails; returns how often it tried. */
static int run_forbidden(const char *command, const char *way, const char *pattern)
{
	static const int writing[] = {SYS_pwrite64, -1};
	struct gate gate;
	struct seccomp_notif call;
	int tried = 0;
	gate_start(&gate, &tool, (const char *const[]){command, PID(&live), way, pattern, NULL},
		   writing);
	while (gate_next(&gate, &call)) {
		const uint64_t at = call.data.args[3];
		if (at < text_start || at >= text_end) {
			gate_pass(&gate, &call);
			continue;
		}
		gate_fail(&gate, &call, EIO);
		tried++;
	}
	gate_end(&gate);
	return tried;
}

static void start_forbidden(void)
{
	if (!gate_is_there())
		cr_skip("the kernel cannot hold system calls for the test\n");
	start("basic", "threads=4");
	find_text();
}

Test(life, forbidden_writing_is_done_by_stopping)
{
	start_forbidden();
	for (int i = 0; i < 4; i++) {
		const char *way = i < 2 ? "--timeout=5s" : "--stop";
		cr_assert_gt(run_forbidden(i % 2 ? "disable" : "enable", way, "multi:"), 0);
		cr_assert_eq(tool.status, 0, "%s: %s", way, tool.err);
		for (int k = 0; k < 3; k++)
			cr_assert(live_value(&live, BASIC_INLINED + k, i % 2 == 0));
		cr_assert_eq(peek_control(&spots).generation, (uint64_t)i + 1);
		cr_assert(i >= 2 || strstr(tool.out, "the kernel lets only a tracer write text"),
			  "no reason: %s%s", tool.out, tool.err);
		cr_assert(strstr(tool.out, "threads stood still"), "%s", tool.out);
		spots_are_whole(&spots);
	}
	stop();
}

Test(life, forbidden_writing_is_no_quiet_change)
{
	static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];
	start_forbidden();
	const size_t size = spots_image(&spots, before);
	cr_assert_gt(run_forbidden("enable", "--quiet", "multi:"), 0);
	cr_assert_eq(tool.status, 3, "%d: %s", tool.status, tool.err);
	tool_one_error(&tool, "the kernel lets only a tracer write text; use --stop");
	spots_image(&spots, after);
	cr_assert_eq(memcmp(before, after, size), 0, "flags were changed");
	stop();
}
