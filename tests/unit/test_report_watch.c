/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/report_watch.c: lines for people. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake_image.h"
#include "report_watch.h"

#define SECOND UINT64_C(1000000000)
#define SEEN (1000 * SECOND + 5000000)

static const struct df_site sites[] = {
	{.kind = "k", .name = "a\033[31m", .file = "a.c", .doc = "", .line = 1, .style = 1},
	{.kind = "k", .name = "b", .file = "a.c", .doc = "", .line = 2, .style = 1},
	{.kind = "k", .name = "b", .file = "a.c", .doc = "", .line = 2, .style = 1},
};

static struct images images;
static struct image *image;
static struct watch_lines lines;

static void begin(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	image = fake_image_add(&images, "/x\n", sites, 3);
	lines = (struct watch_lines){0};
}

static void end(void)
{
	images_free(&images);
}

TestSuite(report_watch, .init = begin, .fini = end);

static void print(void *context)
{
	report_watch(&lines, context);
}

static void expect(struct watch_event event, const char *wanted)
{
	event.seen = SEEN;
	event.pid = 42;
	char *text = fake_image_output(print, &event);
	cr_expect_str_eq(text, wanted);
	free(text);
}

#define TIME "1970-01-01 00:16:40.005       42  "

Test(report_watch, the_process)
{
	expect((struct watch_event){.what = WATCH_START, .name = "s", .flags = 1, .modules = 1},
	       TIME "start     s: 1 flag in 1 module, 0 changes so far\n");
	expect((struct watch_event){.what = WATCH_EXEC, .name = "e\033", .changes = 1},
	       TIME "exec      e\\x1b: 0 flags in 0 modules, 1 change so far\n");
	expect((struct watch_event){.what = WATCH_EXIT, .name = "s"}, TIME "exit      s\n");
}

Test(report_watch, a_module)
{
	const struct df_err err = {.code = DF_E_BUSY, .text = "busy\n"};
	expect((struct watch_event){.what = WATCH_LOADED, .image = image, .flags = 2, .changes = 3},
	       TIME "loaded    /x\\n: 2 flags, 3 changes so far\n");
	expect((struct watch_event){.what = WATCH_UNLOADED, .image = image, .flags = 2},
	       TIME "unloaded  /x\\n: 2 flags\n");
	expect((struct watch_event){.what = WATCH_UNREAD, .image = image, .err = &err},
	       TIME "unread    /x\\n: busy\\n\n");
	expect((struct watch_event){.what = WATCH_INIT,
				    .image = image,
				    .commits = {.count = 1, .by = 9}},
	       TIME "init      outside 9       /x\\n\n");
	expect((struct watch_event){.what = WATCH_MISSED,
				    .image = image,
				    .commits = {.count = 2, .inside = true}},
	       TIME "missed    inside          /x\\n: 2 changes since the look before, of which "
		    "only the sum can be seen\n");
}

Test(report_watch, a_change)
{
	const struct flag_counts off = {.sites = 2}, on = {.sites = 2, .active = 2},
				 two = {.sites = 2,
					.active = 2,
					.activation_max = 2,
					.unhook_max = 1};
	struct watch_event change = {
		.what = WATCH_CHANGE,
		.image = image,
		.flag = &image->flags[1],
		.before = off,
		.after = two,
		.sites_changed = 2,
		.commits = {.count = 1, .by = 7},
	};
	expect(change, TIME "change    outside 7       k:b@a.c:2  off -> on      count 0 -> 2, "
			    "unhook 0 -> 1, 2 sites\n");
	change.before = on;
	change.sites_changed = 1;
	change.several = true;
	expect(change, TIME "change    outside 7       k:b@a.c:2  on             count 0 -> 2, "
			    "unhook 0 -> 1, 1 of 2 sites, in /x\\n\n");
	change.flag = &image->flags[0];
	change.several = false;
	change.after.activation_max = 0;
	change.before.unhook_max = 1;
	lines.name_width = 20;
	expect(change, TIME "change    outside 7       k:a\\x1b[31m@a.c:1     on             "
			    "count 0, unhook 1\n");
}

/* The target's memory says when it was, and may say anything. */
Test(report_watch, times)
{
	struct watch_event init = {
		.what = WATCH_INIT, .image = image, .commits = {.count = 1, .inside = true}};
	init.commits.at = SEEN - 2 * SECOND;
	expect(init, "1970-01-01 00:16:38.005       42  init      inside          /x\\n\n");
	init.commits.at = SEEN + 1;
	expect(init, TIME "init      inside          /x\\n\n");
	init.commits.at = SEEN - 61 * SECOND;
	expect(init, TIME "init      inside          /x\\n\n");
}

Test(report_watch, names_in_a_column)
{
	struct watch_event start = {.what = WATCH_START, .name = "s", .longest = 30};
	expect(start, TIME "start     s: 0 flags in 0 modules, 0 changes so far\n");
	cr_expect_eq(lines.name_width, 30);
	start.longest = 100000;
	expect(start, TIME "start     s: 0 flags in 0 modules, 0 changes so far\n");
	cr_expect_eq(lines.name_width, 60);
	start.longest = 3;
	expect(start, TIME "start     s: 0 flags in 0 modules, 0 changes so far\n");
	cr_expect_eq(lines.name_width, 60);
}
