/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/report_diff.c: what each row says, and to whom. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fake_image.h"
#include "report_diff.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define SITE(NAME, FILE, LINE, DOC)                                                                \
	.kind = "k", .name = (NAME), .file = (FILE), .line = (LINE), .doc = (DOC), .style = 1

static const struct df_site old_sites[] = {
	{SITE("both", "a.c", 7, "old doc"), .addr = 16},
	{SITE("gone", "a.c", 8, ""), .addr = 32, .flags = DF_SITE_HELD},
	{SITE("\033[31m", "a\nb", 9, "x\a"), .addr = 48},
	{SITE("same", "a.c", 10, ""), .addr = 64},
};
static const struct df_site new_sites[] = {
	{SITE("both", "b.c", 17, "new doc"), .addr = 16, .flags = DF_SITE_INVERTED,
	 .activation = 1},
	{SITE("both", "b.c", 17, "new doc"), .addr = 32, .unhook = 2},
	{SITE("come", "b.c", 18, ""), .addr = 48, .activation = 1},
	{SITE("\033[31m", "a\nb", 9, "y\xe2\x80\xae"), .addr = 64},
	{SITE("same", "a.c", 10, ""), .addr = 80},
};

struct fixture {
	struct images images;
	struct diff diff;
	const char *columns;
	bool headings;
	int status;
	struct df_err err;
};

static void print(void *context)
{
	struct fixture *f = context;
	f->status = report_diff(&f->diff, f->columns, f->headings, &f->err);
}

static void begin(struct fixture *f, size_t old_count, size_t new_count)
{
	*f = (struct fixture){.headings = true};
	fake_image_add(&f->images, "/old\033", old_sites, old_count);
	fake_image_add(&f->images, "/new", new_sites, new_count);
	cr_assert_eq(diff_images(f->images.list[0], f->images.list[1], &f->diff, &f->err), 0);
}

static void end(struct fixture *f)
{
	diff_free(&f->diff);
	images_free(&f->images);
}

/* Runs of blanks become one, and none is left before a newline. */
static void squeeze(char *text)
{
	char *to = text;
	for (const char *from = text; *from != '\0'; from++) {
		if (*from == ' ' && (to == text || to[-1] == ' ' || to[-1] == '\n'))
			continue;
		if (*from == '\n' && to > text && to[-1] == ' ')
			to--;
		*to++ = *from;
	}
	*to = '\0';
}

static void expect(struct fixture *f, const char *want)
{
	char *text = fake_image_output(print, f);
	cr_expect_eq(f->status, 0, "%s", f->err.text);
	squeeze(text);
	cr_expect_str_eq(text, want, "'%s'", text);
	free(text);
}

Test(report_diff, rows)
{
	struct fixture f;
	begin(&f, COUNT(old_sites), COUNT(new_sites));
	expect(&f,
	       "old: /old\\x1b: 4 flags, 4 sites\n"
	       "new: /new: 4 flags, 5 sites\n"
	       "CHANGE NAME LOCATION OLD NEW\n"
	       "doc k:\\x1b[31m a\\nb:9 x\\x07 y\\xe2\\x80\\xae\n"
	       "moved k:both b.c:17 a.c:7 b.c:17\n"
	       "default k:both b.c:17 off mixed (1 of 2 on)\n"
	       "unhook k:both b.c:17 0 0-2\n"
	       "compiled k:both b.c:17 off mixed\n"
	       "sites k:both b.c:17 1 2\n"
	       "doc k:both b.c:17 old doc new doc\n"
	       "added k:come b.c:18 on\n"
	       "removed k:gone a.c:8 held\n"
	       "1 flag alike, 1 removed, 1 added, 1 moved, 1 default changed, 1 unhook changed, "
	       "1 compiled changed, 1 sites changed, 2 doc changed\n");
	f.headings = false;
	f.columns = "FULL,CHANGE";
	expect(&f, "k:\\x1b[31m@a\\nb:9 doc\n"
		   "k:both@b.c:17 moved\nk:both@b.c:17 default\nk:both@b.c:17 unhook\n"
		   "k:both@b.c:17 compiled\nk:both@b.c:17 sites\nk:both@b.c:17 doc\n"
		   "k:come@b.c:18 added\nk:gone@a.c:8 removed\n");
	end(&f);
}

Test(report_diff, nothing)
{
	struct fixture f;
	begin(&f, 0, 0);
	expect(&f, "old: /old\\x1b: 0 flags, 0 sites\nnew: /new: 0 flags, 0 sites\n"
		   "0 flags alike, no difference\n");
	f.headings = false;
	expect(&f, "");
	end(&f);
}

Test(report_diff, columns)
{
	struct df_err err;
	cr_expect_eq(report_diff_check_columns(NULL, &err), 0);
	cr_expect_eq(report_diff_check_columns("+FULL", &err), 0);
	cr_expect_eq(report_diff_check_columns("STATE", &err), -(int)DF_E_USAGE);
	cr_expect(strstr(err.text, "CHANGE,NAME,LOCATION,OLD,NEW"), "%s", err.text);
	for (int what = 0; what < DIFF_WHATS; what++)
		cr_expect(strstr(report_diff_columns_help, diff_what_name((enum diff_what)what)),
			  "%s is not explained", diff_what_name((enum diff_what)what));
}
