/* SPDX-License-Identifier: Apache-2.0 */
/* test_run_moments.c - what happens to a program while its flags are being set. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

TestSuite(run_moments, .timeout = 200);

static struct tool tool;
static char gate[LIVE_PATH];

#define EVERY "enable begun:"
#define PATIENCE 20000 /* ms */

/* A library that the loader opens before all else, and that is a pipe: so it waits there. */
static void load_gate(void)
{
	setenv("LD_PRELOAD", gate, 1);
}

static int number_in_status(pid_t pid, const char *name)
{
	char path[40], line[256];
	int number = -1;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, name, strlen(name)) == 0)
			number = (int)strtol(line + strlen(name), NULL, 10);
	if (status)
		fclose(status);
	return number;
}

static bool runs(pid_t pid, const char *path)
{
	char link[40], exe[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	const ssize_t got = readlink(link, exe, sizeof(exe) - 1);
	exe[got < 0 ? 0 : got] = '\0';
	return strcmp(exe, path) == 0;
}

/* Starts it up to the gate, with its helper waiting for it. Returns the helper. */
static pid_t start_to_gate(const char *const *args)
{
	char path[PATH_MAX];
	cr_assert(realpath(live_path("begun"), path));
	scratch_path(gate, "gate.so");
	cr_assert_eq(mkfifo(gate, 0600), 0);
	/* The helper is an orphan, which we get to see. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	tool_start(&tool, args, load_gate);
	/* dfpatch itself has to pass the gate first, unless it is static. */
	for (int i = 0; i < PATIENCE && !runs(tool.pid, path); i++) {
		const int fd = open(gate, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && !runs(tool.pid, path))
			close(fd);
		else if (fd >= 0)
			cr_assert_fail("the gate was opened too early");
		sleep_us(1000);
	}
	cr_assert(runs(tool.pid, path), "it does not start");
	sleep_us(20000);
	const pid_t helper = number_in_status(tool.pid, "TracerPid:");
	cr_assert_gt(helper, 0);
	cr_assert_neq(helper, tool.pid);
	return helper;
}

static void open_gate(void)
{
	const int fd = open(gate, O_WRONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	close(fd);
}

static const char *const wait_args[] = {"run",	  "-e", EVERY, "--", DF_TARGETS_DIR "/begun",
					"exit=7", NULL};

/* It ends by itself, and well. */
static void expect_helper_gone(pid_t helper)
{
	int status;
	cr_assert_eq(waitpid(helper, &status, 0), helper);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the helper ended with %#x",
		  (unsigned)status);
	cr_expect_eq(waitpid(-1, &status, WNOHANG), -1, "somebody else was left behind");
}

static void expect_begun(void)
{
	tool_wait(&tool);
	cr_expect_eq(tool.status, 7, "status %d: %s", tool.status, tool.err);
	cr_expect(strstr(tool.out, "library on\nconstructor on\nmain on\n"), "%s", tool.out);
}

static void await_state(char wanted)
{
	char path[40], line[512] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", tool.pid);
	for (int i = 0; i < PATIENCE; i++) {
		FILE *stat = fopen(path, "re");
		const bool read = stat && fgets(line, sizeof(line), stat);
		if (stat)
			fclose(stat);
		if (read && strrchr(line, ')')[2] == wanted)
			return;
		sleep_us(1000);
	}
	cr_assert_fail("it is not in state %c: %s", wanted, line);
}

Test(run_moments, the_helper_ends_when_the_program_begins)
{
	const pid_t helper = start_to_gate(wait_args);
	open_gate();
	expect_begun();
	expect_helper_gone(helper);
}

Test(run_moments, a_signal_reaches_the_program_that_is_loaded)
{
	const pid_t helper = start_to_gate(wait_args);
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	cr_expect_eq(tool.status, -SIGTERM);
	cr_expect_str_empty(tool.out);
	cr_expect_not(strstr(tool.err, "dfpatch:"), "%s", tool.err);
	expect_helper_gone(helper);
}

Test(run_moments, job_control_stops_and_continues_it)
{
	int status;
	const pid_t helper = start_to_gate(wait_args);
	kill(tool.pid, SIGSTOP);
	cr_assert_eq(waitpid(tool.pid, &status, WUNTRACED), tool.pid);
	cr_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	kill(tool.pid, SIGCONT);
	cr_assert_eq(waitpid(tool.pid, &status, WCONTINUED), tool.pid);
	cr_assert(WIFCONTINUED(status));
	await_state('S');
	open_gate();
	expect_begun();
	expect_helper_gone(helper);
}

Test(run_moments, without_its_helper_it_never_begins)
{
	int status;
	const pid_t helper = start_to_gate(wait_args);
	kill(helper, SIGKILL);
	tool_wait(&tool);
	cr_expect_eq(tool.status, -SIGKILL);
	cr_expect_str_empty(tool.out);
	cr_expect_eq(waitpid(helper, &status, 0), helper);
}

/* The helper is in a session of its own, and hears nothing. */
Test(run_moments, signals_of_a_group_are_the_programs)
{
	const pid_t helper = start_to_gate(wait_args);
	kill(helper, SIGINT);
	kill(helper, SIGHUP);
	kill(helper, SIGTSTP);
	sleep_us(20000);
	open_gate();
	expect_begun();
	expect_helper_gone(helper);
}

/* At whatever moment: it ends by the signal, and if it begins, then with its flags set. */
Test(run_moments, a_signal_at_any_moment)
{
	static const char *const args[] = {"run",    "-e", EVERY, DF_TARGETS_DIR "/begun",
					   "wait=1", NULL};
	int begun = 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (unsigned i = 0; i < 150; i++) {
		tool_start(&tool, args, NULL);
		sleep_us(i * 61 % 9000);
		kill(tool.pid, SIGTERM);
		tool_wait(&tool);
		cr_assert_eq(tool.status, -SIGTERM, "status %d: %s", tool.status, tool.err);
		cr_assert_not(strstr(tool.out, " off"), "%s", tool.out);
		begun += *tool.out != '\0';
	}
	cr_log_info("%d of 150 had begun\n", begun);
	/* Helpers whose program is gone end, too. */
	while (waitpid(-1, NULL, 0) > 0)
		;
}

Test(run_moments, stops_at_any_moment)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (unsigned i = 0; i < 100; i++) {
		tool_start(&tool, wait_args, NULL);
		for (int j = 0; j < 5; j++) {
			sleep_us((i * 37 + (unsigned)j * 511) % 1500);
			kill(tool.pid, SIGSTOP);
			sleep_us((i * 11) % 300);
			kill(tool.pid, SIGCONT);
		}
		expect_begun();
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void ignore_traps(void)
{
	signal(SIGTRAP, SIG_IGN);
}

/* What reaches a program that is being made to ignore SIGTRAP again is no reason to end it. */
Test(run_moments, signals_while_it_gets_back_what_it_ignored)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (unsigned i = 0; i < 100; i++) {
		tool_start(&tool, wait_args, ignore_traps);
		for (unsigned j = 0; j < 20; j++) {
			sleep_us((i * 37 + j * 101) % 500);
			kill(tool.pid, SIGWINCH);
			if (j % 5 != 0)
				continue;
			kill(tool.pid, SIGSTOP);
			sleep_us(i * 11 % 300);
			kill(tool.pid, SIGCONT);
		}
		expect_begun();
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* Nor do they give it another status. */
Test(run_moments, signals_while_it_is_ended)
{
	static const char *const args[] = {"run", "-e", "+nothing", DF_TARGETS_DIR "/begun", NULL};
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (unsigned i = 0; i < 100; i++) {
		tool_start(&tool, args, NULL);
		for (unsigned j = 0; j < 20; j++) {
			sleep_us((i * 37 + j * 101) % 500);
			kill(tool.pid, SIGWINCH);
		}
		tool_wait(&tool);
		cr_assert_eq(tool.status, 125, "status %d: %s", tool.status, tool.err);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}
