/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_preset.c - copies of programs with their flags preset: they run, in that state from
 * their first instruction on, and whatever reads or changes flags agrees with it.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "spots.h"

TestSuite(preset, .timeout = 60);

static struct tool tool;
static struct live live;
static char copy[LIVE_PATH], again[LIVE_PATH];

static void begin(void)
{
	scratch_path(copy, "copy");
	scratch_path(again, "again");
}

/* ---- files ---- */

struct bytes {
	uint8_t *at;
	size_t size;
	struct stat st;
};

static struct bytes bytes_of(const char *path)
{
	struct bytes b = {0};
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && fstat(fd, &b.st) == 0, "%s", path);
	b.size = (size_t)b.st.st_size;
	b.at = mmap(NULL, b.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	cr_assert(b.at != MAP_FAILED);
	close(fd);
	/* A copy of its own: what is done to the file later must not show. */
	uint8_t *own = malloc(b.size);
	cr_assert(own);
	memcpy(own, b.at, b.size);
	munmap(b.at, b.size);
	b.at = own;
	return b;
}

static bool same_bytes(const struct bytes *a, const struct bytes *b)
{
	return a->size == b->size && memcmp(a->at, b->at, a->size) == 0;
}

/* All but the time of the last reading. */
static void expect_untouched(const char *path, struct bytes *before)
{
	struct bytes now = bytes_of(path);
	cr_expect(same_bytes(before, &now), "%s was written to", path);
	cr_expect(now.st.st_ino == before->st.st_ino && now.st.st_mode == before->st.st_mode &&
			  now.st.st_ctim.tv_sec == before->st.st_ctim.tv_sec &&
			  now.st.st_ctim.tv_nsec == before->st.st_ctim.tv_nsec,
		  "%s is not what it was", path);
	free(now.at);
	free(before->at);
}

/* As tools do that strip section headers. */
static const char *without_sections(const char *from)
{
	static char path[LIVE_PATH];
	Elf64_Ehdr header;
	scratch_path(path, "sectionless");
	copy_file(from, path);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(pread(fd, &header, sizeof(header), 0), (ssize_t)sizeof(header));
	close(fd);
	header.e_shoff = 0;
	header.e_shnum = 0;
	header.e_shstrndx = 0;
	patch_file(path, 0, &header, sizeof(header));
	return path;
}

/* ---- dfpatch ---- */

static void preset(const char *from, const char *to, const char *lines)
{
	cr_assert_eq(TOOL(&tool, "preset", from, to, "-e", lines), 0, "%s: %d %s", from,
		     tool.status, tool.err);
	cr_assert_str_empty(tool.err);
}

#define COLUMNS "FULL,STATE,COUNT,UNHOOK,SITES,BUILT,DOC"

/* The list of the file is that of the process, which has not changed since it began. */
static void lists_agree(const char *path)
{
	static char file[TOOL_OUT];
	cr_assert_eq(TOOL(&tool, "list", "--file", path, "--noheadings", "-o", COLUMNS), 0, "%s",
		     tool.err);
	memcpy(file, tool.out, sizeof(file));
	cr_assert_eq(TOOL(&tool, "list", PID(&live), "--noheadings", "-o", COLUMNS), 0, "%s",
		     tool.err);
	cr_assert_str_eq(file, tool.out, "%s", path);
}

static void audits_clean(const char *path)
{
	cr_assert_eq(TOOL(&tool, "audit", path), 0, "%s%s", tool.out, tool.err);
	cr_expect(strstr(tool.out, "no findings"), "%s", tool.out);
}

static void has_line(const char *text, const char *name, const char *rest)
{
	const size_t length = strlen(name);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		if (strncmp(line, name, length) == 0) {
			const char *found = line + length + strspn(line + length, " ");
			cr_assert(strncmp(found, rest, strlen(rest)) == 0, "%s: %.40s", name,
				  found);
			return;
		}
	cr_assert(false, "no %s in: %s", name, text);
}

static void change(const char *command, const char *flag, int index, int value)
{
	cr_assert_eq(TOOL(&tool, command, PID(&live), flag), 0, "%s", tool.err);
	cr_assert(live_value(&live, index, value), "%s %s", command, flag);
}

/* ---- programs ---- */

#define LINES                                                                                      \
	"enable basic:feature\ndisable basic:standard\ndisable opt:first\n"                        \
	"enable opt:second\nunhook basic:slow\n+multi:inlined\n+multi:inlined"

static const int32_t wanted[BASIC_COUNT] = {
	[BASIC_FEATURE] = 1,   [BASIC_STANDARD] = 0,	[BASIC_SLOW] = 1,
	[BASIC_OPT_FIRST] = 0, [BASIC_OPT_SECOND] = 1,	[BASIC_TRACE] = 1,
	[BASIC_INLINED] = 1,   [BASIC_INLINED + 1] = 1, [BASIC_INLINED + 2] = 1,
};

static void starts_as_wanted(const char *path)
{
	LIVE_START(&live, path);
	live_beat(&live);
	for (int i = 0; i < BASIC_COUNT; i++) {
		cr_expect_eq(live.page->word[BASIC_FIRST + i], wanted[i],
			     "%s: value %d, before anything else ran", path, i);
		cr_expect_eq(live.page->value[i], wanted[i], "%s: value %d", path, i);
	}
}

/* Counts go on from what was preset, and holds that were given up stay so. */
static void changes_go_on(void)
{
	struct spots spots;
	spots_open(&spots, &live);
	spots_are_whole(&spots);
	change("deactivate", "multi:inlined", BASIC_INLINED, 1);
	change("deactivate", "multi:inlined", BASIC_INLINED, 0);
	change("disable", "basic:feature", BASIC_FEATURE, 0);
	change("enable", "basic:standard", BASIC_STANDARD, 1);
	change("rehook", "basic:slow", BASIC_SLOW, 1);
	cr_assert_eq(TOOL(&tool, "init", PID(&live)), 0, "%s", tool.err);
	change("enable", "opt:first", BASIC_OPT_FIRST, 1);
	cr_assert(live_value(&live, BASIC_OPT_SECOND, 1), "a wish from before survives init");
	cr_assert_eq(
		TOOL(&tool, "list", PID(&live), "--noheadings", "-o", "NAME,STATE,COUNT,UNHOOK"), 0,
		"%s", tool.err);
	has_line(tool.out, "multi:inlined", "off       0      0");
	has_line(tool.out, "basic:slow", "on        1      0");
	has_line(tool.out, "opt:second", "on        1      0");
	spots_are_whole(&spots);
	spots_close(&spots);
}

static void program_works(const char *path)
{
	struct bytes before = bytes_of(path);
	begin();
	preset(path, copy, LINES);
	expect_untouched(path, &before);
	audits_clean(copy);
	starts_as_wanted(copy);
	lists_agree(copy);
	changes_go_on();
	nobody_is_traced(&live);
	live_stop(&live);
}

static void kind_works(const char *name)
{
	const char *path = live_path(name);
	if (!path)
		cr_skip("%s was not built: a compiler or linker is missing\n", name);
	program_works(path);
}

#define KIND(ID, NAME)                                                                             \
	Test(preset, ID)                                                                           \
	{                                                                                          \
		kind_works(NAME);                                                                  \
	}
KIND(pie, "basic")
KIND(fixed, "basic-nopie")
KIND(statically_linked, "basic-static")
KIND(static_pie, "basic-static-pie")
KIND(stripped, "basic-stripped")
KIND(without_build_id, "basic-nameless")
KIND(lld, "basic-lld")
KIND(clang, "basic-clang")
KIND(clang_19, "basic-clang-19")
KIND(clang_lld, "basic-clang-lld")

Test(preset, without_section_headers)
{
	program_works(without_sections(live_path("basic")));
}

Test(preset, without_section_headers_and_fixed)
{
	program_works(without_sections(live_path("basic-nopie")));
}

/* ---- presets of presets ---- */

Test(preset, twice_is_the_same_as_once)
{
	static const char lines[] = "enable basic:\ndisable opt:first\nenable opt:second";
	begin();
	preset(live_path("basic"), copy, lines);
	preset(copy, again, lines);
	cr_expect(strstr(tool.out, "0 bytes differ"), "%s", tool.out);
	struct bytes one = bytes_of(copy), two = bytes_of(again);
	cr_expect(same_bytes(&one, &two));
	free(one.at);
	free(two.at);
}

/* And it can be taken back: only holds are given up for good. */
Test(preset, taken_back)
{
	begin();
	preset(live_path("basic"), copy, "!.*\n?.*\n+.*");
	preset(copy, again, "-.*");
	struct bytes one = bytes_of(live_path("basic")), two = bytes_of(again);
	cr_expect(same_bytes(&one, &two));
	free(one.at);
	free(two.at);
}

/* ---- shared objects ---- */

Test(preset, shared_object)
{
	begin();
	preset(live_path("plugin.so"), copy, "+plugin:feature\n-plugin:standard");
	audits_clean(copy);
	LIVE_START(&live, "host", copy);
	live.page->go = 1;
	cr_assert(live_value(&live, 0, 1));
	lists_agree(copy);
	change("enable", "plugin:standard", 0, 3);
	change("disable", "plugin:feature", 0, 2);
	/* Unloaded and loaded again it is as it was preset. */
	live.page->go = 0;
	cr_assert(live_value(&live, 0, -1));
	live.page->go = 1;
	cr_assert(live_value(&live, 0, 1));
	live_stop(&live);
}

/* ---- what it is made for ---- */

/* While the program runs, its file is replaced: what runs goes on with what it was. */
Test(preset, over_a_program_that_runs)
{
	begin();
	copy_file(live_path("basic"), copy);
	LIVE_START(&live, copy);
	preset(live_path("basic"), copy, "enable basic:feature");
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "basic:feature"), 0, "%s", tool.err);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	live_stop(&live);
	LIVE_START(&live, copy);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	live_stop(&live);
}

/* The debugger's way to symbols stays: the build-id, and with it what dfpatch says of the file. */
Test(preset, build_id_stays)
{
	char id[128];
	begin();
	cr_assert_eq(TOOL(&tool, "list", "--json", "--file", live_path("basic")), 0);
	const char *found = strstr(tool.out, "\"build_id\":");
	cr_assert(found && sscanf(found, "\"build_id\":\"%100[0-9a-f]", id) == 1);
	preset(live_path("basic"), copy, "enable basic:feature");
	cr_expect(strstr(tool.out, "its build-id stays that of"), "%s", tool.out);
	cr_assert_eq(TOOL(&tool, "list", "--json", "--file", copy), 0);
	cr_expect(strstr(tool.out, id), "%s", tool.out);
}
