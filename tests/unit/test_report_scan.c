/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/report_scan.c: what is known, what is not, and names made safe. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fake_image.h"
#include "report_scan.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static struct scan_row rows[] = {
	{.pid = 7,
	 .name = "a\033b",
	 .counted = true,
	 .current = true,
	 .modules = 1,
	 .flags = 4,
	 .sites = 5,
	 .active = 2,
	 .changed = 1,
	 .changes = 9},
	{.pid = 8, .name = "b", .why = {DF_E_TABLE, "/x\n: damaged"}},
	{.pid = 9,
	 .name = "c",
	 .counted = true,
	 .flags = 4,
	 .sites = 5,
	 .why = {DF_E_PERMISSION, "no"}},
	{.pid = 10,
	 .name = "d",
	 .counted = true,
	 .current = true,
	 .modules = 2,
	 .initialised = 1,
	 .stop = true,
	 .why = {DF_E_NONE, "libdf"}},
	{.pid = 11, .name = "e", .current = true, .modules = 2, .initialised = 2},
};

static void print(void *context)
{
	const struct scan scan = {rows, COUNT(rows), 50, 3};
	struct df_err err;
	cr_expect_eq(report_scan(&scan, context, false, &err), 0, "%s", err.text);
}

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

static void expect(const char *columns, const char *want)
{
	char choice[64] = "";
	if (columns)
		strncpy(choice, columns, sizeof(choice) - 1);
	char *text = fake_image_output(print, columns ? choice : NULL);
	squeeze(text);
	cr_expect_str_eq(text, want, "'%s'", text);
	free(text);
}

Test(report_scan, rows)
{
	expect(NULL, "7 a\\x1bb 4 5 2 1 no yes\n"
		     "8 b no /x\\n: damaged\n"
		     "9 c 4 5 no no\n"
		     "10 d 0 0 0 0 partly stop libdf\n"
		     "11 e 0 0 yes yes\n");
	expect("pid,CHANGES", "7 9\n8\n9\n10 0\n11 0\n");
	expect("PATCHABLE", "yes\nno\nno\nstop\nyes\n");
}

Test(report_scan, columns)
{
	struct df_err err;
	cr_expect_eq(report_scan_check_columns("PID,modules", &err), 0);
	cr_expect_eq(report_scan_check_columns("+MODULES", &err), 0);
	cr_expect_eq(report_scan_check_columns("NAME", &err), -(int)DF_E_USAGE);
	cr_expect(strstr(err.text, "unknown column 'NAME'; there are PID,COMMAND,FLAGS"), "%s",
		  err.text);
}
