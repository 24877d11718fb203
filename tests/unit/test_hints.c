/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/hints.c: what is said of patterns that mean no flag. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fake_image.h"
#include "hints.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define SITE(KIND, NAME, LINE)                                                                     \
	{                                                                                          \
		.kind = (KIND), .name = (NAME), .file = "src/a.c", .doc = "", .line = (LINE)       \
	}

static char long_name[300];

static const struct df_site program[] = {
	SITE("http", "fast_path", 1),
	SITE("http", "keep_alive", 2),
	SITE("cache", "log", 3),
	SITE("odd", long_name, 4),
};

static const struct {
	const char *pattern;
	const char *says;
} rows[] = {
	/* In the middle of a name. */
	{"fast_path", "no flag matches 'fast_path', which has to match a full name from its start; "
		      "'.*fast_path' matches http:fast_path@src/a.c:1"},
	{"nothing|alive", "; '.*(nothing|alive)' matches http:keep_alive@src/a.c:2"},
	{"a\\.c:3", "; '.*a\\.c:3' matches cache:log@src/a.c:3"},
	/* At the end of one there is a place. */
	{"http:fast_path$", "; 'http:fast_path@' matches http:fast_path@src/a.c:1"},
	{"fast_path$", "; '.*fast_path@' matches http:fast_path@src/a.c:1"},
	/* Nearly. */
	{"htpp:", "no flag matches 'htpp:'; did you mean 'http:'? 'dfpatch list' shows"},
	{"http:fastpath", "; did you mean 'http:fast_path'?"},
	{"HTTP:fast_path", "; did you mean 'http:fast_path'?"},
	{"cahce:log", "; did you mean 'cache:log'?"},
	/* Not at all. */
	{"zzzz", "no flag matches 'zzzz'; 'dfpatch list' shows the flags there are"},
	{"xyz\\$", "no flag matches 'xyz\\$'; 'dfpatch list' shows"},
	{"^zzzz(", "no flag matches '^zzzz('; 'dfpatch list' shows"},
};

static struct images images;
static bool all[] = {true, true, true, true};
static bool *among[] = {all};

static void load(void)
{
	memset(long_name, 'n', sizeof(long_name) - 1);
	images = (struct images){0};
	fake_image_add(&images, "/bin/program", program, COUNT(program));
}

static void unload(void)
{
	images_free(&images);
}

TestSuite(hints, .init = load, .fini = unload);

Test(hints, rows)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct df_err err = {0};
		cr_expect_eq(hints_no_match(&images, among, false, rows[i].pattern, &err),
			     -(int)DF_E_NO_MATCH);
		cr_expect(strstr(err.text, rows[i].says), "%s: %s", rows[i].pattern, err.text);
	}
}

/* Other flags do not help who has chosen among some. */
Test(hints, only_of_those_that_are_meant)
{
	bool some[] = {false, true, true, true};
	bool *chosen[] = {some};
	struct df_err err = {0};
	hints_no_match(&images, chosen, true, "fast_path", &err);
	cr_expect_str_eq(err.text, "no flag that the options mean matches 'fast_path'; 'dfpatch "
				   "list' shows the flags there are");
	hints_no_match(&images, chosen, true, "alive", &err);
	cr_expect(strstr(err.text, "no flag that the options mean matches 'alive', which"), "%s",
		  err.text);
}

Test(hints, without_any_flag)
{
	const struct images none = {0};
	struct df_err err = {0};
	cr_expect_eq(hints_no_match(&none, NULL, false, "a", &err), -(int)DF_E_NO_MATCH);
	cr_expect(strstr(err.text, "no flag matches 'a'"), "%s", err.text);
}
