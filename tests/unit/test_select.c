/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/select.c: which sites of which modules patterns mean. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fake_image.h"
#include "select.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define SITE(KIND, NAME, LINE)                                                                     \
	{                                                                                          \
		.kind = (KIND), .name = (NAME), .file = "src/a.c", .doc = "", .line = (LINE)       \
	}

static const struct df_site program[] = {
	SITE("http", "fast", 1),      /* p0 */
	SITE("http", "fast_path", 2), /* p1 */
	SITE("httpd", "log", 3),      /* p2 */
	SITE("cache", "log", 4),      /* p3 */
	SITE("cache", "log", 4),      /* p4: another site of the same flag */
	SITE("odd", "a+b(c", 5),      /* p5: no regular expression, but a name */
};
static const struct df_site library[] = {
	SITE("http", "fast", 1), /* l0 */
	SITE("lib", "x", 2),	 /* l1 */
};

/* Selected sites as a string of the letters p and l with the index. */
static const struct {
	const char *row;
	const char *patterns[4];
	const char *want;
} table[] = {
	{"none: all", {NULL}, "p0 p1 p2 p3 p4 p5 l0 l1 "},
	{"a kind", {"http:"}, "p0 p1 l0 "},
	{"a flag, and not one that begins so", {"http:fast"}, "p0 l0 "},
	{"a full name", {"http:fast_path@src/a.c:2"}, "p1 "},
	{"a flag of several sites", {"cache:log"}, "p3 p4 "},
	{"a regular expression reaches on", {"http"}, "p0 p1 p2 l0 "},
	{"from the start", {"ttp"}, ""},
	{"regular expression", {".*:log"}, "p2 p3 p4 "},
	{"alternatives", {"cache|lib"}, "p3 p4 l1 "},
	{"only in the library", {"lib:x"}, "l1 "},
	{"several", {"lib:", "cache:"}, "p3 p4 l1 "},
	{"several, overlapping", {"http:", ".*fast", "http:fast"}, "p0 p1 l0 "},
	{"words that are no regular expression", {"odd:a+b(c"}, "p5 "},
	{"everything", {".*"}, "p0 p1 p2 p3 p4 p5 l0 l1 "},
};

static void load(struct images *images)
{
	*images = (struct images){0};
	fake_image_add(images, "/bin/program", program, COUNT(program));
	fake_image_add(images, "/lib/library.so", library, COUNT(library));
}

static size_t pattern_count(const char *const *patterns)
{
	size_t count = 0;
	while (count < 4 && patterns[count])
		count++;
	return count;
}

static void describe(const struct selection *s, const struct images *images, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < images->count; i++)
		for (size_t j = 0; j < images->list[i]->table.count; j++)
			if (s->selected[i][j])
				text += sprintf(text, "%c%zu ", "pl"[i], j);
}

Test(select, what_patterns_mean)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		struct images images;
		struct selection selection;
		struct df_err err = {0};
		char text[128];
		load(&images);
		const int status = selection_make(&selection, &images, table[i].patterns,
						  pattern_count(table[i].patterns), &err);
		if (*table[i].want == '\0') {
			cr_expect_eq(status, -(int)DF_E_NO_MATCH, "%s", table[i].row);
		} else {
			cr_assert_eq(status, 0, "%s: %s", table[i].row, err.text);
			describe(&selection, &images, text);
			cr_expect_str_eq(text, table[i].want, "%s: '%s'", table[i].row, text);
		}
		selection_free(&selection);
		images_free(&images);
	}
}

static const struct {
	const char *row;
	const char *patterns[4];
	enum df_errc code;
	const char *says;
} errors[] = {
	{"no match", {"nothing"}, DF_E_NO_MATCH, "'nothing'"},
	{"the second matches nothing", {"http:", "nothing", "none"}, DF_E_NO_MATCH, "'nothing'"},
	{"a kind that is none", {"htt:"}, DF_E_NO_MATCH, "'htt:'"},
	{"bad expression", {"a("}, DF_E_PATTERN, "a("},
	{"bad expression behind a good one", {"http:", "[z-a]"}, DF_E_PATTERN, "[z-a]"},
	{"words cut short are a bad expression", {"odd:a+b("}, DF_E_PATTERN, "odd:a+b("},
};

Test(select, errors_name_the_pattern)
{
	for (size_t i = 0; i < COUNT(errors); i++) {
		struct images images;
		struct selection selection;
		struct df_err err = {0};
		load(&images);
		cr_expect_eq(selection_make(&selection, &images, errors[i].patterns,
					    pattern_count(errors[i].patterns), &err),
			     -(int)errors[i].code, "%s: %s", errors[i].row, err.text);
		cr_expect(strstr(err.text, errors[i].says), "%s: '%s'", errors[i].row, err.text);
		selection_free(&selection);
		images_free(&images);
	}
}

Test(select, no_modules)
{
	struct images images = {0};
	struct selection selection;
	struct df_err err;
	const char *const pattern = "http:";
	cr_expect_eq(selection_make(&selection, &images, NULL, 0, &err), 0);
	selection_free(&selection);
	cr_expect_eq(selection_make(&selection, &images, &pattern, 1, &err), -(int)DF_E_NO_MATCH);
	selection_free(&selection);
}
