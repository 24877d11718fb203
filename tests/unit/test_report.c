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
	f->result.selection = (struct selection){.selected = f->rows, .image_count = 2};
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
	cr_expect_eq(count, 19);
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

/* ---- several processes ---- */

static void two_lists(void *context)
{
	struct fixture *f = context;
	struct grid *grid = NULL;
	f->status = report_lists_begin(f->columns, f->headings, &grid, &f->err);
	for (pid_t pid = 41; f->status == 0 && pid < 43; pid++) {
		f->result.process = (struct process){.pid = pid, .name = "a\033b"};
		f->status = report_lists_add(grid, f->headings, &f->result, &f->err);
	}
	if (f->status == 0)
		f->status = grid_print(grid, &f->err);
	grid_free(grid);
}

static void expect_lists(struct fixture *f, const char *want)
{
	char *text = fake_image_output(two_lists, f);
	cr_expect_eq(f->status, 0, "%s", f->err.text);
	squeeze(text);
	cr_expect_str_eq(text, want, "'%s'", text);
	free(text);
}

Test(report, several_processes_in_one_table)
{
	struct fixture f;
	begin(&f);
	f.selected[0][2] = false;
	f.columns = "NAME,PID,COMMAND";
	expect_lists(&f, "process 41 (a\\x1bb): /bin/program: 2 flags, 3 sites, not initialised, 0 "
			 "changes\n"
			 "process 42 (a\\x1bb): /bin/program: 2 flags, 3 sites, not initialised, 0 "
			 "changes\n"
			 "NAME PID COMMAND\nhttp:fast 41 a\\x1bb\nhttp:fast 42 a\\x1bb\n");
	f.headings = false;
	f.columns = NULL;
	expect_lists(&f, "41 http:fast mixed 0-3 0 2 src/a.c:7 doc a\n"
			 "42 http:fast mixed 0-3 0 2 src/a.c:7 doc a\n");
	f.columns = "MODULE";
	expect_lists(&f, "/bin/program\n/bin/program\n");
	images_free(&f.result.images);
}

/* The module is told as soon as one process has two of them. */
Test(report, several_processes_with_several_modules)
{
	struct fixture f;
	begin(&f);
	f.selected[0][2] = false;
	f.headings = false;
	fake_image_add(&f.result.images, "/lib/x.so", sites, 1);
	expect_lists(&f, "41 http:fast mixed 0-3 0 2 src/a.c:7 /bin/program doc a\n"
			 "41 http:fast off 0 0 1 src/a.c:7 /lib/x.so doc a\n"
			 "42 http:fast mixed 0-3 0 2 src/a.c:7 /bin/program doc a\n"
			 "42 http:fast off 0 0 1 src/a.c:7 /lib/x.so doc a\n");
	images_free(&f.result.images);
}

static struct change_result change;
static struct target_end target;

static void print_target(void *context)
{
	(void)context;
	const struct change_request request = {.op = DF_ENABLE};
	report_target_change(&target, &request, &change);
}

static void expect_target(const char *want)
{
	char *text = fake_image_output(print_target, NULL);
	cr_expect_str_eq(text, want, "'%s'", text);
	free(text);
}

Test(report, what_became_of_a_target)
{
	struct df_err err = {DF_E_NO_FLAGS, "no \033 flags"};
	target = (struct target_end){42, "\033[m", TARGET_SKIPPED, &err};
	expect_target("process 42 (\\x1b[m): skipped: no \\x1b flags\n");
	target = (struct target_end){42, "", TARGET_FAILED, &err};
	expect_target("process 42: failed: no \\x1b flags\n");
	target = (struct target_end){42, "a", TARGET_ALREADY, NULL};
	expect_target("process 42 (a):\n"
		      "  matched 0 flags (0 sites), 0 changed, 0 already so, 0 unhooked\n"
		      "  nothing to write: the target was not stopped\n");
	change.committed = 1;
	expect_target("process 42 (a):\n"
		      "  matched 0 flags (0 sites), 0 changed, 0 already so, 0 unhooked\n"
		      "  changed quietly: nobody was stopped\n");
	change.stopped = true;
	change.threads = 2;
	change.pause = 210000;
	strcpy(change.why_stopped, "\033 was initialised");
	expect_target("process 42 (a):\n"
		      "  matched 0 flags (0 sites), 0 changed, 0 already so, 0 unhooked\n"
		      "  2 threads stood still for 210 us, not changed quietly: \\x1b was "
		      "initialised\n");
	change.why_stopped[0] = '\0';
	target.how = TARGET_FAILED;
	target.err = &err;
	expect_target("process 42 (a): failed: no \\x1b flags\n"
		      "  2 threads stood still for 210 us\n");
}

static void print_targets(void *context)
{
	report_targets(context, false);
}

Test(report, what_became_of_all_targets)
{
	struct targets_tally tally = {6, {0, 1, 2, 0, 0, 3}};
	char *text = fake_image_output(print_targets, &tally);
	cr_expect_str_eq(text, "6 processes: 1 changed, 2 already so, 0 skipped, 3 failed\n", "%s",
			 text);
	free(text);
	tally = (struct targets_tally){1, {0, 0, 0, 1, 0, 0}};
	text = fake_image_output(print_targets, &tally);
	cr_expect_str_eq(text,
			 "1 process: 0 changed, 0 already so, 1 with unhooked flags left alone, "
			 "0 skipped, 0 failed\n",
			 "%s", text);
	free(text);
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
	f.result.selection = (struct selection){.selected = f.rows, .image_count = 1};
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
