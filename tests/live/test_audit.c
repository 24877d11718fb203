/* SPDX-License-Identifier: Apache-2.0 */
/* test_audit.c - audits of running processes: their bytes must follow from their counts. */
#include <criterion/criterion.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "spots.h"

static struct live live;
static struct spots spots;
static struct tool tool;

static void start(void)
{
	LIVE_START(&live, "basic", "threads=4");
	spots_open(&spots, &live);
}

static void stop(void)
{
	nobody_is_traced(&live);
	live_beat(&live);
	spots_close(&spots);
	live_stop(&live);
}

TestSuite(audit, .init = start, .fini = stop, .timeout = 60);

static int audit(void)
{
	return TOOL(&tool, "audit", PID(&live));
}

static void expect_code(const char *code, const char *flag)
{
	cr_assert_eq(audit(), 1, "%s%s", tool.out, tool.err);
	cr_expect(strstr(tool.out, code), "no %s: %s", code, tool.out);
	cr_expect(strstr(tool.out, flag), "no %s: %s", flag, tool.out);
}

static void expect_clean(void)
{
	cr_expect_eq(audit(), 0, "%s%s", tool.out, tool.err);
	cr_expect(strstr(tool.out, "no findings"), "%s", tool.out);
}

Test(audit, as_built_and_changed)
{
	static const char *const changes[][2] = {{"enable", "basic:"},	 {"activate", "opt:"},
						 {"disable", ".*"},	 {"unhook", "multi:"},
						 {"activate", "basic:"}, {"deactivate", ".*"}};
	expect_clean();
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const int status = TOOL(&tool, changes[i][0], PID(&live), changes[i][1]);
		cr_assert(status == 0 || status == 7, "%s", tool.err);
		expect_clean();
	}
	cr_assert_eq(TOOL(&tool, "init", PID(&live)), 0, "%s", tool.err);
	expect_clean();
}

/* The byte that fits the record, but not the counts. */
Test(audit, a_strayed_byte)
{
	const struct spot *spot = spots_find(&spots, "basic", "feature");
	const uint8_t was = peek_opcode(&spots, spot), other = opcode_of(spot, true);
	cr_assert_neq(was, other);
	poke(&spots, spot->site, &other, 1);
	expect_code("site-state", "basic:feature@");
	poke(&spots, spot->site, &was, 1);
	expect_clean();
}

/* Counts that were written, and no byte with them. */
Test(audit, a_strayed_count)
{
	const struct spot *spot = spots_find(&spots, "basic", "feature");
	struct df_state_v1 state = peek_state(&spots, spot);
	const struct df_state_v1 was = state;
	state.current.activation ^= 1;
	poke(&spots, spot->state, &state, sizeof(state));
	expect_code("site-state", "basic:feature@");
	expect_code("state-value", "half-changed");
	poke(&spots, spot->state, &was, sizeof(was));
	expect_clean();
}

/* Where nobody runs it: the thread that did would get a signal. */
Test(audit, a_breakpoint)
{
	const struct spot *spot = spots_find(&spots, "basic", "feature");
	const uint8_t was = peek_opcode(&spots, spot), trap = 0xcc;
	cr_assert_eq(kill(live.pid, SIGSTOP), 0);
	cr_assert(all_threads_are(&live, 'T'));
	poke(&spots, spot->site, &trap, 1);
	expect_code("breakpoint", "basic:feature@");
	poke(&spots, spot->site, &was, 1);
	expect_clean();
	cr_assert_eq(kill(live.pid, SIGCONT), 0);
}

Test(audit, a_displacement)
{
	const struct spot *spot = spots_find(&spots, "basic", "feature");
	uint8_t was;
	peek(&spots, spot->site + 2, &was, 1);
	const uint8_t wrong = was ^ 1;
	poke(&spots, spot->site + 2, &wrong, 1); /* of a test instruction: it runs all the same */
	expect_code("site-displacement", "basic:feature@");
	poke(&spots, spot->site + 2, &was, 1);
	expect_clean();
}

Test(audit, a_change_that_was_not_ended)
{
	poke_phase(&spots, DF_PHASE_WRITING);
	cr_assert_eq(audit(), 1, "%s", tool.err);
	cr_expect(strstr(tool.out, "phase 2"), "%s", tool.out);
	poke_phase(&spots, DF_PHASE_IDLE);
	expect_clean();
}

Test(audit, json)
{
	cr_assert_eq(TOOL(&tool, "audit", PID(&live), "--json"), 0, "%s", tool.err);
	cr_expect(strstr(tool.out, "\"form\":\"live\""), "%s", tool.out);
	cr_expect(strstr(tool.out, "\"load_bias\":\"0x"));
	cr_expect(strstr(tool.out, "\"findings\":0"));
}

/* Controllers at work are no damage. */
Test(audit, beside_changes)
{
	static struct tool change;
	for (int round = 0; round < 30; round++) {
		const char *const args[] = {round % 2 ? "enable" : "disable", PID(&live), ".*",
					    NULL};
		tool_start(&change, args, NULL);
		expect_clean();
		cr_assert_eq(tool_wait(&change), 0, "%s", change.err);
	}
}

Test(audit_modules, each_is_reported, .timeout = 60)
{
	LIVE_START(&live, "host-linked-flags");
	cr_expect_eq(audit(), 0, "%s%s", tool.out, tool.err);
	cr_expect(strstr(tool.out, "host-linked-flags: x86-64 loaded module"), "%s", tool.out);
	cr_expect(strstr(tool.out, "plugin.so: x86-64 loaded module"), "%s", tool.out);
	cr_expect(strstr(tool.out, "2 modules with"), "%s", tool.out);
	live_stop(&live);
}

Test(audit_modules, none_with_flags, .timeout = 60)
{
	LIVE_START(&live, "plain");
	cr_expect_eq(audit(), 1);
	tool_one_error(&tool, "carries no flags");
	live_stop(&live);
}

/* ---- a bar, on a terminal, for who waits longer than a second ---- */

#define BAR "\r\033[K["
#define ERASE "\r\033[K"
enum { AUDITS = 40 };

static struct {
	pid_t pid;
	int fd;
	char text[1 << 18];
	size_t size;
} screen;

/* Audits one program, time and again, in a terminal of its own. */
static void audit_on_screen(int times)
{
	char path[LIVE_PATH];
	const char *args[AUDITS + 3] = {"dfpatch", "audit"};
	snprintf(path, sizeof(path), "%s", live_path("looks-10010"));
	for (int i = 0; i < times; i++)
		args[2 + i] = path;
	screen.size = 0;
	screen.pid = forkpty(&screen.fd, NULL, NULL, NULL);
	cr_assert_geq(screen.pid, 0);
	if (screen.pid == 0) {
		execv(DFPATCH_PATH, (char *const *)args);
		_exit(126);
	}
}

/* False at the end, which reads as an error. */
static bool read_screen(void)
{
	const ssize_t got =
		read(screen.fd, screen.text + screen.size, sizeof(screen.text) - 1 - screen.size);
	screen.size += got > 0 ? (size_t)got : 0;
	screen.text[screen.size] = '\0';
	return got > 0;
}

static void end_screen(void)
{
	int status;
	while (read_screen())
		continue;
	close(screen.fd);
	cr_assert_eq(waitpid(screen.pid, &status, 0), screen.pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%#x: %s", (unsigned)status,
		  screen.text);
}

/* It waits longer where it is stopped meanwhile. */
Test(audit_modules, a_bar_behind_a_second, .timeout = 60)
{
	audit_on_screen(AUDITS);
	while (read_screen() && !strchr(screen.text, '\n'))
		continue;
	cr_assert_eq(kill(screen.pid, SIGSTOP), 0);
	nanosleep(&(const struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
	cr_assert_eq(kill(screen.pid, SIGCONT), 0);
	end_screen();
	const char *last = NULL;
	for (const char *at = screen.text; (at = strstr(at, BAR)); at++)
		last = at;
	cr_assert(last, "no bar: %s", screen.text);
	cr_expect(strstr(last + 1, ERASE), "it was left there: %s", last);
	cr_expect(strstr(last, "% "), "%s", last);
}

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

Test(audit_modules, no_bar_within_a_second, .timeout = 60)
{
	for (int tries = 0; tries < 20; tries++) {
		const double begun = seconds_now();
		audit_on_screen(1);
		end_screen();
		if (seconds_now() - begun >= 1)
			continue;
		cr_expect_eq(strchr(screen.text, '\033'), NULL, "%s", screen.text);
		cr_expect(strstr(screen.text, "no findings"), "%s", screen.text);
		return;
	}
	cr_skip("each audit of a small file took longer than a second\n");
}

/* ---- the limit of stacks, which is the size of those of threads ---- */

static struct rlimit stacks;

static void limit_stacks(void)
{
	if (setrlimit(RLIMIT_STACK, &stacks) != 0)
		_exit(125);
}

Test(audit_modules, whatever_the_limit_of_stacks, .timeout = 60)
{
	static const rlim_t limits[] = {32, 256, 8192, 1000000000, 100000000000};
	const char *const args[] = {"audit", live_path("looks-10010"), NULL};
	cr_assert_eq(getrlimit(RLIMIT_STACK, &stacks), 0);
	if (stacks.rlim_max != RLIM_INFINITY)
		cr_skip("stacks are limited already\n");
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		stacks.rlim_cur = limits[i] * 1024;
		tool_start(&tool, args, limit_stacks);
		cr_expect_eq(tool_wait(&tool), 0, "%lu KiB: %d %s", (unsigned long)limits[i],
			     tool.status, tool.err);
		cr_expect(strstr(tool.out, "10010 sites"), "%s", tool.out);
	}
}
