/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_watchdog.c - whatever becomes of dfpatch while it holds a target up, the target goes on.
 *
 * A thread that waits in vfork(2) cannot be stopped: so every other thread stands still for
 * all of --max-stop, which is when dfpatch is stopped itself.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patcher.h"
#include "spots.h"
#include "vforker.h"

TestSuite(watchdog, .init = live_go_ahead, .timeout = 120);

static struct live live;
static struct spots spots;
static struct patcher patcher;

#define MAX_STOP 600000000u /* ns */

/* Terminals suspend only groups that a parent outside looks after. */
static void have_own_group(void)
{
	setpgid(0, 0);
}

static const struct wish halt = {.mode = MODE_STOP,
				 .op = DF_ENABLE,
				 .pattern = "vforker:",
				 .max_stop = MAX_STOP,
				 .timeout = 1000000000u,
				 .setup = have_own_group};

static void start_in_vfork(void)
{
	const uint64_t end = now_ns() + 20000000000u;
	LIVE_START(&live, "vforker");
	spots_open(&spots, &live);
	live.page->go = 1;
	while (live.page->word[VFORKER_CHILD] == 0) {
		cr_assert(now_ns() < end, "no vfork");
		sleep_us(500);
	}
}

static bool any_traced(void)
{
	char path[64], text[4096];
	snprintf(path, sizeof(path), "/proc/%d/status", live.pid);
	FILE *file = fopen(path, "re");
	cr_assert(file);
	const size_t got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	return strstr(text, "\nState:\tt") != NULL;
}

static void begin_to_hold(void)
{
	const uint64_t end = now_ns() + 20000000000u;
	patcher_start(&patcher, live.pid, &halt);
	while (!any_traced()) {
		cr_assert(now_ns() < end, "the target was not stopped");
		sleep_us(200);
	}
}

static int64_t looks(void)
{
	int64_t least = INT64_MAX;
	for (int i = 0; i < VFORKER_ASKERS; i++)
		if (live.page->word[i] < least)
			least = live.page->word[i];
	return least;
}

static void all_go_on(void)
{
	const uint64_t end = now_ns() + 5000000000u;
	int64_t before[VFORKER_ASKERS];
	for (int i = 0; i < VFORKER_ASKERS; i++)
		before[i] = live.page->word[i];
	for (int i = 0; i < VFORKER_ASKERS; i++)
		while (live.page->word[i] < before[i] + 2) {
			cr_assert(now_ns() < end, "thread %d stands still", i);
			sleep_us(500);
		}
	nobody_is_traced(&live);
}

/* They stood still, but hardly longer than they may. */
static void gap_is_bounded(void)
{
	for (int i = 0; i < VFORKER_ASKERS; i++) {
		const int64_t gap = live.page->word[VFORKER_GAP + i];
		cr_assert(gap < (int64_t)MAX_STOP + 2000000000, "thread %d had a gap of %ld ms", i,
			  (long)(gap / 1000000));
	}
}

static void finish(void)
{
	cr_assert_eq(peek_control(&spots).generation, 0);
	spots_are_whole(&spots);
	live.page->go = 3;
	while (live.page->word[VFORKER_BACK] == 0)
		sleep_us(500);
	struct wish again = halt;
	again.max_stop = 0;
	again.timeout = 0;
	cr_assert_eq(patcher_do(&patcher, live.pid, &again), 0, "%s", patcher.page->error);
	patcher_free(&patcher);
	cr_assert_eq(peek_control(&spots).generation, 1);
	spots_close(&spots);
	live_stop(&live);
}

static void wait_for_words(const char *wanted)
{
	char text[512] = "";
	for (int i = 0; i < 5000 && !strstr(text, wanted); i++) {
		const ssize_t got = pread(patcher.stderr_fd, text, sizeof(text) - 1, 0);
		text[got > 0 ? got : 0] = '\0';
		sleep_us(1000);
	}
	cr_assert(strstr(text, wanted), "'%s' is not in: %s", wanted, text);
}

Test(watchdog, dfpatch_is_stopped_while_it_holds_the_target)
{
	start_in_vfork();
	begin_to_hold();
	kill(patcher.pid, SIGSTOP);
	const int64_t before = looks();
	cr_assert_eq(patcher_end(&patcher), SIGKILL);
	wait_for_words("for longer than --max-stop allows");
	cr_assert_leq(before, looks());
	patcher_free(&patcher);
	all_go_on();
	gap_is_bounded();
	finish();
}

/* That is held back until all go on, the one that did not stop included. */
Test(watchdog, dfpatch_is_suspended_from_its_terminal)
{
	int status = 0;
	start_in_vfork();
	begin_to_hold();
	kill(patcher.pid, SIGTSTP);
	cr_assert_eq(waitpid(patcher.pid, &status, WUNTRACED), patcher.pid);
	cr_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP, "it ended with %x",
		  (unsigned)status);
	all_go_on();
	gap_is_bounded();
	live.page->go = 2;
	for (int i = 0; i < 2000 && live.page->word[VFORKER_BACK] == 0; i++)
		sleep_us(1000);
	cr_assert_eq(live.page->word[VFORKER_BACK], 1, "its thread did not come back from vfork");
	kill(patcher.pid, SIGCONT);
	cr_assert_eq(patcher_end(&patcher), -(int)DF_E_TIMEOUT, "%s", patcher.page->error);
	patcher_free(&patcher);
	finish();
}

Test(watchdog, dfpatch_is_stopped_while_it_claims)
{
	const struct wish wish = {
		.mode = MODE_QUIET, .op = DF_ENABLE, .pattern = "vforker:", .hold = 4};
	start_in_vfork();
	patcher_start(&patcher, live.pid, &wish);
	cr_assert(patcher_held(&patcher));
	kill(patcher.pid, SIGSTOP);
	cr_assert_eq(patcher_end(&patcher), SIGKILL);
	wait_for_words("claimed the flags of process");
	patcher_free(&patcher);
	all_go_on();
	finish();
}

/* ---- both of them ---- */

/* Which is beyond anybody's help, until one of them goes on or dfpatch dies. */
static void stop_both(void)
{
	start_in_vfork();
	begin_to_hold();
	kill(patcher.page->watchdog, SIGSTOP);
	kill(patcher.pid, SIGSTOP);
	sleep_us(MAX_STOP / 1000 + 500000);
	cr_assert(any_traced(), "somebody let it go");
	for (int i = 0; i < VFORKER_ASKERS; i++)
		live.page->word[VFORKER_GAP + i] = 0;
}

Test(watchdog, both_are_stopped_and_it_goes_on)
{
	stop_both();
	kill(patcher.page->watchdog, SIGCONT);
	cr_assert_eq(patcher_end(&patcher), SIGKILL);
	patcher_free(&patcher);
	all_go_on();
	finish();
}

Test(watchdog, both_are_stopped_and_dfpatch_goes_on)
{
	stop_both();
	kill(patcher.pid, SIGCONT);
	cr_assert_eq(patcher_end(&patcher), -(int)DF_E_TIMEOUT, "%s", patcher.page->error);
	patcher_free(&patcher);
	all_go_on();
	finish();
}

Test(watchdog, both_are_stopped_and_dfpatch_is_killed)
{
	stop_both();
	kill(patcher.pid, SIGKILL);
	cr_assert_eq(patcher_end(&patcher), SIGKILL);
	/* Nothing is left of it that could hold somebody up. */
	kill(patcher.page->watchdog, SIGKILL);
	patcher_free(&patcher);
	all_go_on();
	finish();
}

/* As long as the tracer is there, it may hold up somebody. */
Test(watchdog, watches_until_the_tracer_has_gone)
{
	struct wish wish = halt;
	wish.back = DF_DISABLE;
	wish.times = 2000;
	wish.max_stop = 0;
	LIVE_START(&live, "vforker");
	cr_assert_eq(patcher_do(&patcher, live.pid, &wish), 0, "%s", patcher.page->error);
	cr_expect_eq(patcher.page->done, wish.times);
	cr_expect_eq(patcher.page->early, 0, "%d times too early", patcher.page->early);
	patcher_free(&patcher);
	live_stop(&live);
}

/* ---- the watchdog itself ---- */

Test(watchdog, is_killed_before_it_is_needed)
{
	const struct wish wish = {
		.mode = MODE_QUIET, .op = DF_ENABLE, .pattern = "vforker:", .hold = 4};
	start_in_vfork();
	patcher_start(&patcher, live.pid, &wish);
	cr_assert(patcher_held(&patcher));
	kill(patcher.page->watchdog, SIGKILL);
	patcher_go_on(&patcher);
	/* What has begun it ends; it is not there for that. */
	cr_assert_eq(patcher_end(&patcher), 0, "%s", patcher.page->error);
	patcher_free(&patcher);
	cr_assert_eq(peek_control(&spots).generation, 1);
	cr_assert_eq(peek_control(&spots).external, 0);
	spots_close(&spots);
	live_stop(&live);
}

/* Killed while dfpatch waits for a thread, it leaves the time limit to dfpatch itself. */
Test(watchdog, is_killed_while_the_target_is_held)
{
	start_in_vfork();
	begin_to_hold();
	kill(patcher.page->watchdog, SIGKILL);
	cr_assert_eq(patcher_end(&patcher), -(int)DF_E_TIMEOUT, "%s", patcher.page->error);
	patcher_free(&patcher);
	all_go_on();
	gap_is_bounded();
	finish();
}

/* Nothing is begun without one. */
Test(watchdog, was_killed_before_anything_was_begun)
{
	struct wish wish = halt;
	start_in_vfork();
	wish.kill_watchdog = true;
	for (int quiet = 0; quiet < 2; quiet++) {
		wish.mode = quiet ? MODE_QUIET : MODE_STOP;
		cr_assert_eq(patcher_do(&patcher, live.pid, &wish), -(int)DF_E_SYSTEM, "%s",
			     patcher.page->error);
		cr_assert(strstr(patcher.page->error, "was killed; nothing was changed"), "%s",
			  patcher.page->error);
		cr_assert_eq(patcher.page->traced, 0);
		cr_assert_eq(patcher.page->steps, 0);
		patcher_free(&patcher);
	}
	all_go_on();
	finish();
}

/* ---- dfpatch as the first process of a pid namespace ---- */

static int said; /* what it says */

/* The target is a child of what is dfpatch as soon as a thread waits in vfork. */
static void be_first(void)
{
	if (fork() == 0)
		return;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) != 0)
		_exit(125);
	while (live.page->word[VFORKER_CHILD] == 0)
		sleep_us(500);
	dup2(said, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
	execl(DFPATCH_PATH, "dfpatch", "enable", "--pid=2", "--stop", "--max-stop=600ms",
	      "vforker:", NULL);
	_exit(126);
}

/* A number behind a key in a file of /proc; 0 if it is not there. */
static pid_t number_in(const char *path, const char *key)
{
	char text[4096] = "";
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	const char *at = strstr(text, key);
	return at ? (pid_t)strtol(at + strlen(key), NULL, 10) : 0;
}

static pid_t tracer_of_its_child(void)
{
	char path[64];
	const uint64_t end = now_ns() + 20000000000u;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", live.pid, live.pid);
	const pid_t target = number_in(path, "");
	if (target == 0)
		cr_skip("the kernel does not list children\n");
	snprintf(path, sizeof(path), "/proc/%d/status", target);
	for (;;) {
		const pid_t tracer = number_in(path, "TracerPid:\t");
		if (tracer != 0)
			return tracer;
		cr_assert(now_ns() < end, "the target was not stopped");
		sleep_us(200);
	}
}

/* A watchdog of the namespace could not end it. */
Test(watchdog, dfpatch_is_first_of_its_namespace)
{
	static const char *const no_args[] = {NULL};
	char text[2048] = "";
	int status = 0;
	said = memfd_create("said", MFD_CLOEXEC);
	if (!live_start_in(&live, "vforker", no_args, CLONE_NEWPID | CLONE_NEWNS, be_first))
		cr_skip("cannot have a pid namespace: %s\n", strerror(errno));
	live.page->go = 1;
	kill(tracer_of_its_child(), SIGSTOP);
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, live.pid, 0), .events = POLLIN};
	const bool ended = poll(&end, 1, 10000) > 0;
	if (!ended)
		kill(live.pid, SIGKILL);
	waitpid(live.pid, &status, 0);
	(void)!pread(said, text, sizeof(text) - 1, 0);
	cr_assert(ended, "it holds the target up; said was: %s", text);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGKILL, "%#x: %s",
		  (unsigned)status, text);
	cr_assert(strstr(text, "so its watchdog ended it, and the process goes on"), "%s", text);
}
