/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hostile.c - targets whose headers and tables lie, and writes that fail
 * when another module has been changed already.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "spots.h"

#define TEXT_SIZE 65536
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

static void expect_refused(const char *lie, const char *flag, const char *why)
{
	static char before[TEXT_SIZE], after[TEXT_SIZE];
	struct live live;
	LIVE_START(&live, "liar", lie);
	const size_t size = all_memory(&live, before);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), flag), 4, "%d: %s%s", tool.status, tool.out,
		     tool.err);
	tool_one_error(&tool, why);
	cr_assert_eq(all_memory(&live, after), size);
	cr_assert(memcmp(before, after, size) == 0, "%s: the target was written to", lie);
	live_beat(&live);
	nobody_is_traced(&live);
	live_stop(&live);
}

Test(hostile, site_at_the_end_of_the_address_space, .timeout = 60)
{
	expect_refused("lie=1", "liar:one", "no private executable mapping");
}

Test(hostile, state_in_text, .timeout = 60)
{
	expect_refused("lie=2", "liar:one", "no writable memory");
}

/* Recovery would write it: the operation itself is about another flag. */
Test(hostile, open_change_outside_the_module, .timeout = 60)
{
	expect_refused("lie=3", "liar:two", "lies in no");
}

/*
 * Two modules, and every write behind those for the first fails: the executable is
 * changed, the shared object is left to the next operation, and both are named.
 */
Test(hostile, second_module_fails, .timeout = 60)
{
	struct live live;
	char plugin[LIVE_PATH], command[4 * LIVE_PATH], out[4096] = "";
	if (system("strace -V >/dev/null 2>&1") != 0)
		cr_skip("strace is not installed\n");
	snprintf(plugin, sizeof(plugin), "%s", live_path("plugin.so"));
	LIVE_START(&live, "host-flags", plugin);
	live.page->go = 1;
	while (!live.page->word[0])
		live_beat(&live);
	snprintf(command, sizeof(command),
		 "strace -o /dev/null -e trace=pwrite64 -e inject=pwrite64:error=EIO:when=%d+ %s "
		 "activate %s '.*' 2>&1",
		 EXECUTABLE_WRITES + 1, DFPATCH_PATH, PID(&live));
	FILE *run = popen(command, "re");
	cr_assert(run);
	const size_t got = fread(out, 1, sizeof(out) - 1, run);
	out[got] = '\0';
	cr_assert_eq(WEXITSTATUS(pclose(run)), 6, "%s", out);
	cr_expect(strstr(out, "plugin.so: cannot write memory"), "%s", out);
	cr_expect(strstr(out, "the flags of these modules were changed:"), "%s", out);
	nobody_is_traced(&live);
	live_beat(&live);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), ".*"), 0, "%s", tool.err);
	cr_expect(strstr(tool.out, "matched 3 flags (3 sites), 1 changed, 2 already so"), "%s",
		  tool.out);
	live_stop(&live);
}
