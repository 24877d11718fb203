/* SPDX-License-Identifier: Apache-2.0 */
/* script.c - operations as text. */
#include "script.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct word {
	char sign; /* 0 if there is none */
	const char *word;
	enum df_op op;
} words[] = {
	{'+', "activate", DF_ACTIVATE}, {'-', "deactivate", DF_DEACTIVATE},
	{'!', "unhook", DF_UNHOOK},	{'?', "rehook", DF_REHOOK},
	{0, "enable", DF_ENABLE},	{0, "disable", DF_DISABLE},
};

/* A piece of the text. */
struct span {
	const char *start;
	size_t size;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span s)
{
	while (s.size > 0 && is_blank(s.start[0])) {
		s.start++;
		s.size--;
	}
	while (s.size > 0 && is_blank(s.start[s.size - 1]))
		s.size--;
	return s;
}

static struct span behind(struct span s, size_t count)
{
	return trim((struct span){s.start + count, s.size - count});
}

/* Splits a line into operation and pattern. */
static bool read_line(struct span line, enum df_op *op, struct span *pattern)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct word *w = &words[i];
		const size_t length = strlen(w->word);
		size_t skip = 0;
		if (w->sign != 0 && line.start[0] == w->sign)
			skip = 1;
		else if (line.size > length && memcmp(line.start, w->word, length) == 0 &&
			 is_blank(line.start[length]))
			skip = length;
		if (skip == 0)
			continue;
		*op = w->op;
		*pattern = behind(line, skip);
		return pattern->size > 0;
	}
	return false;
}

static int at_line(size_t number, struct df_err *err)
{
	char context[40];
	snprintf(context, sizeof(context), "line %zu", number);
	return df_err_prefix(err, context);
}

static int compile(struct span pattern, struct df_pattern **compiled, struct df_err *err)
{
	char *text = strndup(pattern.start, pattern.size);
	if (!text)
		return df_fail_memory(err);
	const int status = df_pattern_compile(text, compiled, err);
	free(text);
	return status;
}

static int add_line(struct df_script *script, struct span line, size_t number, struct df_err *err)
{
	struct df_script_line made = {.number = number};
	struct span pattern;
	if (!read_line(line, &made.op, &pattern))
		return df_fail(err, DF_E_USAGE,
			       "'%.*s' is no operation: write + (activate), - (deactivate), ! "
			       "(unhook) or ? (rehook), or enable or disable, and a pattern",
			       line.size < 200 ? (int)line.size : 200, line.start);
	struct df_script_line *larger =
		realloc(script->lines, (script->count + 1) * sizeof(*larger));
	if (!larger)
		return df_fail_memory(err);
	script->lines = larger;
	const int status = compile(pattern, &made.pattern, err);
	if (status == 0)
		script->lines[script->count++] = made;
	return status;
}

static int add_lines(struct df_script *script, const char *text, const char *breaks,
		     struct df_err *err)
{
	for (size_t number = 1;; number++) {
		const size_t size = strcspn(text, breaks);
		const struct span line = trim((struct span){text, size});
		if (line.size > 0 && line.start[0] != '#' &&
		    add_line(script, line, number, err) < 0)
			return at_line(number, err);
		if (text[size] == '\0')
			return 0;
		text += size + 1;
	}
}

int df_script_parse(const char *text, const char *ends, struct df_script *script,
		    struct df_err *err)
{
	char breaks[16];
	struct df_err reason;
	*script = (struct df_script){0};
	snprintf(breaks, sizeof(breaks), "\n%s", ends);
	const int status = add_lines(script, text, breaks, &reason);
	if (status < 0) {
		df_script_free(script);
		return df_fail(err, reason.code, "%s", reason.text);
	}
	return 0;
}

int df_script_append(struct df_script *script, struct df_script *more, struct df_err *err)
{
	if (more->count == 0)
		return 0;
	const size_t count = script->count + more->count;
	struct df_script_line *larger = realloc(script->lines, count * sizeof(*larger));
	if (!larger)
		return df_fail_memory(err);
	script->lines = larger;
	for (size_t i = 0; i < more->count; i++)
		script->lines[script->count++] = more->lines[i];
	more->count = 0;
	return 0;
}

void df_script_free(struct df_script *script)
{
	for (size_t i = 0; i < script->count; i++)
		df_pattern_free(script->lines[i].pattern);
	free(script->lines);
	*script = (struct df_script){0};
}
