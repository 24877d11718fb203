/* SPDX-License-Identifier: Apache-2.0 */
/* test_script.c - operations as text. */
#include <criterion/criterion.h>
#include <string.h>

#include "script.h"

TestSuite(script);

static const struct {
	const char *text;
	const char *ends;
	size_t count;
	enum df_op ops[4];
	const char *patterns[4];
} good[] = {
	{"", "", 0, {0}, {0}},
	{"\n\n  \n", "", 0, {0}, {0}},
	{"# +all\n  # too", "", 0, {0}, {0}},
	{"+a", "", 1, {DF_ACTIVATE}, {"a"}},
	{"+a\n", "", 1, {DF_ACTIVATE}, {"a"}},
	{"+a\r\n-b\r\n", "", 2, {DF_ACTIVATE, DF_DEACTIVATE}, {"a", "b"}},
	{" \t+ \ta b \t\n!c\n?d", "", 3, {DF_ACTIVATE, DF_UNHOOK, DF_REHOOK}, {"a b", "c", "d"}},
	{"-a:b@c#d", "", 1, {DF_DEACTIVATE}, {"a:b@c#d"}},
	{"enable x\ndisable\ty", "", 2, {DF_ENABLE, DF_DISABLE}, {"x", "y"}},
	{"activate x\ndeactivate y\nunhook z\nrehook q",
	 "",
	 4,
	 {DF_ACTIVATE, DF_DEACTIVATE, DF_UNHOOK, DF_REHOOK},
	 {"x", "y", "z", "q"}},
	{"+enable x", "", 1, {DF_ACTIVATE}, {"enable x"}},
	{"+-a", "", 1, {DF_ACTIVATE}, {"-a"}},
	{"+a;b", "", 1, {DF_ACTIVATE}, {"a;b"}},
	{"+a;-b\n!c;", ";", 3, {DF_ACTIVATE, DF_DEACTIVATE, DF_UNHOOK}, {"a", "b", "c"}},
	{"+\303\244\303\266", "", 1, {DF_ACTIVATE}, {"\303\244\303\266"}},
};

Test(script, reads_every_operation_in_order)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct df_script script;
		struct df_err err;
		cr_assert_eq(df_script_parse(good[i].text, good[i].ends, &script, &err), 0,
			     "row %zu: %s", i, err.text);
		cr_assert_eq(script.count, good[i].count, "row %zu: %zu lines", i, script.count);
		for (size_t j = 0; j < script.count; j++) {
			cr_expect_eq(script.lines[j].op, good[i].ops[j], "row %zu line %zu", i, j);
			cr_expect_str_eq(df_pattern_text(script.lines[j].pattern),
					 good[i].patterns[j], "row %zu line %zu", i, j);
		}
		df_script_free(&script);
	}
}

Test(script, lines_know_their_numbers)
{
	struct df_script script;
	struct df_err err;
	cr_assert_eq(df_script_parse("# first\n+a\n\n  -b;!c", ";", &script, &err), 0);
	cr_assert_eq(script.count, 3);
	cr_expect(script.lines[0].number == 2 && script.lines[1].number == 4 &&
		  script.lines[2].number == 5);
	df_script_free(&script);
}

static const struct {
	const char *text;
	enum df_errc code;
	const char *says;
} bad[] = {
	{"a", DF_E_USAGE, "line 1: 'a' is no operation"},
	{"+a\n\n# c\nhttp:x", DF_E_USAGE, "line 4: 'http:x' is no operation"},
	{"+", DF_E_USAGE, "line 1: '+' is no operation"},
	{"-  \t", DF_E_USAGE, "line 1: '-' is no operation"},
	{"enable", DF_E_USAGE, "line 1: 'enable' is no operation"},
	{"enable ", DF_E_USAGE, "line 1: 'enable' is no operation"},
	{"enabled x", DF_E_USAGE, "is no operation"},
	{"init x", DF_E_USAGE, "is no operation"},
	{"+a\n+(b\n", DF_E_PATTERN, "line 2: pattern '(b'"},
};

Test(script, names_the_line_that_is_wrong_and_keeps_nothing)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct df_script script;
		struct df_err err;
		cr_expect_eq(df_script_parse(bad[i].text, "", &script, &err), -(int)bad[i].code,
			     "row %zu", i);
		cr_expect(strstr(err.text, bad[i].says), "row %zu: %s", i, err.text);
		cr_expect_eq(script.count, 0, "row %zu", i);
		cr_expect_null(script.lines);
	}
}

Test(script, quotes_no_more_of_a_line_than_fits)
{
	static char text[100001];
	struct df_script script;
	struct df_err err;
	memset(text, 'x', sizeof(text) - 1);
	cr_expect_eq(df_script_parse(text, "", &script, &err), -(int)DF_E_USAGE);
	cr_expect(strstr(err.text, "and a pattern"), "%s", err.text);
}
