/* SPDX-License-Identifier: Apache-2.0 */
/* test_kinds.c - every kind of program, and programs whose file has changed. */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "spots.h"

TestSuite(kinds, .timeout = 60);

static struct tool tool;

static void run(const struct live *live, const char *command, const char *flag)
{
	cr_assert_eq(TOOL(&tool, command, PID(live), flag), 0, "%s %s: %d, %s%s", command, flag,
		     tool.status, tool.out, tool.err);
}

/* Flips flags of all shapes in a `basic` and looks at what it does. */
static void flip_basic(const struct live *live)
{
	struct spots spots;
	run(live, "list", ".*");
	cr_assert(strstr(tool.out, ": 7 flags, 9 sites, not initialised, 0 changes"), "%s",
		  tool.out);
	run(live, "enable", "basic:feature");
	run(live, "disable", "basic:standard");
	run(live, "enable", "multi:");
	live_beat(live);
	cr_assert_eq(live->page->value[BASIC_FEATURE], 1);
	cr_assert_eq(live->page->value[BASIC_STANDARD], 0);
	cr_assert_eq(live->page->value[BASIC_SLOW], 1);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(live->page->value[BASIC_INLINED + i], 1);
	cr_assert_eq(TOOL(&tool, "init", PID(live)), 0);
	live_beat(live);
	cr_assert_eq(live->page->value[BASIC_OPT_FIRST], 0);
	spots_open(&spots, live);
	spots_are_whole(&spots);
	cr_assert_eq(peek_control(&spots).generation, 4);
	spots_close(&spots);
	nobody_is_traced(live);
}

static void flips(const char *name, const char *what)
{
	struct live live;
	if (!live_path(name))
		cr_skip("%s was not there when the targets were built\n", what);
	LIVE_START(&live, name);
	flip_basic(&live);
	cr_assert_str_empty(tool.err, "%s", tool.err);
	live_stop(&live);
}

Test(kinds, pie)
{
	flips("basic", "");
}

Test(kinds, not_pie)
{
	flips("basic-nopie", "");
}

Test(kinds, statically_linked)
{
	flips("basic-static", "");
}

Test(kinds, static_pie)
{
	flips("basic-static-pie", "");
}

Test(kinds, stripped)
{
	flips("basic-stripped", "");
}

Test(kinds, clang)
{
	flips("basic-clang", "clang");
}

Test(kinds, clang_19)
{
	flips("basic-clang-19", "clang-19");
}

Test(kinds, lld)
{
	flips("basic-lld", "ld.lld");
}

Test(kinds, clang_with_lld)
{
	flips("basic-clang-lld", "clang or ld.lld");
}

Test(kinds, no_section_headers)
{
	static const char *const names[] = {"basic-stripped", "basic-nopie"};
	for (int i = 0; i < 2; i++) {
		struct live live;
		char path[LIVE_PATH];
		const uint64_t no_offset = 0;
		const uint16_t none[3] = {sizeof(Elf64_Shdr), 0, 0};
		scratch_path(path, names[i]);
		copy_file(live_path(names[i]), path);
		patch_file(path, offsetof(Elf64_Ehdr, e_shoff), &no_offset, sizeof(no_offset));
		patch_file(path, offsetof(Elf64_Ehdr, e_shentsize), none, sizeof(none));
		LIVE_START(&live, path);
		unlink(path);
		flip_basic(&live);
		live_stop(&live);
	}
}

Test(kinds, many_mappings)
{
	struct live live;
	LIVE_START(&live, "basic", "maps=30000");
	flip_basic(&live);
	live_stop(&live);
}

Test(kinds, several_threads)
{
	struct live live;
	LIVE_START(&live, "basic", "threads=16");
	flip_basic(&live);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "basic:feature"), 0);
	cr_assert(strstr(tool.out, "16 threads stood still for "), "%s", tool.out);
	live_stop(&live);
}

/* ---- what runs is what is patched, whatever became of the file ---- */

static void noted(const char *text)
{
	cr_assert(strstr(tool.err, "dfpatch: note: ") && strstr(tool.err, text),
		  "no note with '%s', but: %s", text, tool.err);
}

Test(kinds, deleted_executable)
{
	struct live live;
	char path[LIVE_PATH];
	scratch_path(path, "basic");
	copy_file(live_path("basic"), path);
	LIVE_START(&live, path);
	run(&live, "enable", "basic:feature");
	cr_assert_str_empty(tool.err);
	run(&live, "disable", "basic:feature");
	unlink(path);
	run(&live, "list", ".*");
	noted("was deleted since it was loaded");
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	run(&live, "enable", "basic:feature");
	noted("was deleted since it was loaded");
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	live_stop(&live);
}

Test(kinds, replaced_executable)
{
	struct live live;
	char path[LIVE_PATH], other[LIVE_PATH];
	scratch_path(path, "basic");
	scratch_path(other, "new");
	copy_file(live_path("basic"), path);
	copy_file(live_path("basic-other"), other);
	LIVE_START(&live, path);
	cr_assert_eq(rename(other, path), 0);
	flip_basic(&live);
	run(&live, "disable", "basic:feature");
	noted("another build");
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	live_stop(&live);
	unlink(path);
}

/* ---- shared objects ---- */

Test(kinds, shared_object_linked)
{
	struct live live;
	LIVE_START(&live, "host-linked");
	live_beat(&live);
	cr_assert_eq(live.page->value[0], 2);
	run(&live, "list", ".*");
	cr_assert(strstr(tool.out, "plugin.so: 2 flags, 2 sites"), "%s", tool.out);
	run(&live, "enable", "plugin:feature");
	cr_assert(live_value(&live, 0, 3));
	run(&live, "disable", "plugin:");
	cr_assert(live_value(&live, 0, 0));
	live_stop(&live);
}

Test(kinds, shared_object_loaded_and_unloaded)
{
	struct live live;
	char plugin[LIVE_PATH];
	snprintf(plugin, sizeof(plugin), "%s", live_path("plugin.so"));
	LIVE_START(&live, "host", plugin);
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 1);
	tool_one_error(&tool, "carries no flags");
	for (int round = 0; round < 3; round++) {
		live.page->go = 1;
		cr_assert(live_value(&live, 0, 2));
		run(&live, "enable", "plugin:feature");
		cr_assert(live_value(&live, 0, 3));
		live.page->go = 0;
		cr_assert(live_value(&live, 0, -1));
		cr_assert_eq(TOOL(&tool, "list", PID(&live)), 1);
		cr_assert_eq(TOOL(&tool, "enable", PID(&live), "plugin:"), 1);
	}
	live_stop(&live);
}

Test(kinds, flags_of_several_modules)
{
	struct live live;
	char plugin[LIVE_PATH];
	snprintf(plugin, sizeof(plugin), "%s", live_path("plugin.so"));
	LIVE_START(&live, "host-flags", plugin);
	run(&live, "list", ".*");
	cr_assert_not(strstr(tool.out, "plugin"));
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "plugin:feature"), 1);
	live.page->go = 1;
	cr_assert(live_value(&live, 0, 2));
	run(&live, "enable", "plugin:feature|host:own");
	cr_assert(strstr(tool.out, "matched 2 flags (2 sites), 2 changed"), "%s", tool.out);
	cr_assert(live_value(&live, 0, 3));
	cr_assert(live_value(&live, 1, 1));
	run(&live, "list", ".*");
	cr_assert(strstr(tool.out, "plugin:feature") && strstr(tool.out, "host:own"));
	live.page->go = 0;
	cr_assert(live_value(&live, 0, -1));
	run(&live, "disable", "host:own");
	cr_assert(live_value(&live, 1, 0));
	live_stop(&live);
}

/* Loading and unloading all the time: dfpatch works on what it finds, or says what changed. */
Test(kinds, shared_object_unloaded_under_our_hands)
{
	struct live live;
	char plugin[LIVE_PATH];
	int done = 0;
	snprintf(plugin, sizeof(plugin), "%s", live_path("plugin.so"));
	LIVE_START(&live, "host-flags", plugin);
	for (int i = 0; i < 150; i++) {
		const char *command = i % 2 ? "disable" : "enable";
		tool_start(&tool, (const char *const[]){command, PID(&live), "host:|plugin:", NULL},
			   NULL);
		sleep_us((unsigned)(i % 50) * 100);
		live.page->go = !live.page->go;
		const int status = tool_wait(&tool);
		cr_assert(status == 0 || status == 3, "%d: %s%s", status, tool.out, tool.err);
		done += status == 0;
	}
	cr_assert_gt(done, 0);
	live_beat(&live);
	nobody_is_traced(&live);
	live_stop(&live);
}

/* ---- C++ ---- */

static void flip_shapes(const char *name)
{
	struct live live;
	struct spots spots;
	if (!live_path(name))
		cr_skip("clang++ was not there when the targets were built\n");
	LIVE_START(&live, name);
	spots_open(&spots, &live);
	size_t everywhere = 0, templated = 0;
	for (size_t i = 0; i < spots.count; i++) {
		everywhere += strcmp(spots.list[i].name, "everywhere") == 0;
		templated += strcmp(spots.list[i].name, "templated") == 0;
	}
	cr_assert_eq(everywhere, 3);
	cr_assert_geq(templated, 4);
	run(&live, "enable", "cxx:everywhere");
	cr_assert(strstr(tool.out, "matched 1 flag (3 sites), 1 changed (3 sites)"), "%s",
		  tool.out);
	cr_assert(live_value(&live, 0, 3));
	cr_assert_eq(live.page->value[2], 7);
	run(&live, "disable", "cxx:templated");
	cr_assert(live_value(&live, 2, 0));
	run(&live, "enable", "cxx:constructor|cxx:method");
	cr_assert(live_value(&live, 3, 2));
	run(&live, "enable", "cxx:");
	cr_assert(live_value(&live, 2, 7));
	cr_assert(live_value(&live, 4, 1));
	cr_assert_eq(live.page->value[1], 1);
	spots_are_whole(&spots);
	spots_close(&spots);
	live_stop(&live);
}

Test(kinds, cxx)
{
	flip_shapes("shapes");
}

Test(kinds, cxx_clang)
{
	flip_shapes("shapes-clang");
}
