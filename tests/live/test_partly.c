/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_partly.c - changes of several processes that were not made in all of them, or not
 * looked for everywhere, or cannot be reported: no more is said than was done.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic.h"
#include "gate.h"
#include "spots.h"
#include "strangers.h"

TestSuite(partly, .timeout = 60);

static struct tool tool;
static struct live live[2];
static char path[LIVE_PATH];

static void start(void)
{
	scratch_path(path, "server");
	copy_file(live_path("basic"), path);
	for (int i = 0; i < 2; i++)
		LIVE_START(&live[i], path, "threads=2");
}

static void stop(void)
{
	for (int i = 0; i < 2; i++) {
		nobody_is_traced(&live[i]);
		live_stop(&live[i]);
	}
}

static void said(const char *where, const char *text)
{
	cr_assert(strstr(where, text), "not '%s': %s%s", text, tool.out, tool.err);
}

/* ---- those that were started meanwhile cannot be looked for ---- */

static bool opens(const struct seccomp_notif *call, const char *wanted)
{
	char memory[32], name[16] = "";
	snprintf(memory, sizeof(memory), "/proc/%d/mem", tool.pid);
	const int mem = open(memory, O_RDONLY | O_CLOEXEC);
	const ssize_t got = pread(mem, name, sizeof(name) - 1, (off_t)call->data.args[1]);
	close(mem);
	return got > 0 && strcmp(name, wanted) == 0;
}

/* From the first one's turn on, every look at all processes fails but for so many. */
static void run_blind(const char *json, int looks, void (*act)(void))
{
	static const int opening[] = {SYS_openat, -1};
	struct seccomp_notif call;
	struct gate gate;
	bool begun = false;
	if (!gate_is_there())
		cr_skip("the kernel cannot hold system calls for the test\n");
	gate_start(&gate, &tool,
		   (const char *const[]){"enable", "--exe", path, "basic:feature", "--stop", json,
					 NULL},
		   opening);
	while (gate_next(&gate, &call)) {
		begun = begun || opens(&call, "mem");
		const bool look = begun && opens(&call, "/proc");
		if (look && act)
			act();
		if (look && looks-- <= 0)
			gate_fail(&gate, &call, EACCES);
		else
			gate_pass(&gate, &call);
	}
	gate_end(&gate);
}

#define BLIND                                                                                      \
	"processes that were started meanwhile could not be looked for: cannot open /proc: "       \
	"Permission denied"

Test(partly, no_second_look)
{
	start();
	run_blind(NULL, 0, NULL);
	tool_ended(&tool, 5);
	tool_one_error(&tool, BLIND);
	said(tool.out, "2 processes: 2 changed, 0 already so, 0 skipped, 0 failed\n");
	for (int i = 0; i < 2; i++)
		cr_assert(live_value(&live[i], BASIC_FEATURE, 1));
	stop();
}

Test(partly, no_second_look_as_a_document)
{
	start();
	run_blind("--json", 0, NULL);
	tool_ended(&tool, 5);
	tool_one_error(&tool, BLIND);
	said(tool.out, "\"text\":\"" BLIND "\"");
	said(tool.out, "\"changed\":2,");
	stop();
}

/* What one failed of is told as well. */
Test(partly, no_second_look_and_one_failed)
{
	start();
	const pid_t tracer = stranger_trace(live[1].pid);
	run_blind(NULL, 0, NULL);
	tool_ended(&tool, 5);
	said(tool.err, "dfpatch: 1 of 2 processes failed; the report says why\n");
	said(tool.err, "dfpatch: " BLIND "\n");
	said(tool.out, "2 processes: 1 changed, 0 already so, 0 skipped, 1 failed\n");
	cr_assert(!strstr(tool.err, "change was made"), "%s", tool.err);
	stranger_end(tracer);
	stop();
}

/* All failed in one way, and so did the look: nothing was changed. */
Test(partly, no_second_look_and_all_failed)
{
	start();
	const pid_t first = stranger_trace(live[0].pid), second = stranger_trace(live[1].pid);
	run_blind(NULL, 0, NULL);
	tool_ended(&tool, 3);
	stranger_end(first);
	stranger_end(second);
	stop();
}

static struct live late;

static void start_another(void)
{
	if (late.pid == 0)
		LIVE_START(&late, path);
}

/* Who was found before looking failed has its turn. */
Test(partly, no_third_look)
{
	start();
	run_blind(NULL, 1, start_another);
	tool_ended(&tool, 5);
	tool_one_error(&tool, BLIND);
	said(tool.out, "3 processes: 3 changed, 0 already so, 0 skipped, 0 failed\n");
	cr_assert(live_value(&late, BASIC_FEATURE, 1));
	live_stop(&late);
	stop();
}

/* ---- the report cannot be written ---- */

static void full_output(void)
{
	dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), 1);
}

static void run_unreported(const char *command, const char *json)
{
	tool_start(&tool,
		   (const char *const[]){command, "--exe", path, "basic:feature", "--stop", json,
					 NULL},
		   full_output);
	tool_wait(&tool);
}

Test(partly, unreported)
{
	start();
	run_unreported("enable", NULL);
	tool_ended(&tool, 6);
	tool_one_error(&tool, "2 of 2 processes were changed, but the report cannot be written");
	run_unreported("enable", NULL);
	tool_ended(&tool, 3);
	tool_one_error(&tool, "cannot write the report");
	const pid_t tracer = stranger_trace(live[1].pid);
	for (int i = 0; i < 2; i++) {
		run_unreported("activate", i ? "--json" : NULL);
		tool_ended(&tool, 6);
		said(tool.err, "1 of 2 processes was changed, but the report cannot be written");
		cr_assert(!strstr(tool.err, "change was made"), "%s", tool.err);
	}
	stranger_end(tracer);
	stop();
}

/* Of one process, with flags that were left alone. */
Test(partly, unreported_and_unhooked)
{
	start();
	TOOL(&tool, "unhook", PID(&live[0]), "basic:feature");
	tool_start(&tool,
		   (const char *const[]){"enable", PID(&live[0]), "basic:feature", "multi:", NULL},
		   full_output);
	tool_wait(&tool);
	tool_ended(&tool, 6);
	tool_one_error(&tool, "a part of the change was made, but the report cannot be written");
	stop();
}
