/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/report.c: columns, and that no name reaches a terminal unharmed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_image.h"
#include "report.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static const struct df_site sites[] = {
	{.addr = 0x1000,
	 .kind = "http",
	 .name = "fast",
	 .file = "src/a.c",
	 .doc = "doc a",
	 .line = 7,
	 .style = 1},
	{.addr = 0x1010,
	 .kind = "http",
	 .name = "fast",
	 .file = "src/a.c",
	 .doc = "doc a",
	 .line = 7,
	 .style = 1},
	{.addr = 0x1020,
	 .kind = "opt",
	 .name = "held",
	 .file = "src/b.c",
	 .doc = "",
	 .line = 8,
	 .style = 1,
	 .flags = DF_SITE_HELD},
};
static const struct df_site hostile[] = {
	{.addr = 0x2000,
	 .kind = "\033[31m",
	 .name = "a\nb",
	 .file = "c\td\x9b",
	 .doc = "\xe2\x80\xae reversed",
	 .line = 9,
	 .style = 1},
};

struct fixture {
	struct list_result result;
	bool selected[2][4];
	bool *rows[2];
	const char *columns;
	bool headings;
	int status;
	struct df_err err;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){.headings = true};
	f->result.process.pidfd = -1;
	memset(f->selected, true, sizeof(f->selected));
	f->rows[0] = f->selected[0];
	f->rows[1] = f->selected[1];
	f->result.selection = (struct selection){f->rows, 2};
	fake_image_add(&f->result.images, "/bin/program", sites, COUNT(sites));
	f->result.images.list[0]->states[1].current.activation = 3;
	f->result.images.list[0]->states[2].current.unhook = 2;
}

static void list(void *context)
{
	struct fixture *f = context;
	f->status = report_list(&f->result, f->columns, f->headings, &f->err);
}

static char *output(struct fixture *f)
{
	char *text = fake_image_output(list, f);
	cr_expect_eq(f->status, 0, "%s", f->err.text);
	return text;
}

static const struct {
	const char *columns, *want;
} choices[] = {
	{NULL, "http:fast mixed 0-3 0 2 src/a.c:7 doc a\nopt:held held 0 2 1 src/b.c:8\n"},
	{"NAME", "http:fast\nopt:held\n"},
	{"name,State", "http:fast mixed\nopt:held held\n"},
	{"KIND,FLAG,FILE,LINE", "http fast src/a.c 7\nopt held src/b.c 8\n"},
	{"FULL,BUILT", "http:fast@src/a.c:7 off\nopt:held@src/b.c:8 held\n"},
	{"MODULE,ADDRESS", "/bin/program 0x1000,0x1010\n/bin/program 0x1020\n"},
	{"COUNT,UNHOOK,SITES", "0-3 0 2\n0 2 1\n"},
	{"FLAG,FLAG", "fast fast\nheld held\n"},
	{"+LINE", "http:fast mixed 0-3 0 2 src/a.c:7 doc a 7\nopt:held held 0 2 1 src/b.c:8 8\n"},
	{"+line,flag",
	 "http:fast mixed 0-3 0 2 src/a.c:7 doc a 7 fast\nopt:held held 0 2 1 src/b.c:8 8 held\n"},
};

/* One space between words and none at the ends of lines, since widths are not the matter here. */
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

Test(report, columns)
{
	for (size_t i = 0; i < COUNT(choices); i++) {
		struct fixture f;
		begin(&f);
		f.columns = choices[i].columns;
		f.headings = false;
		cr_expect(!f.columns || report_check_columns(f.columns, &f.err) == 0, "%s",
			  f.columns);
		char *text = output(&f);
		squeeze(text);
		cr_expect_str_eq(text, choices[i].want, "%s: '%s'",
				 f.columns ? f.columns : "default", text);
		free(text);
		images_free(&f.result.images);
	}
}

Test(report, columns_that_there_are_not)
{
	static const char *const wrong[] = {"",		"+",	     "NOPE",	   "NAME,",
					    ",NAME",	"NAME,,DOC", "NAM",	   "NAMES",
					    "NAME DOC", "-NAME",     "+NAME,nope", "++NAME"};
	char many[65 * 5 + 1] = "";
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct df_err err = {0};
		cr_expect_eq(report_check_columns(wrong[i], &err), -(int)DF_E_USAGE, "'%s'",
			     wrong[i]);
		cr_expect(strstr(err.text, "NAME,STATE,COUNT,"), "'%s': '%s'", wrong[i], err.text);
		cr_expect(strstr(err.text, "ADDRESS"), "'%s': '%s'", wrong[i], err.text);
	}
	for (size_t i = 0; i < 65; i++)
		strcat(many, i ? ",NAME" : "NAME");
	struct df_err err = {0};
	cr_expect_eq(report_check_columns(many, &err), -(int)DF_E_USAGE);
	cr_expect(strstr(err.text, "more than 64 columns"), "'%s'", err.text);
	many[strlen(many) - 5] = '\0';
	cr_expect_eq(report_check_columns(many, &err), 0, "%s", err.text);
}

/* Every column is explained, and by its own name. */
Test(report, help_names_every_column)
{
	char name[32];
	int count = 0;
	for (const char *at = report_columns_help; *at != '\0'; at = strchr(at, '\n') + 1) {
		struct df_err err = {0};
		cr_assert_eq(sscanf(at, "  %31[A-Z]:", name), 1, "'%s'", at);
		cr_expect_eq(report_check_columns(name, &err), 0, "%s", err.text);
		count++;
	}
	cr_expect_eq(count, 15);
}

Test(report, headings)
{
	struct fixture f;
	begin(&f);
	f.columns = "NAME,DOC";
	f.result.images.list[0]->control.generation = 2;
	char *text = output(&f);
	squeeze(text);
	cr_expect_str_eq(text,
			 "/bin/program: 2 flags, 3 sites, not initialised, 2 changes\n"
			 "NAME DOC\nhttp:fast doc a\nopt:held\n",
			 "'%s'", text);
	free(text);
	images_free(&f.result.images);
}

Test(report, several_modules_are_told_apart)
{
	struct fixture f;
	begin(&f);
	fake_image_add(&f.result.images, "/lib/x.so", sites, 1);
	f.headings = false;
	char *text = output(&f);
	squeeze(text);
	cr_expect_str_eq(text,
			 "http:fast mixed 0-3 0 2 src/a.c:7 /bin/program doc a\n"
			 "opt:held held 0 2 1 src/b.c:8 /bin/program\n"
			 "http:fast off 0 0 1 src/a.c:7 /lib/x.so doc a\n",
			 "'%s'", text);
	free(text);
	images_free(&f.result.images);
}

Test(report, what_is_not_selected_is_not_shown)
{
	struct fixture f;
	begin(&f);
	f.headings = false;
	f.columns = "NAME";
	f.selected[0][0] = f.selected[0][1] = false;
	char *text = output(&f);
	cr_expect_str_eq(text, "opt:held\n", "'%s'", text);
	free(text);
	images_free(&f.result.images);
}

static bool is_harmless(const char *text)
{
	for (; *text != '\0'; text++)
		if ((*text != '\n' && (unsigned char)*text < 0x20) || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

/* In every column: names, paths and docs are the target's. */
Test(report, hostile_names)
{
	struct fixture f;
	*(&f) = (struct fixture){.headings = true};
	f.result.process.pidfd = -1;
	memset(f.selected, true, sizeof(f.selected));
	f.rows[0] = f.selected[0];
	f.result.selection = (struct selection){f.rows, 1};
	f.columns = "+FULL,KIND,FLAG,FILE,LINE,BUILT,MODULE,ADDRESS";
	fake_image_add(&f.result.images, "/tmp/\033]0;title\a\x9b", hostile, COUNT(hostile));
	char *text = output(&f);
	cr_expect(is_harmless(text), "'%s'", text);
	cr_expect(strstr(text, "\\x1b[31m:a\\nb@c\\td\\x9b:9"), "'%s'", text);
	cr_expect(strstr(text, "/tmp/\\x1b]0;title\\x07\\x9b"), "'%s'", text);
	cr_expect(strstr(text, "\\xe2\\x80\\xae reversed"), "'%s'", text);
	free(text);
	images_free(&f.result.images);
}
