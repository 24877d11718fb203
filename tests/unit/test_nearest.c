/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/nearest.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "nearest.h"

/* What is found among these, "" for nothing. */
static const char *found(const char *wanted, const char *const *names)
{
	static struct nearest nearest;
	nearest_begin(&nearest, wanted);
	for (; *names; names++)
		nearest_offer(&nearest, *names);
	const char *name = nearest_name(&nearest);
	return name ? name : "";
}

Test(nearest, finds_what_was_meant)
{
	static const char *const names[] = {"list",   "enable", "disable",	  "activate",
					    "rehook", "unhook", "http:fast_path", NULL};
	static const struct {
		const char *wanted, *found;
	} rows[] = {
		{"lsit", "list"},     /* changed places */
		{"lst", "list"},      /* one is missing */
		{"listt", "list"},    /* one too many */
		{"lisd", "list"},     /* another one */
		{"LIST", "list"},     /* case */
		{"enabel", "enable"}, /* nearer to enable than to disable */
		{"disabled", "disable"},
		{"unhok", "unhook"},
		{"htpp:fast-path", "http:fast_path"},
		{"http:fastpath", "http:fast_path"},
		{"frobnicate", ""}, /* nothing is near */
		{"l", ""},
		{"", ""},
		{"xyz", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_str_eq(found(rows[i].wanted, names), rows[i].found, "%s: %s",
				 rows[i].wanted, found(rows[i].wanted, names));
}

/* The first of those that are as near. */
Test(nearest, keeps_the_first_of_equals)
{
	static const char *const names[] = {"http:a", "http:b", NULL};
	cr_expect_str_eq(found("http:c", names), "http:a");
}

Test(nearest, long_names_are_not_looked_at)
{
	char longest[NEAREST_LENGTH + 2], too_long[NEAREST_LENGTH + 3];
	memset(longest, 'x', sizeof(longest));
	memset(too_long, 'x', sizeof(too_long));
	longest[NEAREST_LENGTH] = too_long[NEAREST_LENGTH + 1] = '\0';
	const char *names[] = {longest, NULL};
	longest[0] = 'y';
	cr_expect_str_eq(found(longest, names), longest, "as long as it may be");
	cr_expect_str_eq(found(too_long, names), "");
	names[0] = too_long;
	cr_expect_str_eq(found(longest, names), "");
}

Test(nearest, looks_at_so_many_names_only)
{
	struct nearest nearest;
	nearest_begin(&nearest, "needle");
	for (size_t i = 0; i < NEAREST_NAMES; i++)
		nearest_offer(&nearest, "hayhay");
	nearest_offer(&nearest, "needle");
	cr_expect_null(nearest_name(&nearest));
}
