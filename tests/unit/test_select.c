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
		const int status = selection_make(&selection, &images, NULL, table[i].patterns,
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
		cr_expect_eq(selection_make(&selection, &images, NULL, errors[i].patterns,
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
	cr_expect_eq(selection_make(&selection, &images, NULL, NULL, 0, &err), 0);
	selection_free(&selection);
	cr_expect_eq(selection_make(&selection, &images, NULL, &pattern, 1, &err),
		     -(int)DF_E_NO_MATCH);
	selection_free(&selection);
}

/* ---- criteria ---- */

static struct criteria criteria;

/* "k=KIND n=NAME p=PLACE d=DOC m=MODULE" */
static void ask(const char *text)
{
	static struct criterion room[8];
	static char words[128];
	static const char sorts[] = "knpdm";
	struct df_err err;
	snprintf(words, sizeof(words), "%s", text);
	criteria = (struct criteria){.list = room};
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		const char *sort = strchr(sorts, *word);
		cr_assert(sort && word[1] == '=');
		cr_assert_eq(
			criteria_add(&criteria, (enum criterion_by)(sort - sorts), word + 2, &err),
			0, "%s", err.text);
	}
}

static const struct {
	const char *asked;
	const char *patterns[4];
	const char *want; /* sites, or a part of the message that no flag is meant */
} chosen[] = {
	{"", {NULL}, "p0 p1 p2 p3 p4 p5 l0 l1 "},
	{"k=http", {NULL}, "p0 p1 l0 "},
	{"k=http k=lib", {NULL}, "p0 p1 l0 l1 "},
	{"k=http n=fast", {NULL}, "p0 l0 "},
	{"n=log", {NULL}, "p2 p3 p4 "},
	{"n=log k=cache", {NULL}, "p3 p4 "},
	{"p=a.c:2-3", {NULL}, "p1 p2 l1 "},
	{"p=a.c:2-3 m=program", {NULL}, "p1 p2 "},
	{"m=*.so", {NULL}, "l0 l1 "},
	{"m=*.so k=http", {NULL}, "l0 "},
	{"d=cache", {NULL}, "--doc: no doc of a flag says 'cache'"},
	{"k=http k=htp", {NULL}, "--kind: no flag has the kind 'htp'"},
	{"k=lib m=program", {NULL}, "no flag is all that the options ask for"},
	{"m=program", {"http:"}, "p0 p1 "},
	{"m=program", {"http:", ".*log"}, "p0 p1 p2 p3 p4 "},
	{"p=a.c:2", {"http"}, "p1 "},
	{"m=*.so", {"http:", "cache:"}, "no flag that the options mean matches 'cache:'"},
	{"k=http", {"lib:"}, "no flag that the options mean matches 'lib:'"},
};

Test(select, criteria_and_patterns)
{
	for (size_t i = 0; i < COUNT(chosen); i++) {
		struct images images;
		struct selection selection;
		struct df_err err = {0};
		char text[128];
		load(&images);
		ask(chosen[i].asked);
		const int status =
			selection_make(&selection, &images, &criteria, chosen[i].patterns,
				       pattern_count(chosen[i].patterns), &err);
		if (status < 0) {
			cr_expect_eq(status, -(int)DF_E_NO_MATCH, "%s", chosen[i].asked);
			cr_expect(strstr(err.text, chosen[i].want), "%s: %s", chosen[i].asked,
				  err.text);
		} else {
			describe(&selection, &images, text);
			cr_expect_str_eq(text, chosen[i].want, "%s: '%s'", chosen[i].asked, text);
			cr_expect_eq(selection_empty(&selection, &images), *text == '\0');
		}
		selection_free(&selection);
		images_free(&images);
	}
}

/* All sites of a flag, if one of them is in the state. */
Test(select, states)
{
	struct images images;
	struct selection selection;
	struct df_err err;
	char text[128];
	const struct criteria active = {.active = true}, both = {.active = true, .unhooked = true};
	load(&images);
	images.list[0]->states[3].current.activation = 1;
	images.list[1]->states[0].current = (struct df_count_v1){.activation = 1, .unhook = 1};
	cr_assert_eq(selection_make(&selection, &images, &active, NULL, 0, &err), 0);
	selection_narrow(&selection, &images, NULL);
	describe(&selection, &images, text);
	cr_expect_str_eq(text, "p0 p1 p2 p3 p4 p5 l0 l1 ", "not yet");
	selection_narrow(&selection, &images, &active);
	describe(&selection, &images, text);
	cr_expect_str_eq(text, "p3 p4 l0 ");
	selection_narrow(&selection, &images, &both);
	describe(&selection, &images, text);
	cr_expect_str_eq(text, "l0 ");
	images.list[1]->states[0].current.unhook = 0;
	selection_narrow(&selection, &images, &both);
	cr_expect(selection_empty(&selection, &images));
	selection_free(&selection);
	images_free(&images);
}

/* What some module may have later, or had, is no error. */
static const struct {
	const char *asked;
	const char *patterns[4];
	const char *want;
} there[] = {
	{"", {"http:", "nothing:"}, "p0 p1 l0 "},
	{"", {"nothing:"}, ""},
	{"", {"odd:a+b(d", "lib:"}, "l1 "},
	{"k=http k=htp", {NULL}, "p0 p1 l0 "},
	{"k=htp", {"http:"}, ""},
	{"m=program", {"lib:", "cache:"}, "p3 p4 "},
};

Test(select, those_that_are_there)
{
	for (size_t i = 0; i < COUNT(there); i++) {
		struct images images;
		struct selection selection;
		struct df_err err = {0};
		char text[128];
		load(&images);
		ask(there[i].asked);
		cr_assert_eq(selection_make_of_those_there(&selection, &images, &criteria,
							   there[i].patterns,
							   pattern_count(there[i].patterns), &err),
			     0, "%s", err.text);
		describe(&selection, &images, text);
		cr_expect_str_eq(text, there[i].want, "%zu: '%s'", i, text);
		selection_free(&selection);
		images_free(&images);
	}
}
