/* SPDX-License-Identifier: Apache-2.0 */
/* test_stop.c - threads that cannot be stopped in time, and children that must not be. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "spots.h"
#include "vforker.h"

TestSuite(stop, .timeout = 120);

static struct tool tool;

static void wait_for_word(const struct live *live, int word)
{
	const uint64_t end = now_ns() + 20000000000u;
	while (live->page->word[word] == 0) {
		cr_assert(live_runs(live) && now_ns() < end, "word %d stays 0", word);
		sleep_us(500);
	}
}

static void askers_go_on(const struct live *live)
{
	int64_t before[VFORKER_ASKERS];
	const uint64_t end = now_ns() + 2000000000u;
	for (int i = 0; i < VFORKER_ASKERS; i++)
		before[i] = live->page->word[i];
	for (int i = 0; i < VFORKER_ASKERS; i++)
		while (live->page->word[i] < before[i] + 2) {
			cr_assert(now_ns() < end, "thread %d stands still", i);
			sleep_us(500);
		}
}

static void forget_gaps(const struct live *live)
{
	for (int i = 0; i < VFORKER_ASKERS; i++)
		live->page->word[VFORKER_GAP + i] = 0;
}

/* They stood still as long as it waited for the late one, and then not for long. */
static void gaps_are_of(const struct live *live, int64_t budget)
{
	for (int i = 0; i < VFORKER_ASKERS; i++) {
		const int64_t gap = live->page->word[VFORKER_GAP + i];
		cr_assert(gap > budget / 2 && gap < budget + 2000000000,
			  "thread %d had a gap of %ld us", i, (long)(gap / 1000));
	}
}

/* How long the target stood still is told, though nothing came of it. */
static void pause_is_told(uint64_t budget)
{
	unsigned long threads = 0;
	double ms = 0;
	cr_assert_eq(sscanf(tool.out, "%lu threads stood still for %lf ms", &threads, &ms), 2, "%s",
		     tool.out);
	cr_assert_geq(threads, VFORKER_ASKERS);
	cr_assert(ms * 1e6 >= (double)budget && ms * 1e6 <= (double)tool.ns, "%f ms of %f", ms,
		  (double)tool.ns / 1e6);
}

static void pause_is_told_to_machines(const struct live *live, uint64_t budget)
{
	cr_assert_eq(TOOL(&tool, "enable", PID(live), "--stop", "vforker:", "--max-stop=200ms",
			  "--json"),
		     3, "%s%s", tool.out, tool.err);
	const char *pause = strstr(tool.out, "\"pause_ns\":");
	cr_assert(pause && strstr(tool.out, "\"stopped\":true"), "%s", tool.out);
	const unsigned long long ns = strtoull(pause + strlen("\"pause_ns\":"), NULL, 10);
	cr_assert(ns >= budget && ns <= tool.ns, "%llu ns", ns);
}

static void overruns(const struct live *live, const struct spots *spots)
{
	static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];
	const struct live child = {.pid = (pid_t)live->page->word[VFORKER_CHILD]};
	char wanted[128];
	const size_t size = spots_image(spots, before);
	forget_gaps(live);
	cr_assert_eq(TOOL(&tool, "enable", PID(live), "--stop", "vforker:", "--max-stop=200ms"), 3,
		     "%s%s", tool.out, tool.err);
	nobody_is_traced(live);
	nobody_is_traced(&child);
	askers_go_on(live);
	gaps_are_of(live, 200000000);
	snprintf(wanted, sizeof(wanted),
		 "thread %ld of process %d (state D) did not stop within 200 ms",
		 (long)live->page->word[VFORKER_ID], live->pid);
	tool_one_error(&tool, wanted);
	pause_is_told(200000000);
	cr_assert_eq(spots_image(spots, after), size);
	cr_assert_eq(memcmp(before, after, size), 0, "something was changed");
}

static void stop_beside_vfork(const char *option)
{
	struct live live;
	struct spots spots;
	LIVE_START(&live, "vforker", option);
	spots_open(&spots, &live);
	live.page->go = 1;
	wait_for_word(&live, VFORKER_CHILD);
	for (int i = 0; i < 3; i++)
		overruns(&live, &spots);
	pause_is_told_to_machines(&live, 200000000);
	cr_assert_eq(live.page->word[VFORKER_BACK], 0, "it came back from vfork too early");
	live.page->go = 2;
	wait_for_word(&live, VFORKER_BACK);
	cr_assert_eq(live.page->word[VFORKER_BACK], 1);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--stop", "vforker:", "--max-stop=10s"), 0,
		     "%s", tool.err);
	cr_assert(live_value(&live, 0, 1) && live_value(&live, 1, 1));
	cr_assert_eq(peek_control(&spots).generation, 1);
	spots_are_whole(&spots);
	nobody_is_traced(&live);
	live.page->go = 3;
	for (int i = 0; i < 10000 && live.page->beat == 0; i++)
		sleep_us(1000);
	cr_assert(live.page->beat == 1 && live.page->broken == 0, "the child ended wrongly");
	spots_close(&spots);
	live_stop(&live);
}

Test(stop, a_thread_in_vfork_whose_child_exits)
{
	stop_beside_vfork("exec=0");
}

Test(stop, a_thread_in_vfork_whose_child_execs)
{
	stop_beside_vfork("exec=1");
}

/* ---- dfpatch goes on, and has something else to do ---- */

static void start_in_vfork(struct live *live)
{
	LIVE_START(live, "vforker");
	live->page->go = 1;
	wait_for_word(live, VFORKER_CHILD);
}

/* Since dfpatch was started all stood still, and then went on. */
static void wait_for_the_stop(const struct live *live, int64_t budget)
{
	const uint64_t end = now_ns() + 20000000000u;
	while (live->page->word[VFORKER_GAP] < budget / 2) {
		cr_assert(now_ns() < end, "it was not stopped");
		sleep_us(500);
	}
	askers_go_on(live);
}

/* The thread that did not stop comes back from vfork, though its tracer's process is there. */
static void comes_back_beside(const struct live *live, pid_t dfpatch)
{
	const uint64_t end = now_ns() + 2000000000u;
	live->page->go = 2;
	while (live->page->word[VFORKER_BACK] == 0) {
		cr_assert(now_ns() < end, "the thread stands still after its vfork");
		sleep_us(500);
	}
	nobody_is_traced(live);
	cr_assert(live_runs(&(const struct live){.pid = dfpatch}), "dfpatch has ended");
}

static int crowded[2]; /* a pipe that is full */

static void fill_pipe(void)
{
	static const char text[4096];
	cr_assert_eq(pipe2(crowded, O_CLOEXEC), 0);
	fcntl(crowded[1], F_SETFL, O_NONBLOCK);
	while (write(crowded[1], text, sizeof(text)) > 0)
		;
	fcntl(crowded[1], F_SETFL, 0);
}

static void empty_pipe(void)
{
	static char text[65536];
	close(crowded[1]);
	while (read(crowded[0], text, sizeof(text)) > 0)
		;
	close(crowded[0]);
}

static void speak_into_the_pipe(void)
{
	dup2(crowded[1], STDERR_FILENO);
}

static bool is_writing(pid_t pid)
{
	char path[64], text[16] = "";
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	return got > 0 && strncmp(text, "1 0x2 ", 6) == 0;
}

Test(stop, dfpatch_waits_for_somebody_to_read_what_it_says)
{
	struct live live;
	start_in_vfork(&live);
	forget_gaps(&live);
	fill_pipe();
	tool_start(&tool,
		   (const char *const[]){"enable", PID(&live), "--stop",
					 "vforker:", "--max-stop=200ms", NULL},
		   speak_into_the_pipe);
	wait_for_the_stop(&live, 200000000);
	for (int i = 0; i < 10000 && !is_writing(tool.pid); i++)
		sleep_us(1000);
	comes_back_beside(&live, tool.pid);
	cr_assert(is_writing(tool.pid), "it did not wait");
	empty_pipe();
	cr_assert_eq(tool_wait(&tool), 3, "%s", tool.out);
	live_stop(&live);
}

Test(stop, dfpatch_waits_for_the_next_target)
{
	struct live live, next;
	char directory[32];
	start_in_vfork(&live);
	forget_gaps(&live);
	LIVE_START(&next, "basic");
	/* Which of the two is locked depends on the kernel (process.h). */
	snprintf(directory, sizeof(directory), "/proc/%d", next.pid);
	const int locks[] = {(int)syscall(SYS_pidfd_open, next.pid, 0),
			     open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	cr_assert(flock(locks[0], LOCK_EX) == 0 && flock(locks[1], LOCK_EX) == 0);
	tool_start(&tool,
		   (const char *const[]){"enable", PID(&live), PID(&next), "--stop",
					 "vforker:", "--max-stop=200ms", "--timeout=15s", NULL},
		   NULL);
	wait_for_the_stop(&live, 200000000);
	sleep_us(200000); /* it is done with this one */
	comes_back_beside(&live, tool.pid);
	for (int i = 0; i < 2; i++)
		close(locks[i]);
	cr_assert_eq(tool_wait(&tool), 5, "%d: %s%s", tool.status, tool.out, tool.err);
	live_stop(&next);
	live_stop(&live);
}

Test(stop, children_of_a_target_that_forks_all_the_time)
{
	enum { FLIPS = 400 };
	struct live live;
	struct spots spots;
	live_go_ahead();
	LIVE_START(&live, "forker");
	spots_open(&spots, &live);
	for (int i = 0; i < FLIPS; i++) {
		cr_assert_eq(TOOL(&tool, i % 2 ? "disable" : "enable", PID(&live), "--stop",
				  "fork:", "--max-stop=10s"),
			     0, "%s", tool.err);
		cr_assert_eq(live.page->broken, 0, "flip %d: a child ended wrongly", i);
		sleep_us((unsigned)(i * 53 % 4000)); /* so that it forks in between */
	}
	live_beat(&live);
	live.page->go = 1;
	/* A child that was left stopped would hold up its parent's wait for ever. */
	cr_assert(live_value(&live, 0, 1), "a child is left behind");
	const int64_t children = live.page->word[0] + live.page->word[1];
	cr_log_info("%d flips, %ld forks, %ld vforks\n", FLIPS, (long)live.page->word[0],
		    (long)live.page->word[1]);
	cr_assert(live.page->word[0] > FLIPS / 4 && live.page->word[1] > FLIPS / 4);
	cr_assert_eq((int64_t)live.page->beat, children);
	cr_assert_eq(live.page->broken, 0);
	cr_assert_eq(peek_control(&spots).generation, FLIPS);
	spots_are_whole(&spots);
	nobody_is_traced(&live);
	spots_close(&spots);
	live_stop(&live);
}

static struct rlimit stack;

static void have_small_stacks(void)
{
	setrlimit(RLIMIT_STACK, &stack);
}

static void change_with_stacks(const struct live *live, rlim_t now, rlim_t most)
{
	stack = (struct rlimit){.rlim_cur = now * 1024, .rlim_max = most};
	tool_start(&tool, (const char *const[]){"activate", PID(live), "--stop", "basic:", NULL},
		   have_small_stacks);
	tool_wait(&tool);
}

/* The limit is that of the first stack, and the size of those of threads. */
Test(stop, with_small_stacks)
{
	static const rlim_t limits[] = {32, 48, 64, 128, 256, 8192};
	struct live live;
	struct rlimit ours;
	cr_assert_eq(getrlimit(RLIMIT_STACK, &ours), 0);
	LIVE_START(&live, "basic", "threads=4");
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		change_with_stacks(&live, limits[i], ours.rlim_max);
		cr_expect_eq(tool.status, 0, "%lu KiB: %d %s", (unsigned long)limits[i],
			     tool.status, tool.err);
	}
	change_with_stacks(&live, 64, (rlim_t)64 * 1024);
	cr_expect_eq(tool.status, 3, "%d %s", tool.status, tool.err);
	tool_one_error(&tool, "nothing was changed: stacks are limited to 64 KiB");
	nobody_is_traced(&live);
	live_stop(&live);
}
