/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/script_plan.c: what scripts come to in the plans of several modules. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_image.h"
#include "script_plan.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define SITE(KIND, NAME, LINE)                                                                     \
	{                                                                                          \
		.kind = (KIND), .name = (NAME), .file = "src/a.c", .doc = "", .line = (LINE)       \
	}

static const struct df_site program[] = {
	SITE("http", "fast", 1), /* p0 */
	SITE("http", "log", 2),	 /* p1 */
	SITE("cache", "log", 3), /* p2 */
};
static const struct df_site library[] = {
	SITE("http", "fast", 1),      /* l0 */
	SITE("lib", "http:", 2),      /* l1 */
	SITE("http", "fast_path", 3), /* l2 */
};

static struct images images;
static struct df_plan plans[2];
static struct selection selection;
static const struct selection *narrowed;
static struct df_err err;

static void begin(void)
{
	images = (struct images){0};
	err = (struct df_err){0};
	fake_image_add(&images, "/bin/program", program, COUNT(program));
	fake_image_add(&images, "/lib/library.so", library, COUNT(library));
	for (size_t i = 0; i < images.count; i++) {
		const struct image *image = images.list[i];
		cr_assert_eq(df_plan_begin(&plans[i], image->sites, image->table.count,
					   image->states, &image->control, NULL),
			     0);
	}
	cr_assert_eq(selection_new(&selection, &images, true, NULL), 0);
}

static void end(void)
{
	for (size_t i = 0; i < images.count; i++)
		df_plan_free(&plans[i]);
	selection_free(&selection);
	images_free(&images);
}

static int plan(const char *lines)
{
	const struct script_source source = {lines, false};
	struct scripts scripts;
	cr_assert_eq(scripts_read(&source, 1, &scripts, &err), 0, "%s: %s", lines, err.text);
	const int status = script_plan(&scripts, &images, narrowed, plans, &selection, &err);
	scripts_free(&scripts);
	return status;
}

/* Each site that is meant, with its activation and unhook count. */
static const char *outcome(void)
{
	static char text[256];
	char *to = text;
	*to = '\0';
	for (size_t i = 0; i < images.count; i++)
		for (size_t j = 0; j < plans[i].count; j++) {
			const struct df_count *will = &plans[i].will[j];
			cr_expect_eq(selection.selected[i][j],
				     plans[i].outcome[j] != DF_NOT_SELECTED, "%c%zu", "pl"[i], j);
			if (selection.selected[i][j])
				to += sprintf(to, "%c%zu=%u/%u ", "pl"[i], j, will -> activation,
					      will -> unhook);
		}
	return text;
}

static const struct {
	const char *lines;
	const char *want;
} table[] = {
	{"", ""},
	{"# nothing\n\n  \n", ""},
	{"+http:", "p0=1/0 p1=1/0 l0=1/0 l2=1/0 "},
	{"+http:log\n+http:log", "p1=2/0 "},
	{"+http:fast", "p0=1/0 l0=1/0 l2=1/0 "}, /* an expression, never words */
	{"+http:\n-http:log", "p0=1/0 p1=0/0 l0=1/0 l2=1/0 "},
	{"-http:log\n+http:log", "p1=1/0 "},
	{"!cache:\n+.*log\n", "p1=1/0 p2=0/1 "},
	{"!cache:\n?cache:\nenable cache:", "p2=1/0 "},
	{"+lib:", "l1=1/0 "},
};

Test(script_plan, lines_in_their_order)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		begin();
		cr_expect_eq(plan(table[i].lines), 0, "%s: %s", table[i].lines, err.text);
		cr_expect_str_eq(outcome(), table[i].want, "'%s': '%s'", table[i].lines, outcome());
		end();
	}
}

/* What is not among the sites that may be meant is not, whatever a line says. */
Test(script_plan, only_among_those_given)
{
	begin();
	selection.selected[0][0] = selection.selected[1][2] = false;
	cr_expect_eq(plan("+http:"), 0, "%s", err.text);
	cr_expect_str_eq(outcome(), "p1=1/0 l0=1/0 ");
	end();
	begin();
	selection.selected[0][2] = false;
	cr_expect_eq(plan("+cache:"), -(int)DF_E_NO_MATCH);
	end();
}

/* Lines mean what is left out, too, and do nothing there. */
Test(script_plan, only_what_it_is_narrowed_to)
{
	struct selection left;
	begin();
	cr_assert_eq(selection_new(&left, &images, true, NULL), 0);
	left.selected[0][0] = left.selected[0][2] = left.selected[1][0] = false;
	narrowed = &left;
	cr_expect_eq(plan("+http:\n+cache:"), 0, "%s", err.text);
	cr_expect_str_eq(outcome(), "p1=1/0 l2=1/0 ");
	narrowed = NULL;
	selection_free(&left);
	end();
}

Test(script_plan, a_line_that_means_no_flag)
{
	begin();
	cr_expect_eq(plan("+http:\n\n-nothing\n+none"), -(int)DF_E_NO_MATCH);
	cr_expect_str_eq(err.text, "-e number 1: line 3: no flag matches 'nothing'; 'dfpatch list' "
				   "shows the flags there are");
	end();
}

Test(script_plan, no_modules)
{
	images = (struct images){0};
	cr_assert_eq(selection_new(&selection, &images, true, NULL), 0);
	cr_expect_eq(plan(""), 0);
	cr_expect_eq(plan("+a"), -(int)DF_E_NO_MATCH);
	selection_free(&selection);
}
