/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_descriptors.c - too few descriptors: no process that lives is taken for gone, or skipped.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "spots.h"

TestSuite(descriptors, .timeout = 120);

#define COUNT 2
#define DESCRIPTORS 30

static struct tool tool, other;
static struct live live[COUNT];
static rlim_t allowed;

static void restrict_descriptors(void)
{
	const struct rlimit limit = {allowed, allowed};
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool is_on(const struct live *target)
{
	live_beat(target);
	return target->page->value[BASIC_FEATURE] == 1;
}

static bool is_skipped(const struct live *target)
{
	char text[32];
	snprintf(text, sizeof(text), "process %d (", target->pid);
	const char *line = strstr(tool.out, text);
	return line && strncmp(line + strcspn(line, ")\n"), "): skipped", 10) == 0;
}

/* A status that says that all is well must not hide a process in which nothing was done. */
static void judge(const char *const *args)
{
	const bool done = is_on(&live[0]) && is_on(&live[1]);
	const bool lies = is_skipped(&live[0]) || is_skipped(&live[1]) ||
			  strstr(tool.out, "exited") || strstr(tool.err, "exited") ||
			  strstr(tool.err, "no process") || strstr(tool.err, "another program");
	cr_assert((tool.status == 0) == done && tool.status != 1, "%s %s, %d descriptors: %d: %s%s",
		  args[1], args[2], (int)allowed, tool.status, tool.out, tool.err);
	cr_assert(!lies, "%s %s, %d descriptors: %d: %s%s", args[1], args[2], (int)allowed,
		  tool.status, tool.out, tool.err);
	cr_assert(tool.status >= 0 && (tool.status == 0 || strstr(tool.err, "dfpatch: ")), "%d: %s",
		  tool.status, tool.err);
}

static void start(const char *path)
{
	for (int i = 0; i < COUNT; i++)
		LIVE_START(&live[i], path, "threads=2");
}

/* With more and more of them until it is done. */
static void change(const char *const *args)
{
	tool.status = -1;
	for (allowed = 3; tool.status != 0 && allowed < DESCRIPTORS; allowed++) {
		tool_start(&tool, args, restrict_descriptors);
		tool_wait(&tool);
		judge(args);
		TOOL(&other, "disable", PID(&live[0]), PID(&live[1]), "basic:feature");
	}
	cr_assert_eq(tool.status, 0, "it takes more than %d descriptors", (int)allowed);
	for (int i = 0; i < COUNT; i++) {
		nobody_is_traced(&live[i]);
		live_stop(&live[i]);
	}
}

Test(descriptors, of_a_list)
{
	char list[64];
	start("basic");
	snprintf(list, sizeof(list), "--pid=%d,%d", live[0].pid, live[1].pid);
	change((const char *const[]){"enable", "--stop", list, "basic:feature", NULL});
}

Test(descriptors, of_an_executable)
{
	for (int quiet = 0; quiet < 2; quiet++) {
		char path[LIVE_PATH];
		scratch_path(path, quiet ? "quiet" : "stop");
		copy_file(live_path("basic"), path);
		start(path);
		change((const char *const[]){"enable", quiet ? "--quiet" : "--stop", "--exe", path,
					     "basic:feature", NULL});
	}
}

Test(descriptors, of_descendants)
{
	char root[32];
	start("basic");
	snprintf(root, sizeof(root), "--pid=%d", getpid());
	change((const char *const[]){"enable", "--quiet", "--tree", root, "basic:feature", NULL});
}
