/* SPDX-License-Identifier: Apache-2.0 */
/* test_review_modules.c - modules that moved, files that are only data, leaders that exited. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "live.h"
#include "spots.h"

TestSuite(review_modules, .timeout = 60);

static struct tool tool;

Test(review_modules, text_that_is_not_mapped_from_its_file)
{
	static const char *const commands[] = {"list", "enable", "disable"};
	struct live live;
	LIVE_START(&live, "moved", "text=1");
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(TOOL(&tool, commands[i], PID(&live), "moved:"), 4, "%s: %d, %s%s",
			     commands[i], tool.status, tool.out, tool.err);
		tool_one_error(&tool, "/moved: its text at 0x");
		tool_one_error(&tool, "is not mapped from its file");
	}
	live_beat(&live);
	cr_assert_eq(live.page->value[0], 0);
	nobody_is_traced(&live);
	live_stop(&live);
}

Test(review_modules, text_of_a_module_without_flags)
{
	struct live live;
	LIVE_START(&live, "moved-plain", "text=1");
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 1);
	tool_one_error(&tool, "carries no flags");
	live_stop(&live);
}

static const char *const data[] = {"basic",	"basic-nopie", "basic-static",
				   "plugin.so", "basic-lld",   "moved",
				   "shapes",	"host-flags",  "basic-clang-lld"};

Test(review_modules, files_mapped_as_data)
{
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
		struct live live;
		char option[LIVE_PATH + 8];
		if (!live_path(data[i]))
			continue;
		snprintf(option, sizeof(option), "map=%s", live_path(data[i]));
		LIVE_START(&live, "moved-plain", option);
		cr_assert_eq(TOOL(&tool, "list", PID(&live)), 1, "%s: %s", data[i], tool.err);
		tool_one_error(&tool, "carries no flags");
		live_stop(&live);
		LIVE_START(&live, "moved", option);
		cr_assert_eq(TOOL(&tool, "enable", PID(&live), ".*"), 0, "%s: %s", data[i],
			     tool.err);
		cr_assert(strstr(tool.out, "matched 1 flag (1 site), 1 changed"), "%s", tool.out);
		cr_assert(live_value(&live, 0, 1));
		live_stop(&live);
	}
}

/* The leader becomes a zombie a moment after the others are ready. */
static void wait_for_zombie(const struct live *live)
{
	char path[64], line[128] = "";
	for (int i = 0; i < 5000 && !strstr(line, ") Z "); i++) {
		snprintf(path, sizeof(path), "/proc/%d/stat", live->pid);
		FILE *file = fopen(path, "re");
		cr_assert(file && fgets(line, sizeof(line), file));
		fclose(file);
		sleep_us(1000);
	}
	cr_assert(strstr(line, ") Z "), "%s", line);
}

Test(review_modules, first_thread_exited)
{
	struct live live;
	LIVE_START(&live, "moved", "exited=1");
	wait_for_zombie(&live);
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 0, "%s", tool.err);
	cr_assert(strstr(tool.out, "moved:feature"), "%s", tool.out);
	for (int i = 0; i < 4; i++) {
		const int wanted = i % 2 == 0;
		cr_assert_eq(TOOL(&tool, wanted ? "enable" : "disable", PID(&live), "moved:"), 0,
			     "%s", tool.err);
		cr_assert(strstr(tool.out, "1 changed"), "%s", tool.out);
		cr_assert(live_value(&live, 0, wanted));
	}
	nobody_is_traced(&live);
	live_stop(&live);
}
