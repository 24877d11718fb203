/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/blame.c: the output of git, and what only looks like it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blame.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

#define A "0123456789abcdef0123456789abcdef01234567"
#define B "ffffffffffffffffffffffffffffffffffffffff"
#define Z "0000000000000000000000000000000000000000"
#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* "LINE=ID:AUTHOR:TIME " for each line told, and * for one in no commit. */
struct told {
	char text[1024];
};

static void tell(void *context, uint32_t line, const struct commit *commit)
{
	struct told *told = context;
	const size_t used = strlen(told->text);
	snprintf(told->text + used, sizeof(told->text) - used, "%u=%.4s:%s:%lld%s ", line,
		 commit->id, commit->author, (long long)commit->time, commit->recorded ? "" : "*");
}

static const struct {
	const char *text, *want;
} good[] = {
	{"", ""},
	{A " 1 1 1\nauthor Ann Other\nauthor-mail <a@b>\nauthor-time 1577836800\nauthor-tz +0000\n"
	   "committer X\ncommitter-time 5\nsummary author-time 7\nboundary\nfilename f.c\n\ttext\n",
	 "1=0123:Ann Other:1577836800 "},
	/* Told once, named again. */
	{A " 9 1 2\nauthor Ann\nauthor-time 1\n\ta\n" A " 10 2\n\tb\n" B
	   " 3 3 1\nauthor Bob\nauthor-time 2\n\tc\n" A " 12 7 1\nfilename g\n\td\n",
	 "1=0123:Ann:1 2=0123:Ann:1 3=ffff:Bob:2 7=0123:Ann:1 "},
	{Z " 1 1 1\nauthor Not Committed Yet\nauthor-time 3\n\tx\n",
	 "1=0000:Not Committed Yet:3* "},
	{SHA256 " 1 4294967295 1\nauthor\nauthor-time -5\n\t", "4294967295=0123::-5 "},
	/* A line of the file may look like anything. */
	{A " 1 1 2\nauthor-time 1\n\t" B " 5 5 1\n" A " 2 2\n\tauthor-time 9\n",
	 "1=0123::1 2=0123::1 "},
	{A " 1 1 1\nauthor \xff\x1b[m\nauthor-time 0\n\t\n", "1=0123:\xff\x1b[m:0 "},
	{A " 1 1 1 \nauthor-time 0\n\t\n", "1=0123::0 "},
};

Test(blame, output_of_git)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct commits commits = {0};
		struct told told = {""};
		struct df_err err = {0};
		cr_expect_eq(
			blame_read(good[i].text, strlen(good[i].text), &commits, tell, &told, &err),
			0, "%s", err.text);
		cr_expect_str_eq(told.text, good[i].want, "%zu: '%s'", i, told.text);
		commits_free(&commits);
	}
}

static const struct {
	const char *text, *says;
} bad[] = {
	{"\n", "line 1 of its output names no commit and line"},
	{"fatal: no\n", "names no commit and line"},
	{A "\n", "names no commit and line"},
	{A " 1\n\tx\n", "names no commit and line"},
	{A " 1 0 1\nauthor-time 1\n\tx\n", "names no commit and line"},
	{A " 1 4294967296 1\nauthor-time 1\n\tx\n", "names no commit and line"},
	{A " 1 -1 1\nauthor-time 1\n\tx\n", "names no commit and line"},
	{A " 1 1x\nauthor-time 1\n\tx\n", "names no commit and line"},
	{A "0 1 1 1\nauthor-time 1\n\tx\n", "names no commit and line"},
	{"0123 1 1 1\nauthor-time 1\n\tx\n", "names no commit and line"},
	{"G123456789abcdef0123456789abcdef01234567 1 1 1\nauthor-time 1\n\tx\n",
	 "names no commit and line"},
	{A " 1 1 1\n\tx\n", "line 2 of its output ends what is told of a commit, but not its time"},
	{A " 1 1 1\nauthor-time\n\tx\n", "but not its time"},
	{A " 1 1 1\nauthor-time x\n\tx\n", "line 2 of its output is no time"},
	{A " 1 1 1\nauthor-time 1 2\n\tx\n", "is no time"},
	{A " 1 1 1\nauthor-time --1\n\tx\n", "is no time"},
	{A " 1 1 1\nauthor-time 9223372036854775808\n\tx\n", "is no time"},
	{A " 1 1 1\nauthor-time 99999999999999999999999\n\tx\n", "is no time"},
	{A " 1 1 1\nauthor-time 1\n", "is the last, but a line of the file should follow"},
	{A " 1 1 1", "is the last"},
};

Test(blame, what_is_none)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct commits commits = {0};
		struct told told = {""};
		struct df_err err = {0};
		cr_expect_eq(
			blame_read(bad[i].text, strlen(bad[i].text), &commits, tell, &told, &err),
			-(int)DF_E_SYSTEM, "%zu", i);
		cr_expect(strstr(err.text, bad[i].says), "%zu: '%s'", i, err.text);
		cr_expect_str_eq(told.text, "", "%zu: '%s'", i, told.text);
		commits_free(&commits);
	}
}

/* Every beginning of good output is read without a byte beyond it. */
Test(blame, cut_anywhere)
{
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t size = 0; size < strlen(good[i].text); size++) {
			struct commits commits = {0};
			struct told told = {""};
			struct df_err err = {0};
			char *cut = malloc(size + 1);
			cr_assert(cut);
			memcpy(cut, good[i].text, size);
			blame_read(cut, size, &commits, tell, &told, &err);
			cr_expect_eq(strncmp(told.text, good[i].want, strlen(told.text) / 2), 0);
			free(cut);
			commits_free(&commits);
		}
}

/* Commits are shared by files: what one output told, another need not. */
Test(blame, several_files)
{
	static const char first[] = A " 1 1 1\nauthor Ann\nauthor-time 1\n\tx\n";
	static const char second[] = A " 5 5 1\n\ty\n";
	struct commits commits = {0};
	struct told told = {""};
	struct df_err err;
	cr_expect_eq(blame_read(first, strlen(first), &commits, tell, &told, &err), 0);
	cr_expect_eq(blame_read(second, strlen(second), &commits, tell, &told, &err), 0);
	cr_expect_str_eq(told.text, "1=0123:Ann:1 5=0123:Ann:1 ", "'%s'", told.text);
	cr_expect_eq(commits.count, 1);
	commits_free(&commits);
}

Test(blame, long_names_are_cut)
{
	char text[2000];
	struct commits commits = {0};
	struct told told = {""};
	struct df_err err;
	snprintf(text, sizeof(text), A " 1 1 1\nauthor %01000d\nauthor-time 1\n\tx\n", 0);
	cr_expect_eq(blame_read(text, strlen(text), &commits, tell, &told, &err), 0);
	cr_expect_eq(strlen(commits.list[0]->author), COMMIT_AUTHOR_MAX - 1);
	commits_free(&commits);
}
