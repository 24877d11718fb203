/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_apply.c - scripts carried out in running processes: from lines, files and standard input,
 * wholly or not at all, as one change of each module.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "basic.h"
#include "basics.h"
#include "live.h"
#include "spots.h"

static struct live live;
static struct tool tool;

static void start(void)
{
	LIVE_START(&live, "basic", "threads=2");
}

static void stop(void)
{
	nobody_is_traced(&live);
	live_stop(&live);
}

TestSuite(apply, .init = start, .fini = stop, .timeout = 60);

static const char *file_of(const char *text)
{
	static char path[LIVE_PATH];
	scratch_path(path, "script");
	const int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return path;
}

static const char *input;

static void set_input(void)
{
	int ends[2];
	if (pipe(ends) != 0 || write(ends[1], input, strlen(input)) != (ssize_t)strlen(input))
		_exit(120);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
}

#define TOOL_WITH_INPUT(INPUT, ...)                                                                \
	do {                                                                                       \
		input = (INPUT);                                                                   \
		tool_start(&tool, (const char *const[]){__VA_ARGS__, NULL}, set_input);            \
		tool_wait(&tool);                                                                  \
	} while (0)

static const char everything[] = "# every operation there is\n"
				 "+basic:feature\n"
				 "+basic:feature\n"
				 "-basic:standard\n"
				 "  disable\topt:first  \r\n"
				 "\n"
				 "enable multi:\n"
				 "!basic:slow\n"
				 "!basic:slow\n"
				 "?basic:slow\n"
				 "deactivate debug:trace\n"
				 "activate opt:second";

static void check_everything(const char *where)
{
	basic_values_are(&live, "101010111");
	cr_assert_eq(generation_of(&live), 1, "%s", where);
	cr_assert_eq(TOOL(&tool, "list", PID(&live), "--noheadings", "-o", "NAME,COUNT,UNHOOK"), 0);
	tool_said(&tool, "basic:feature      2      0\n");
	tool_said(&tool, "basic:slow         1      1\n");
	tool_said(&tool, "opt:second         1      0\n");
}

Test(apply, a_file)
{
	TOOL(&tool, "apply", PID(&live), "-s", file_of(everything));
	tool_ended(&tool, 0);
	cr_assert_str_empty(tool.err);
	tool_said(&tool, ": off -> on, count 0 -> 2\n");
	tool_said(&tool,
		  "matched 7 flags (9 sites), 7 changed (9 sites), 0 already so, 0 unhooked\n");
	tool_said(&tool, "changed quietly: nobody was stopped\n");
	check_everything("file");
}

Test(apply, standard_input)
{
	TOOL_WITH_INPUT(everything, "apply", PID(&live), "-s", "-", "--stop");
	tool_ended(&tool, 0);
	tool_said(&tool, " stood still for ");
	check_everything("input");
}

/* Lines, files and standard input are one script, in the order given. */
Test(apply, from_all_of_them)
{
	TOOL_WITH_INPUT("disable .*\n", "apply", PID(&live), "-e", "+multi:", "-s", "-", "-s",
			file_of("+basic:\n"), "-e", "-basic:slow\n!basic:slow");
	tool_ended(&tool, 0);
	basic_values_are(&live, "110000000");
	cr_assert_eq(generation_of(&live), 1);
}

Test(apply, what_is_taken_back_is_no_change)
{
	TOOL(&tool, "apply", PID(&live), "-e", "+basic:\n-basic:\n!opt:\n?opt:");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 5 flags (5 sites), 0 changed, 5 already so, 0 unhooked\n");
	tool_said(&tool, "nothing to write: the target was not stopped\n");
	cr_assert_eq(generation_of(&live), 0);
	TOOL(&tool, "apply", PID(&live), "-s", "/dev/null");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 0 flags (0 sites), 0 changed");
	basic_values_are(&live, BASIC_AS_BUILT);
}

Test(apply, one_line_that_means_no_flag_stops_all)
{
	TOOL(&tool, "apply", PID(&live), "-e", "+basic:", "-s",
	     file_of("-opt:\n\n+basic:fature\n"));
	tool_ended(&tool, 1);
	tool_one_error(
		&tool,
		"script: line 3: no flag matches 'basic:fature'; did you mean 'basic:feature'?");
	basic_values_are(&live, BASIC_AS_BUILT);
	cr_assert_eq(generation_of(&live), 0);
}

Test(apply, a_bad_line_stops_all)
{
	TOOL_WITH_INPUT("+opt:\n+(\n", "apply", PID(&live), "-e", "+basic:", "-s", "-");
	tool_ended(&tool, 2);
	tool_one_error(&tool, "standard input: line 2: pattern '('");
	TOOL(&tool, "apply", PID(&live), "-e", "+basic:", "-e", "basic:");
	tool_ended(&tool, 2);
	tool_one_error(&tool, "-e number 2: line 1: 'basic:' is no operation");
	basic_values_are(&live, BASIC_AS_BUILT);
	cr_assert_eq(generation_of(&live), 0);
}

/* Of the command line, http: is a kind; of a script, an expression. */
Test(apply, patterns_are_expressions)
{
	TOOL(&tool, "apply", PID(&live), "-e", "disable opt:|basic:s");
	tool_ended(&tool, 0);
	basic_values_are(&live, "000001000");
	TOOL(&tool, "apply", PID(&live), "-e", "enable basic:f.*@.*:[0-9]+$");
	tool_ended(&tool, 0);
	basic_values_are(&live, "100001000");
}

Test(apply, unhooked_flags_are_told)
{
	TOOL(&tool, "apply", PID(&live), "-e", "!basic:feature\nenable basic:");
	tool_ended(&tool, 7);
	tool_said(&tool, ": off, unhook 0 -> 1 (unhooked: left alone)\n");
	tool_said(&tool, "matched 3 flags (3 sites), 0 changed, 2 already so, 1 unhooked\n");
	TOOL(&tool, "apply", PID(&live), "-e", "?basic:feature\nenable basic:");
	tool_ended(&tool, 0);
	basic_values_are(&live, "111111000");
	cr_assert_eq(generation_of(&live), 2);
}

Test(apply, a_dry_run)
{
	TOOL(&tool, "apply", PID(&live), "--dry-run", "-e", "disable .*\n+multi:");
	tool_ended(&tool, 0);
	tool_said(&tool, "dry run, nothing was written: matched 7 flags (9 sites), 6 would change");
	basic_values_are(&live, BASIC_AS_BUILT);
	cr_assert_eq(generation_of(&live), 0);
}

Test(apply, documents)
{
	TOOL(&tool, "apply", PID(&live), "--json", "--quiet", "-e", "+basic:feature\n!opt:first");
	tool_ended(&tool, 0);
	tool_said(&tool, "\"command\":\"apply\"");
	tool_said(&tool, "\"mode\":\"quiet\"");
	tool_said(&tool, "\"changed\":{\n      \"flags\":2,\n");
	tool_said(&tool, "\"after\":{\n        \"state\":\"held\",\n        \"activation\":0,\n"
			 "        \"unhook\":1\n");
	TOOL(&tool, "apply", PID(&live), "--json", "-e", "+basic:feature", "-e", "+nothing");
	tool_ended(&tool, 1);
	tool_said(&tool,
		  "\"code\":\"no-match\",\n    \"text\":\"-e number 2: line 1: no flag matches "
		  "'nothing'");
	TOOL(&tool, "apply", PID(&live), "--json", "-e", "nothing");
	tool_ended(&tool, 2);
	tool_said(&tool, "\"code\":\"usage\",\n    \"text\":\"-e number 1: line 1: 'nothing' is no "
			 "operation");
}

/* ---- several modules ---- */

static uint64_t changes_of(const char *module)
{
	const char *line = strstr(tool.out, module);
	const char *count = line ? strstr(line, "initialised, ") : NULL;
	cr_assert(count, "%s is not in: %s", module, tool.out);
	return strtoull(count + strlen("initialised, "), NULL, 10);
}

Test(apply_modules, one_change_of_each, .timeout = 60)
{
	struct tool list;
	LIVE_START(&live, "host-linked-flags");
	TOOL(&tool, "apply", PID(&live), "-e",
	     "+host:\n+plugin:feature\n-plugin:standard\n+.*:own\n+plugin:feature\n");
	tool_ended(&tool, 0);
	tool_said(&tool, "matched 3 flags (3 sites), 3 changed");
	live_beat(&live);
	cr_assert(live.page->value[0] == 1 && live.page->value[1] == 1);
	TOOL(&tool, "list", PID(&live));
	tool_ended(&tool, 0);
	cr_assert_eq(changes_of("host-linked-flags: "), 1);
	cr_assert_eq(changes_of("plugin.so: "), 1);
	list = tool;
	/* A line may mean flags of some modules only, but has to mean one somewhere. */
	TOOL(&tool, "apply", PID(&live), "-e", "disable host:\n+plugin:nothing");
	tool_ended(&tool, 1);
	TOOL(&tool, "list", PID(&live));
	cr_assert_str_eq(tool.out, list.out);
	live_stop(&live);
}

/* ---- several processes ---- */

Test(apply_several, each_by_itself, .timeout = 60)
{
	char both[64];
	struct live other;
	LIVE_START(&live, "basic");
	LIVE_START(&other, "host-linked-flags");
	snprintf(both, sizeof(both), "--pid=%d,%d", live.pid, other.pid);
	TOOL_WITH_INPUT("+basic:feature\n", "apply", both, "-s", "-");
	tool_ended(&tool, 5);
	tool_said(&tool, "2 processes: 1 changed, 0 already so, 0 skipped, 1 failed\n");
	tool_said(&tool, "failed: standard input: line 1: no flag matches 'basic:feature'");
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	/* What is wrong with the script is so for all. */
	TOOL(&tool, "apply", both, "-e", "+.*", "-e", "oops");
	tool_ended(&tool, 2);
	cr_assert_str_empty(tool.out);
	TOOL_WITH_INPUT("-.*:feature\n+.*:feature\n+.*:feature", "apply", both, "-s", "-");
	tool_ended(&tool, 0);
	tool_said(&tool, "2 processes: 2 changed, 0 already so, 0 skipped, 0 failed\n");
	live_stop(&other);
	live_stop(&live);
}

Test(apply_several, descendants, .timeout = 60)
{
	LIVE_START(&live, "breeder", "children=2");
	live.page->go = 1;
	for (int i = 0; i < 5000 && live.page->word[0] < 2; i++)
		sleep_us(1000);
	cr_assert_eq(live.page->word[0], 2);
	TOOL(&tool, "apply", PID(&live), "--tree", "-e", "+breed:", "-e", "+breed:flag");
	tool_ended(&tool, 0);
	tool_said(&tool, "3 processes: 3 changed, 0 already so, 0 skipped, 0 failed\n");
	TOOL(&tool, "list", PID(&live), "--tree", "--noheadings", "-o", "COUNT");
	cr_assert_str_eq(tool.out, "    2\n    2\n    2\n");
	live_stop(&live);
}
