/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hostile.c - targets whose headers and tables lie, and writes that fail
 * when another module has been changed already.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "spots.h"

#define TEXT_SIZE 262144
#define ATTEMPTS_MAX 20	    /* when there is no time left */
#define EXECUTABLE_WRITES 8 /* three phases, states twice, one byte, the commit, and idle */

static struct tool tool;

/* All that a liar has mapped from its own file or beside it, as far as a page of each matters. */
static size_t all_memory(const struct live *live, char *buffer)
{
	char path[64], line[512];
	snprintf(path, sizeof(path), "/proc/%d/maps", live->pid);
	FILE *maps = fopen(path, "re");
	snprintf(path, sizeof(path), "/proc/%d/mem", live->pid);
	const int mem = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	cr_assert(maps && mem >= 0);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end;
		if (sscanf(line, "%lx-%lx", &start, &end) != 2 || start > 0x20000000)
			continue;
		for (; start < end && used + 4096 <= TEXT_SIZE; start += 4096, used += 4096)
			cr_assert_eq(pread(mem, buffer + used, 4096, (off_t)start), 4096);
	}
	fclose(maps);
	close(mem);
	return used;
}

/* Segments of half a gigabyte are reserved as large as they say; no lie may cost more. */
static void little_memory(void)
{
	const struct rlimit limit = {2048u << 20, 2048u << 20};
	setrlimit(RLIMIT_AS, &limit);
}

/* The tool ends in time, or tool_wait() fails the test; in whatever way, nobody stays stopped. */
static int asked(const struct live *live, const char *lie, const char *mode, const char *flag)
{
	tool_start(&tool,
		   (const char *const[]){"enable", mode, "--timeout=500ms", PID(live), flag, NULL},
		   little_memory);
	const int status = tool_wait(&tool);
	cr_expect(status >= 0, "%s %s: %d: %s%s", lie, mode, status, tool.out, tool.err);
	live_beat(live);
	nobody_is_traced(live);
	return status;
}

static const char *const modes[] = {"--max-stop=1s", "--stop"};

static void expect_refused(const char *lie, const char *flag, int status, const char *why)
{
	static char before[TEXT_SIZE], after[TEXT_SIZE];
	char option[64];
	struct live live;
	snprintf(option, sizeof(option), "lie=%s", lie);
	LIVE_START(&live, "liar", option);
	const size_t size = all_memory(&live, before);
	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(asked(&live, lie, modes[i], flag), status, "%s %s: %d: %s%s", lie,
			     modes[i], tool.status, tool.out, tool.err);
		tool_one_error(&tool, why);
		cr_assert_eq(all_memory(&live, after), size);
		cr_assert(memcmp(before, after, size) == 0, "%s: the target was written to", lie);
	}
	live_stop(&live);
}

static const struct refused {
	const char *lie, *why;
} refused[] = {
	{"wrap", "no private executable mapping"},
	{"state-in-text", "no writable memory"},
	{"site-within-another", "overlap"},
	{"same-record-twice", "overlap"},
	{"table-within-a-record", "record 1"},
	{"table-behind-itself", "no whole number of records"},
	{"table-in-control", "style"},
	{"state-in-control", "lies in the control block"},
	{"state-of-another", "share the state"},
	{"state-off-by-eight", "not aligned"},
	{"state-in-anonymous", "no writable memory"},
	{"state-in-shared", "no writable memory"},
	{"state-in-file", "no writable memory"},
	{"state-in-other-data", "no writable memory"},
	{"state-in-heap", "no writable memory"},
	{"state-in-vdso", "no writable memory"},
	{"string-without-end", "no terminated string"},
	{"string-outside", "no terminated string"},
	{"phase-out-of-range", "phase 2147483653"},
	{"unknown-sizes", "sizes 0, 16, 128"},
	{"absent-records", "lies in no writable segment"},
	{"too-many-records", "more than 1048576 records"},
	{"one-long-string", "take more than"},
	{"scattered-strings", "no terminated string"},
};

Test(hostile, tables_that_lie, .timeout = 280)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		expect_refused(refused[i].lie, "liar:one", 4, refused[i].why);
}

/* Recovery would write it: the operation itself is about another flag. */
Test(hostile, open_change_outside_the_module, .timeout = 60)
{
	expect_refused("site-in-anonymous", "liar:two", 4, "lies in no");
}

Test(hostile, lock_held_for_ever, .timeout = 60)
{
	expect_refused("locked-by-itself", "liar:one", 3, "holds the lock");
}

Test(hostile, tables_that_take_long, .timeout = 60)
{
	expect_refused("million-records", "liar:one", 1, "no flag matches");
	expect_refused("endless-notes", "liar:one", 1, "no flags");
}

/* Whoever else the word names is no thread of the target: a lock that was left behind. */
Test(hostile, odd_but_no_harm, .timeout = 120)
{
	static const char *const lies[] = {"locked-by-a-stranger", "slow-modules", "many-mappings"};
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 2; j++) {
			char option[64];
			struct live live;
			snprintf(option, sizeof(option), "lie=%s", lies[i]);
			LIVE_START(&live, "liar", option);
			cr_expect_eq(asked(&live, lies[i], modes[j], "liar:one"), 0, "%s: %s",
				     lies[i], tool.err);
			live_stop(&live);
		}
}

/* It may succeed or not, but it ends, and the target lives. */
Test(hostile, never_the_same_twice, .timeout = 200)
{
	static const char *const lies[] = {"generation", "table-comes-and-goes", "records-change"};
	for (size_t i = 0; i < 3; i++) {
		char option[64];
		struct live live;
		snprintf(option, sizeof(option), "lie=%s", lies[i]);
		LIVE_START(&live, "liar", option);
		for (size_t j = 0; j < 10; j++)
			asked(&live, lies[i], modes[j % 2], "liar:one");
		live_stop(&live);
	}
}

/* What was put right is broken again at once: dfpatch gives up after some attempts. */
Test(hostile, always_more_to_put_right, .timeout = 200)
{
	struct live live;
	LIVE_START(&live, "liar", "lie=dying-controllers");
	for (size_t j = 0; j < 6; j++) {
		unsigned modules = 0;
		const int status = TOOL(&tool, "enable", modes[j % 2], "--timeout=1ms", PID(&live),
					"liar:one");
		const char *right = strstr(tool.out, "put right in ");
		if (right)
			sscanf(right, "put right in %u", &modules);
		cr_expect(status == 0 || status == 3, "%d: %s", status, tool.err);
		cr_expect(modules <= ATTEMPTS_MAX, "%u attempts", modules);
	}
	live_stop(&live);
}

/* Neither sequences for terminals nor what turns text around, nor what is no UTF-8. */
Test(hostile, names_are_made_safe, .timeout = 60)
{
	static const char *const bad[] = {"\033", "\a",	      "\b",	      "\x7f",	     "\xff",
					  "\r",	  "\xc2\x9b", "\xe2\x80\xae", "\xe2\x81\xa6"};
	struct live live;
	LIVE_START(&live, "liar", "lie=names");
	TOOL(&tool, "list", PID(&live));
	cr_expect_eq(tool.status, 0, "%s", tool.err);
	cr_expect(strstr(tool.out, "liar"), "%s", tool.out);
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			cr_expect(!strstr(tool.out, bad[i]) && !strstr(tool.err, bad[i]),
				  "row %zu is shown", i);
		asked(&live, "names", modes[turn], ".*");
	}
	live_stop(&live);
}

/* ---- a change that is made in one of two modules ---- */

static void start_with_plugin(struct live *live)
{
	char plugin[LIVE_PATH];
	if (system("strace -V >/dev/null 2>&1") != 0)
		cr_skip("strace is not installed\n");
	snprintf(plugin, sizeof(plugin), "%s", live_path("plugin.so"));
	LIVE_START(live, "host-flags", plugin);
	live->page->go = 1;
	while (!live->page->word[0])
		live_beat(live);
}

/* Every write behind those for the first module fails. Tells what was printed where `to` says. */
static int run_in_part(const struct live *live, const char *to, char *out, size_t size)
{
	char command[4 * LIVE_PATH];
	snprintf(
		command, sizeof(command),
		"strace -f -o /dev/null -e trace=pwrite64 -e inject=pwrite64:error=EIO:when=%d+ %s "
		"activate %s '.*' %s",
		EXECUTABLE_WRITES + 1, DFPATCH_PATH, PID(live), to);
	FILE *run = popen(command, "re");
	cr_assert(run);
	const size_t got = fread(out, 1, size - 1, run);
	out[got] = '\0';
	return WEXITSTATUS(pclose(run));
}

/*
 * The executable is changed, the shared object is left to the next operation, and both are
 * named.
 */
Test(hostile, second_module_fails, .timeout = 60)
{
	struct live live;
	char out[4096];
	start_with_plugin(&live);
	cr_assert_eq(run_in_part(&live, "2>&1", out, sizeof(out)), 6, "%s", out);
	cr_expect(strstr(out, "plugin.so: cannot write memory"), "%s", out);
	cr_expect(strstr(out, "the flags of these modules were changed:"), "%s", out);
	nobody_is_traced(&live);
	live_beat(&live);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), ".*"), 0, "%s", tool.err);
	cr_expect(strstr(tool.out, "matched 3 flags (3 sites), 1 changed, 2 already so"), "%s",
		  tool.out);
	live_stop(&live);
}

/* Where that cannot be reported, it is not called the whole change. */
Test(hostile, second_module_fails_unreported, .timeout = 60)
{
	struct live live;
	char out[4096];
	start_with_plugin(&live);
	cr_assert_eq(run_in_part(&live, "--json 2>&1 >/dev/full", out, sizeof(out)), 6, "%s", out);
	cr_expect(strstr(out, "the flags of these modules were changed:"), "%s", out);
	cr_expect(strstr(out, "a part of the change was made, but the report cannot be written"),
		  "%s", out);
	live_stop(&live);
}
