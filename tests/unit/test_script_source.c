/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/script_source.c. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "script_source.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

/* The name of a file that holds `size` bytes of `text`. */
static const char *file_of(const char *text, size_t size)
{
	static char names[8][32];
	static unsigned next;
	char *name = names[next++ % COUNT(names)];
	const int fd = memfd_create("script", 0);
	cr_assert(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	snprintf(name, sizeof(names[0]), "/proc/self/fd/%d", fd);
	return name;
}

static const char *file(const char *text)
{
	return file_of(text, strlen(text));
}

static void standard_input_is(const char *text)
{
	int ends[2];
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
	close(ends[1]);
	cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
}

Test(script_source, all_in_the_order_given)
{
	const struct script_source sources[] = {{"+a", false},
						{file("# from a file\n-b\nenable c\n"), true},
						{"!d", false},
						{"-", true}};
	static const struct {
		size_t script, line;
		enum df_op op;
		const char *pattern;
		size_t number;
	} wanted[] = {{0, 0, DF_ACTIVATE, "a", 1},
		      {1, 0, DF_DEACTIVATE, "b", 2},
		      {1, 1, DF_ENABLE, "c", 3},
		      {2, 0, DF_UNHOOK, "d", 1},
		      {3, 0, DF_REHOOK, "e", 1}};
	struct scripts scripts;
	struct df_err err = {0};
	standard_input_is("?e");
	cr_assert_eq(scripts_read(sources, COUNT(sources), &scripts, &err), 0, "%s", err.text);
	cr_assert_eq(scripts.count, COUNT(sources));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		cr_assert_lt(wanted[i].line, scripts.list[wanted[i].script].count);
		const struct df_script_line *line =
			&scripts.list[wanted[i].script].lines[wanted[i].line];
		cr_expect_eq(line->op, wanted[i].op, "%zu", i);
		cr_expect_str_eq(df_pattern_text(line->pattern), wanted[i].pattern);
		cr_expect_eq(line->number, wanted[i].number, "%zu", i);
	}
	scripts_free(&scripts);
	cr_expect_null(scripts.list);
}

Test(script_source, nothing_at_all)
{
	struct scripts scripts;
	struct df_err err = {0};
	cr_expect_eq(scripts_read(NULL, 0, &scripts, &err), 0);
	cr_expect_eq(scripts.count, 0);
	scripts_free(&scripts);
}

static void expect_bad(const struct script_source *sources, size_t count, enum df_errc code,
		       const char *says)
{
	struct scripts scripts;
	struct df_err err = {0};
	cr_expect_eq(scripts_read(sources, count, &scripts, &err), -(int)code, "%s: %s", says,
		     err.text);
	cr_expect(strstr(err.text, says), "'%s' is not in: %s", says, err.text);
	scripts_free(&scripts);
}

#define EXPECT_BAD(CODE, SAYS, ...)                                                                \
	do {                                                                                       \
		const struct script_source sources[] = {__VA_ARGS__};                              \
		expect_bad(sources, COUNT(sources), (CODE), (SAYS));                               \
	} while (0)

Test(script_source, errors_name_source_and_line)
{
	char says[128];
	const char *name = file("+a\n\nb\n");
	snprintf(says, sizeof(says), "%s: line 3: 'b' is no operation", name);
	EXPECT_BAD(DF_E_USAGE, says, {"+a", false}, {name, true});
	name = file("+a\n-(\n");
	snprintf(says, sizeof(says), "%s: line 2: pattern '('", name);
	EXPECT_BAD(DF_E_PATTERN, says, {name, true});
	name = file("+a");
	EXPECT_BAD(DF_E_USAGE, "-e number 2: line 1: 'no' is no operation", {"+a", false},
		   {name, true}, {"no", false});
	EXPECT_BAD(DF_E_USAGE, "-e number 1: line 2: 'no'", {"+a\nno", false});
	standard_input_is("+a\n+b\nno\n");
	EXPECT_BAD(DF_E_USAGE, "standard input: line 3: 'no'", {"-", true});
	EXPECT_BAD(DF_E_USAGE, "-s - is given 2 times", {"-", true}, {"-", true});
}

Test(script_source, what_is_no_script)
{
	static char longest[SCRIPT_SIZE_MAX + 1];
	struct scripts scripts;
	struct df_err err = {0};
	memset(longest, '\n', sizeof(longest));
	EXPECT_BAD(DF_E_USAGE, "/nowhere: cannot be opened: No such file", {"/nowhere", true});
	EXPECT_BAD(DF_E_USAGE, "/: cannot be read: Is a directory", {"/", true});
	EXPECT_BAD(DF_E_USAGE, "holds a zero byte", {file_of("+a\n\0", 4), true});
	EXPECT_BAD(DF_E_USAGE, "is longer than 1 MiB", {file_of(longest, sizeof(longest)), true});
	const struct script_source fits = {file_of(longest, sizeof(longest) - 1), true};
	cr_expect_eq(scripts_read(&fits, 1, &scripts, &err), 0, "%s", err.text);
	scripts_free(&scripts);
}

Test(script_source, a_line_found_wrong_later)
{
	const struct script_source sources[] = {{"+a", false}, {file("\n+b\n"), true}};
	struct scripts scripts;
	struct df_err err = {0};
	char says[128];
	cr_assert_eq(scripts_read(sources, COUNT(sources), &scripts, &err), 0, "%s", err.text);
	df_fail(&err, DF_E_NO_MATCH, "no flag");
	cr_expect_eq(scripts_at_line(&scripts, 1, scripts.list[1].lines[0].number, &err),
		     -(int)DF_E_NO_MATCH);
	snprintf(says, sizeof(says), "%s: line 2: no flag", sources[1].text);
	cr_expect_str_eq(err.text, says);
	scripts_free(&scripts);
}
