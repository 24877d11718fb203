/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_forked.c - a process that is forked in the middle of a quiet change of its parent, which
 * means descendants, too: what counts is counted once, and what was not done there is done.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli.h"
#include "patcher.h"
#include "several.h"
#include "spots.h"

TestSuite(forked, .init = live_go_ahead, .timeout = 200);

static struct live live;
static struct patcher patcher;
static struct tool tool;
static int said; /* standard output of the child */

static bool by_script;

/* As the command line does it, in one process whose steps are counted. */
static int with_descendants(pid_t target)
{
	static char pid[32];
	char *words[] = {"dfpatch", "activate", pid, "--tree", "--quiet", "breed:flag", NULL};
	char *script[] = {"dfpatch", "apply", pid, "--tree", "--quiet", "-e+breed:flag", NULL};
	struct options options;
	struct scripts scripts;
	struct several several;
	struct df_err err;
	snprintf(pid, sizeof(pid), "--pid=%d", target);
	dup2(said, STDOUT_FILENO);
	if (cli_parse(6, by_script ? script : words, &options) != CLI_RUN ||
	    scripts_read(options.script, options.script_count, &scripts, &err) < 0)
		_exit(100);
	const int status = several_run(&options, by_script ? &scripts : NULL, NULL, &several, &err);
	fflush(stdout);
	return several.tally.ends[TARGET_FAILED] > 0 ? -99 : status;
}

static const struct wish alone = {
	.mode = MODE_QUIET, .op = DF_ACTIVATE, .pattern = "breed:flag", .without_watchdog = true};

static int count_steps(void)
{
	LIVE_START(&live, "breeder");
	cr_assert_eq(patcher_do(&patcher, live.pid, &alone), 0, "%s", patcher.page->error);
	const int steps = patcher.page->steps;
	patcher_free(&patcher);
	live_stop(&live);
	return steps;
}

static void fork_one(void)
{
	const uint64_t end = now_ns() + 10000000000u;
	live.page->go = 1;
	while (live.page->word[0] == 0) {
		cr_assert(now_ns() < end, "it does not fork");
		sleep_us(200);
	}
}

/* All have the count that is wanted. Returns how many there are. */
static size_t all_count(long wanted, int step, const char *what)
{
	size_t lines = 0;
	cr_assert_eq(TOOL(&tool, "list", PID(&live), "--tree", "--noheadings", "-o", "COUNT"), 0,
		     "%s", tool.err);
	for (char *at = tool.out, *end; *at != '\0'; at = end + 1, lines++)
		cr_assert(strtol(at, &end, 10) == wanted && *end == '\n', "step %d: %s\n%s", step,
			  tool.out, what);
	return lines;
}

/* Returns whether the child was forked with the change half done. */
static bool forks_at(int step)
{
	static char text[8192];
	struct wish wish = alone;
	wish.hold = step;
	wish.instead = with_descendants;
	said = memfd_create("said", MFD_CLOEXEC);
	LIVE_START(&live, "breeder", "children=1");
	patcher_start(&patcher, live.pid, &wish);
	cr_assert(patcher_held(&patcher), "there is no step %d", step);
	fork_one();
	patcher_go_on(&patcher);
	const int status = patcher_end(&patcher);
	const ssize_t got = pread(said, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	cr_assert_eq(status, 0, "step %d: %d: %s", step, status, text);
	cr_assert_eq(all_count(1, step, text), 2u, "%s", tool.out);
	patcher_free(&patcher);
	close(said);
	/* It is at rest, and counts on. */
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), "--tree", "breed:flag"), 0, "%s%s",
		     tool.out, tool.err);
	cr_assert_not(strstr(tool.out, "put right"), "step %d: %s", step, tool.out);
	all_count(2, step, text);
	live_stop(&live);
	return strstr(text, "left half done") != NULL;
}

static void fork_at_each_step(void)
{
	const int count = count_steps();
	int half_done = 0;
	for (int step = 1; step <= count; step++)
		half_done += forks_at(step);
	cr_log_info("%d steps, %d with the change half done\n", count, half_done);
	cr_assert(half_done > 0);
}

Test(forked, at_each_step)
{
	fork_at_each_step();
}

Test(forked, at_each_step_of_a_script)
{
	by_script = true;
	fork_at_each_step();
}

/* ---- the parent has only what another began ---- */

static struct spots spots;
static const struct spot *spot;

/* The first one there only tries whether it may. */
static int last_write(uint64_t addr)
{
	int step = patcher.page->steps;
	while (step > 0 && (patcher.page->list[step - 1].kind != STEP_WRITE ||
			    patcher.page->list[step - 1].addr != addr))
		step--;
	return step;
}

/* Leaves a change that is past its commit point to whoever comes next. */
static void die_in_the_middle(void)
{
	struct wish wish = alone;
	cr_assert_eq(patcher_do(&patcher, live.pid, &alone), 0, "%s", patcher.page->error);
	wish.hold = last_write(spot->site);
	patcher_free(&patcher);
	cr_assert_eq(TOOL(&tool, "deactivate", PID(&live), "--quiet", "breed:flag"), 0, "%s",
		     tool.err);
	patcher_start(&patcher, live.pid, &wish);
	cr_assert(patcher_held(&patcher), "there is no step %d", wish.hold);
	kill(patcher.pid, SIGKILL);
	patcher_end(&patcher);
	patcher_free(&patcher);
	cr_assert_eq(peek_control(&spots).phase, (uint32_t)DF_PHASE_WRITING);
}

static void start_with_work_left(void)
{
	LIVE_START(&live, "breeder", "children=1");
	spots_open(&spots, &live);
	spot = spots_find(&spots, "breed", "flag");
	die_in_the_middle();
}

static void stop_all(void)
{
	patcher_free(&patcher);
	spots_close(&spots);
	live_stop(&live);
}

/* The step by which that is put right is the first that writes to the generation. */
static int step_behind_recovery(void)
{
	start_with_work_left();
	cr_assert_eq(patcher_do(&patcher, live.pid, &alone), 0, "%s", patcher.page->error);
	const int step = patcher_find(&patcher, STEP_WRITE,
				      spots.control + offsetof(struct df_control_v1, generation));
	cr_assert(step > 0);
	stop_all();
	return step + 2;
}

/*
 * The parent is put right and then cannot be changed. What its child has of us is the recovery
 * alone: so the change is due there.
 */
Test(forked, after_what_another_began)
{
	static const uint8_t breakpoint = 0xcc;
	struct wish wish = alone;
	wish.hold = step_behind_recovery();
	wish.instead = with_descendants;
	said = memfd_create("said", MFD_CLOEXEC);
	start_with_work_left();
	patcher_start(&patcher, live.pid, &wish);
	cr_assert(patcher_held(&patcher), "there is no step %d", wish.hold);
	cr_assert_eq(peek_control(&spots).changed_by, (uint32_t)patcher.pid, "not put right yet");
	const uint8_t code = peek_opcode(&spots, spot);
	fork_one();
	/* It must not run into that. */
	kill(live.pid, SIGSTOP);
	poke(&spots, spot->site, &breakpoint, 1);
	patcher_go_on(&patcher);
	cr_assert_eq(patcher_end(&patcher), -99, "the parent was changed");
	poke(&spots, spot->site, &code, 1);
	kill(live.pid, SIGCONT);
	cr_assert_eq(TOOL(&tool, "list", PID(&live), "--tree", "--noheadings", "-o", "COUNT"), 0,
		     "%s", tool.err);
	cr_assert_str_eq(tool.out, "    1\n    2\n");
	close(said);
	stop_all();
}
