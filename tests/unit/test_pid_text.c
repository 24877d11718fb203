/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/pid_text.c. */
#include <criterion/criterion.h>

#include "pid_text.h"

static const struct {
	const char *text;
	bool good;
	pid_t pid, member;
	size_t end;
} rows[] = {
	{"1", true, 1, 0, 1},
	{" 12 ,3", true, 12, 0, 4},
	{"7@509", true, 7, 509, 5},
	{"7@509,", true, 7, 509, 5},
	{"2147483647", true, 2147483647, 0, 10},
	{"2147483648", false, 0, 0, 0},
	{"0", false, 0, 0, 0},
	{"-1", false, 0, 0, 0},
	{"+1", false, 0, 0, 0},
	{"", false, 0, 0, 0},
	{"x", false, 0, 0, 0},
	{"1x", false, 0, 0, 0},
	{"1 2", false, 0, 0, 0},
	{"7@", false, 0, 0, 0},
	{"7@x", false, 0, 0, 0},
	{"7@0", false, 0, 0, 0},
	{"@7", false, 0, 0, 0},
	{",1", false, 0, 0, 0},
	{"99999999999999999999", false, 0, 0, 0},
};

Test(pid_text, rows)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *end;
		pid_t pid, member;
		const bool good = pid_text_parse(rows[i].text, &end, &pid, &member);
		cr_expect_eq(good, rows[i].good, "'%s'", rows[i].text);
		if (!good || !rows[i].good)
			continue;
		cr_expect_eq(pid, rows[i].pid, "'%s': %d", rows[i].text, pid);
		cr_expect_eq(member, rows[i].member, "'%s': %d", rows[i].text, member);
		cr_expect_eq(end, rows[i].text + rows[i].end, "'%s': '%s'", rows[i].text, end);
	}
}
