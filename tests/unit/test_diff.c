/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/diff.c: who is whose partner, and what differs between them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "diff.h"
#include "fake_image.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

/* A flag without kind ends a list. */
struct row {
	const char *kind, *name, *file;
	uint32_t line;
	const char *doc;
	uint8_t flags, activation, unhook;
};

#define ROOM 8

static struct image *image_of(struct images *images, const struct row *rows)
{
	struct df_site sites[ROOM];
	size_t count = 0;
	for (; count < ROOM && rows[count].kind; count++)
		sites[count] = (struct df_site){
			.addr = 0x1000 + 16 * count,
			.kind = rows[count].kind,
			.name = rows[count].name,
			.file = rows[count].file,
			.doc = rows[count].doc ? rows[count].doc : "",
			.line = rows[count].line,
			.style = DF_STYLE_X86_GOTO,
			.flags = rows[count].flags,
			.activation = rows[count].activation,
			.unhook = rows[count].unhook,
		};
	return fake_image_add(images, "/x", sites, count);
}

static void put_place(FILE *to, const struct image *image, const struct df_flag *flag)
{
	if (!flag) {
		fputs("-", to);
		return;
	}
	const struct df_site *site = &image->sites[image->order[flag->first]];
	fprintf(to, "%s:%u", site->file, site->line);
}

/* "NAME OLD-PLACE NEW-PLACE WHAT,WHAT" for each, with semicolons between. */
static char *text_of(const struct diff *diff)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	for (size_t i = 0; i < diff->count; i++) {
		const struct difference *d = &diff->list[i];
		const struct image *image = d->old ? diff->old : diff->new;
		const struct df_flag *flag = d->old ? d->old : d->new;
		fprintf(to, "%s%s ", i ? "; " : "", image->sites[image->order[flag->first]].name);
		put_place(to, diff->old, d->old);
		fputs(" ", to);
		put_place(to, diff->new, d->new);
		for (int what = 0, many = 0; what < DIFF_WHATS; what++)
			if (d->what >> what & 1)
				fprintf(to, "%s%s", many++ ? "," : " ",
					diff_what_name((enum diff_what)what));
	}
	fclose(to);
	return text;
}

#define OFF(NAME, FILE, LINE)                                                                      \
	{                                                                                          \
		"k", NAME, FILE, LINE, NULL, 0, 0, 0                                               \
	}
#define DOC(NAME, FILE, LINE, TEXT)                                                                \
	{                                                                                          \
		"k", NAME, FILE, LINE, TEXT, 0, 0, 0                                               \
	}
#define AS(NAME, FLAGS, ACTIVATION, UNHOOK)                                                        \
	{                                                                                          \
		"k", NAME, "a.c", 1, NULL, FLAGS, ACTIVATION, UNHOOK                               \
	}

#define IS(TEXT, LINE, ACTIVATION)                                                                 \
	{                                                                                          \
		"k", "a", "a.c", LINE, TEXT, 0, ACTIVATION, 0                                      \
	}

static const struct {
	const char *what;
	struct row old[ROOM], new[ROOM];
	const char *want;
	size_t alike;
} cases[] = {
	{"nothing in either", {{0}}, {{0}}, "", 0},
	{"the same", {OFF("a", "a.c", 1)}, {OFF("a", "a.c", 1)}, "", 1},
	{"added, removed",
	 {OFF("a", "a.c", 1)},
	 {OFF("b", "a.c", 1)},
	 "a a.c:1 - removed; b - a.c:1 added",
	 0},
	{"all added", {{0}}, {OFF("a", "a.c", 1), OFF("a", "a.c", 1)}, "a - a.c:1 added", 0},
	{"all removed",
	 {OFF("a", "a.c", 1), OFF("b", "a.c", 1)},
	 {{0}},
	 "a a.c:1 - removed; b a.c:1 - removed",
	 0},
	{"another kind is another flag",
	 {OFF("a", "a.c", 1)},
	 {{"l", "a", "a.c", 1, NULL, 0, 0, 0}},
	 "a a.c:1 - removed; a - a.c:1 added",
	 0},
	{"another line", {OFF("a", "a.c", 1)}, {OFF("a", "a.c", 2)}, "a a.c:1 a.c:2 moved", 0},
	{"another file", {OFF("a", "a.c", 1)}, {OFF("a", "b.c", 1)}, "a a.c:1 b.c:1 moved", 0},
	{"lines are numbers",
	 {OFF("a", "a.c", 9)},
	 {OFF("a", "a.c", 10)},
	 "a a.c:9 a.c:10 moved",
	 0},
	/* Ties: of those that are alike, exact places first, whatever stands before them. */
	{"one inserted before",
	 {OFF("a", "a.c", 20)},
	 {OFF("a", "a.c", 10), OFF("a", "a.c", 20)},
	 "a - a.c:10 added",
	 1},
	{"one removed before",
	 {OFF("a", "a.c", 10), OFF("a", "a.c", 20)},
	 {OFF("a", "a.c", 20)},
	 "a a.c:10 - removed",
	 1},
	{"in order within a file",
	 {OFF("a", "a.c", 10), OFF("a", "a.c", 20)},
	 {OFF("a", "a.c", 13), OFF("a", "a.c", 23), OFF("a", "a.c", 33)},
	 "a a.c:10 a.c:13 moved; a a.c:20 a.c:23 moved; a - a.c:33 added",
	 0},
	{"the same file before another",
	 {OFF("a", "b.c", 10)},
	 {OFF("a", "a.c", 10), OFF("a", "b.c", 99)},
	 "a - a.c:10 added; a b.c:10 b.c:99 moved",
	 0},
	{"the same base name before another",
	 {OFF("a", "/one/b.c", 10), OFF("a", "/one/z.c", 10)},
	 {OFF("a", "/two/a.c", 1), OFF("a", "/two/b.c", 10), OFF("a", "/two/z.c", 11)},
	 "a /one/b.c:10 /two/b.c:10 moved; a /one/z.c:10 /two/z.c:11 moved; a - /two/a.c:1 added",
	 0},
	{"the rest in order",
	 {OFF("a", "a.c", 1), OFF("a", "b.c", 1)},
	 {OFF("a", "c.c", 1), OFF("a", "d.c", 1)},
	 "a a.c:1 c.c:1 moved; a b.c:1 d.c:1 moved",
	 0},
	{"each name by itself",
	 {OFF("a", "a.c", 1), OFF("b", "a.c", 2)},
	 {OFF("b", "a.c", 1), OFF("a", "a.c", 2)},
	 "a a.c:1 a.c:2 moved; b a.c:2 a.c:1 moved",
	 0},
	/* What a flag is tells more than its line: lines move with all that is above them. */
	{"a line inserted above two",
	 {IS("one", 4, 0), IS("two", 5, 1)},
	 {IS("one", 5, 0), IS("two", 6, 1)},
	 "a a.c:4 a.c:5 moved; a a.c:5 a.c:6 moved",
	 0},
	{"a line inserted above two without docs",
	 {IS("", 4, 0), IS("", 5, 1)},
	 {IS("", 5, 0), IS("", 6, 1)},
	 "a a.c:4 a.c:5 moved; a a.c:5 a.c:6 moved",
	 0},
	{"and both docs written anew",
	 {IS("one", 4, 0), IS("two", 5, 1)},
	 {IS("1", 5, 0), IS("2", 6, 1)},
	 "a a.c:4 a.c:5 moved,doc; a a.c:5 a.c:6 moved,doc",
	 0},
	{"a flag inserted above two",
	 {IS("one", 4, 0), IS("two", 5, 1)},
	 {IS("new", 4, 0), IS("one", 5, 0), IS("two", 6, 1)},
	 "a a.c:4 a.c:5 moved; a - a.c:4 added; a a.c:5 a.c:6 moved",
	 0},
	{"a flag inserted above two without docs",
	 {IS("", 4, 0), IS("", 5, 1)},
	 {IS("", 5, 0), IS("", 6, 1), IS("", 7, 1)},
	 "a a.c:4 a.c:5 moved; a a.c:5 a.c:6 moved; a - a.c:7 added",
	 0},
	{"one removed above, one added below",
	 {IS("one", 4, 0), IS("two", 5, 1)},
	 {IS("two", 4, 1), IS("three", 5, 1)},
	 "a a.c:4 a.c:5 moved,default,doc; a a.c:5 a.c:4 moved",
	 0},
	{"both defaults turned in place",
	 {IS("", 4, 0), IS("", 5, 1)},
	 {IS("", 4, 1), IS("", 5, 0)},
	 "a a.c:4 a.c:4 default; a a.c:5 a.c:5 default",
	 0},
	{"by doc into another file",
	 {DOC("a", "a.c", 1, "x"), DOC("a", "b.c", 1, "y")},
	 {DOC("a", "c.c", 1, "y"), DOC("a", "d.c", 1, "x")},
	 "a a.c:1 d.c:1 moved; a b.c:1 c.c:1 moved",
	 0},
	/* What is built. */
	{"off to on", {AS("a", 0, 0, 0)}, {AS("a", 0, 1, 0)}, "a a.c:1 a.c:1 default", 0},
	{"on to held",
	 {AS("a", 0, 1, 0)},
	 {AS("a", DF_SITE_HELD, 0, 0)},
	 "a a.c:1 a.c:1 default",
	 0},
	{"DF_FEATURE to DF_DEFAULT",
	 {AS("a", 0, 0, 0)},
	 {AS("a", DF_SITE_INVERTED, 1, 0)},
	 "a a.c:1 a.c:1 default,compiled",
	 0},
	{"DF_DEFAULT to DF_DEFAULT_SLOW",
	 {AS("a", DF_SITE_INVERTED, 1, 0)},
	 {AS("a", DF_SITE_JUMP_BUILT, 1, 0)},
	 "a a.c:1 a.c:1 compiled",
	 0},
	{"on with another count", {AS("a", 0, 1, 0)}, {AS("a", 0, 3, 0)}, "a a.c:1 a.c:1 count", 0},
	{"unhooked as built", {AS("a", 0, 1, 0)}, {AS("a", 0, 1, 2)}, "a a.c:1 a.c:1 unhook", 0},
	{"another number of sites",
	 {OFF("a", "a.c", 1)},
	 {OFF("a", "a.c", 1), OFF("a", "a.c", 1)},
	 "a a.c:1 a.c:1 sites",
	 0},
	{"one of two on",
	 {AS("a", 0, 0, 0), AS("a", 0, 0, 0)},
	 {AS("a", 0, 1, 0), AS("a", 0, 0, 0)},
	 "a a.c:1 a.c:1 default",
	 0},
	{"another mixture",
	 {AS("a", 0, 1, 0), AS("a", 0, 0, 0), AS("a", 0, 0, 0)},
	 {AS("a", 0, 1, 0), AS("a", 0, 1, 0), AS("a", 0, 0, 0)},
	 "a a.c:1 a.c:1 default",
	 0},
	{"the same mixture in another order",
	 {AS("a", 0, 1, 0), AS("a", 0, 0, 0)},
	 {AS("a", 0, 0, 0), AS("a", 0, 1, 0)},
	 "",
	 1},
	{"the style is the compiler's",
	 {AS("a", DF_SITE_JUMP_BUILT, 1, 0)},
	 {AS("a", 0, 1, 0)},
	 "",
	 1},
	{"doc", {DOC("a", "a.c", 1, "x")}, {DOC("a", "a.c", 1, "y")}, "a a.c:1 a.c:1 doc", 0},
	{"doc of the second site",
	 {DOC("a", "a.c", 1, "x"), DOC("a", "a.c", 1, "x")},
	 {DOC("a", "a.c", 1, "x"), DOC("a", "a.c", 1, "y")},
	 "a a.c:1 a.c:1 doc",
	 0},
	{"docs in another order",
	 {DOC("a", "a.c", 1, "x"), DOC("a", "a.c", 1, "y")},
	 {DOC("a", "a.c", 1, "y"), DOC("a", "a.c", 1, "x")},
	 "",
	 1},
	{"all at once",
	 {DOC("a", "a.c", 1, "x")},
	 {{"k", "a", "b.c", 2, "y", DF_SITE_INVERTED, 1, 1},
	  {"k", "a", "b.c", 2, "y", DF_SITE_INVERTED, 1, 1}},
	 "a a.c:1 b.c:2 moved,default,unhook,compiled,sites,doc",
	 0},
};

Test(diff, cases)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct images images = {0};
		struct diff diff;
		struct df_err err;
		const struct image *old = image_of(&images, cases[i].old);
		const struct image *new = image_of(&images, cases[i].new);
		cr_assert_eq(diff_images(old, new, &diff, &err), 0);
		char *text = text_of(&diff);
		cr_expect_str_eq(text, cases[i].want, "%s: '%s'", cases[i].what, text);
		cr_expect_eq(diff.alike, cases[i].alike, "%s: %zu alike", cases[i].what,
			     diff.alike);
		free(text);
		diff_free(&diff);
		images_free(&images);
	}
}

/* What goes one way must come back the other. */
Test(diff, turned_round)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct images images = {0};
		struct diff there, back;
		struct df_err err;
		const struct image *old = image_of(&images, cases[i].old);
		const struct image *new = image_of(&images, cases[i].new);
		cr_assert_eq(diff_images(old, new, &there, &err), 0);
		cr_assert_eq(diff_images(new, old, &back, &err), 0);
		cr_expect_eq(there.alike, back.alike, "%s", cases[i].what);
		cr_expect_eq(there.whats[DIFF_ADDED], back.whats[DIFF_REMOVED], "%s",
			     cases[i].what);
		cr_expect_eq(there.whats[DIFF_REMOVED], back.whats[DIFF_ADDED], "%s",
			     cases[i].what);
		for (int what = DIFF_MOVED; what < DIFF_WHATS; what++)
			cr_expect_eq(there.whats[what], back.whats[what], "%s: %s", cases[i].what,
				     diff_what_name((enum diff_what)what));
		diff_free(&there);
		diff_free(&back);
		images_free(&images);
	}
}

/* The doc that is told is one that the other side does not have. */
Test(diff, the_doc_that_changed)
{
	const struct row old[] = {DOC("a", "a.c", 1, "b"), DOC("a", "a.c", 1, "d"), {0}};
	const struct row new[] = {DOC("a", "a.c", 1, "b"), DOC("a", "a.c", 1, "c"), {0}};
	struct images images = {0};
	struct diff diff;
	struct df_err err;
	cr_assert_eq(diff_images(image_of(&images, old), image_of(&images, new), &diff, &err), 0);
	cr_assert_eq(diff.count, 1);
	cr_expect_str_eq(diff.list[0].old_doc, "d");
	cr_expect_str_eq(diff.list[0].new_doc, "c");
	diff_free(&diff);
	images_free(&images);
}

Test(diff, compiled_for)
{
	const struct row rows[] = {
		{"k", "feature", "a.c", 1, NULL, 0, 0, 0},
		{"k", "default", "a.c", 1, NULL, DF_SITE_INVERTED, 1, 0},
		{"k", "mixed", "a.c", 1, NULL, 0, 0, 0},
		{"k", "mixed", "a.c", 1, NULL, DF_SITE_INVERTED, 1, 0},
		{0},
	};
	struct images images = {0};
	const struct image *image = image_of(&images, rows);
	cr_assert_eq(image->flag_count, 3); /* by name */
	cr_expect_str_eq(diff_compiled_for(image, &image->flags[0]), "on");
	cr_expect_str_eq(diff_compiled_for(image, &image->flags[1]), "off");
	cr_expect_str_eq(diff_compiled_for(image, &image->flags[2]), "mixed");
	images_free(&images);
}

/* Of processor time. */
static double compare_timed(const struct images *images, struct diff *diff)
{
	struct timespec from, to;
	struct df_err err;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	cr_assert_eq(diff_images(images->list[0], images->list[1], diff, &err), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Flags that all bear one name and all moved: the worst there is to pair. */
static double seconds_for(uint32_t count)
{
	struct images images = {0};
	struct df_site *sites = calloc(count, sizeof(*sites));
	cr_assert(sites);
	for (int side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < count; i++)
			sites[i] = (struct df_site){
				.addr = i,
				.kind = "k",
				.name = "same",
				.file = i % 2  ? "src/one.c"
					: side ? "/new/two.c"
					       : "/old/two.c",
				.doc = "",
				.line = 2 * (uint32_t)(i * (uint64_t)7919 % count) + (uint32_t)side,
				.style = 1,
			};
		fake_image_add(&images, "/x", sites, count);
	}
	struct diff diff;
	const double seconds = compare_timed(&images, &diff);
	cr_expect_eq(diff.whats[DIFF_MOVED], count);
	diff_free(&diff);
	images_free(&images);
	free(sites);
	return seconds;
}

/* Ten times as many take 12 times as long by n log n, and a hundred times by its square. */
Test(diff, very_many_flags_in_n_log_n)
{
	const double some = seconds_for(20011), many = seconds_for(200003);
	cr_expect_lt(many, 50 * some, "%.3f s for 20011, %.3f s for 200003", some, many);
}

/* All flags are gone, and so many others have come. */
static double seconds_without(uint32_t gone, uint32_t come)
{
	struct images images = {0};
	struct df_site *sites = calloc(gone, sizeof(*sites));
	char(*names)[16] = calloc(gone, sizeof(*names));
	struct df_site other = {.kind = "other", .name = "n", .file = "a.c", .doc = "", .style = 1};
	cr_assert(sites && names);
	for (uint32_t i = 0; i < gone; i++) {
		snprintf(names[i], sizeof(names[i]), "flag%08u", i);
		sites[i] = (struct df_site){.addr = i,
					    .kind = "k",
					    .name = names[i],
					    .file = "a.c",
					    .doc = "",
					    .line = i,
					    .style = 1};
	}
	fake_image_add(&images, "/old", sites, gone);
	fake_image_add(&images, "/new", &other, come);
	struct diff diff;
	const double seconds = compare_timed(&images, &diff);
	cr_expect_eq(diff.whats[DIFF_REMOVED], gone);
	cr_expect_eq(diff.whats[DIFF_ADDED], come);
	diff_free(&diff);
	images_free(&images);
	free(sites);
	free(names);
	return seconds;
}

/* Flags that nothing can be the partner of are not looked at again and again to find one. */
Test(diff, very_many_removed_flags)
{
	const double alone = seconds_without(200000, 0), beside = seconds_without(200000, 1);
	cr_expect_lt(beside, 4 * alone + 0.02, "%.3f s, beside another flag %.3f s", alone, beside);
}
