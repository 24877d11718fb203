/* SPDX-License-Identifier: Apache-2.0 */
/* test_stays.c - which modules of a process can be unloaded, and which can not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image_process.h"
#include "live.h"
#include "stays.h"

TestSuite(stays, .timeout = 60);

#define LINKER "/lib64/ld-linux-x86-64.so.2"

static struct live live;

/* `why` is NULL where every module whose path ends so is expected to stay. */
static void expect_module(const char *file, const char *why)
{
	struct process process;
	struct images images;
	struct df_err err;
	size_t found = 0;
	cr_assert_eq(process_open(live.pid, false, &process, &err), 0, "%s", err.text);
	cr_assert_eq(images_from_process(&process, &images, &err), 0, "%s", err.text);
	for (size_t i = 0; i < images.count; i++) {
		const char *name = strrchr(images.list[i]->path, '/') + 1;
		char text[256] = "";
		if (strcmp(name, file) != 0)
			continue;
		found++;
		cr_expect_eq(stays_loaded(&process, &images, i, text, sizeof(text)), !why,
			     "%s: '%s'", file, text);
		cr_expect_str_eq(text, why ? why : "", "%s", file);
	}
	cr_expect_gt(found, 0, "no module %s with flags", file);
	images_free(&images);
	process_close(&process);
}

/* A target's path behind an option, in a buffer that the next 4 calls leave alone. */
static const char *with_path(const char *option, const char *file)
{
	static char text[4][LIVE_PATH + 8];
	static unsigned next;
	char *to = text[next++ % 4];
	cr_assert(live_path(file), "%s was not built", file);
	snprintf(to, sizeof(text[0]), "%s%s", option, live_path(file));
	return to;
}

#define PLUGIN "was loaded by dlopen"
#define TWO "shares its name with another module"

Test(stays, executables)
{
	static const char *const programs[] = {"basic",	       "basic-nopie",
					       "basic-static", "basic-static-pie",
					       "host-flags",   "basic-stripped"};
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		LIVE_START(&live, programs[i]);
		expect_module(programs[i], NULL);
		live_stop(&live);
	}
	LIVE_START(&live, "moved", "exited=1");
	expect_module("moved", NULL);
	live_stop(&live);
}

Test(stays, plugins)
{
	LIVE_START(&live, "loader", with_path("load=", "plugin.so"));
	expect_module("plugin.so", PLUGIN);
	live_stop(&live);
	LIVE_START(&live, "loader", with_path("apart=", "plugin.so"));
	expect_module("plugin.so", PLUGIN);
	live_stop(&live);
}

Test(stays, needed_by_a_plugin)
{
	LIVE_START(&live, "loader", with_path("load=", "middle.so"));
	expect_module("plugin.so", PLUGIN);
	live_stop(&live);
}

Test(stays, needed_by_the_executable)
{
	LIVE_START(&live, "host-linked");
	expect_module("plugin.so", NULL);
	live_stop(&live);
	/* By way of one that has no flags. */
	LIVE_START(&live, "loader-linked");
	expect_module("plugin.so", NULL);
	live_stop(&live);
}

Test(stays, needed_and_loaded_again)
{
	LIVE_START(&live, "loader-linked", with_path("load=", "plugin.so"));
	expect_module("plugin.so", NULL);
	live_stop(&live);
	LIVE_START(&live, "loader-linked", with_path("data=", "plugin.so"));
	expect_module("plugin.so", NULL);
	live_stop(&live);
}

/* Which of them the program was started with, names do not tell. */
Test(stays, two_of_one_name)
{
	char copy[LIVE_PATH], option[LIVE_PATH + 8];
	LIVE_START(&live, "loader-linked", with_path("apart=", "plugin.so"));
	expect_module("plugin.so", TWO);
	live_stop(&live);
	scratch_path(copy, "plugin.so");
	copy_file(live_path("plugin.so"), copy);
	snprintf(option, sizeof(option), "load=%s", copy);
	LIVE_START(&live, "loader-linked", option);
	expect_module("plugin.so", TWO);
	live_stop(&live);
	unlink(copy);
}

Test(stays, asked_never_to_be_unloaded)
{
	LIVE_START(&live, "loader", with_path("load=", "middle-nodelete.so"));
	expect_module("plugin.so", NULL);
	live_stop(&live);
}

Test(stays, deleted)
{
	static const char *const files[] = {"loader-linked", "middle.so", "plugin.so"};
	char path[LIVE_PATH];
	for (int i = 2; i >= 0; i--) {
		scratch_path(path, files[i]);
		copy_file(live_path(files[i]), path);
	}
	LIVE_START(&live, path);
	for (int i = 0; i < 3; i++) {
		scratch_path(path, files[i]);
		cr_assert_eq(unlink(path), 0);
	}
	expect_module("plugin.so", NULL);
	live_stop(&live);
}

/* What the kernel started is the linker, which needs nothing: the safe way to be wrong. */
Test(stays, started_by_the_dynamic_linker)
{
	if (access(LINKER, X_OK) != 0)
		cr_skip("there is no " LINKER "\n");
	LIVE_START(&live, LINKER, with_path("", "basic"));
	expect_module("basic", PLUGIN);
	live_stop(&live);
}
