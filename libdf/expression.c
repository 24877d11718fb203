/* SPDX-License-Identifier: Apache-2.0 */
/* expression.c - regular expressions that match from the first character. */
#include "expression.h"

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct df_expression {
	const char *text; /* all of it */
	regex_t regex;
	bool capturing; /* it is the text alone: look where the match begins */
};

/* A back-reference counts groups, so no group may be put around it. */
static bool has_back_reference(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\\' && *++text >= '1' && *text <= '9')
			return true;
		else if (*text == '\0')
			break;
	return false;
}

static int compile_error(const char *text, const regex_t *regex, int code, struct df_err *err)
{
	char reason[128];
	regerror(code, regex, reason, sizeof(reason));
	return df_fail(err, code == REG_ESPACE ? DF_E_MEMORY : DF_E_PATTERN, "pattern '%s': %s",
		       text, reason);
}

/* Compiles the text as it was given: only so are the errors, and the parentheses, the user's own.
 */
int df_expression_check(const char *text, struct df_err *err)
{
	regex_t regex;
	const int code = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);
	if (code != 0)
		return compile_error(text, &regex, code, err);
	regfree(&regex);
	return 0;
}

/*
 * glibc takes a `)` that closes nothing as it stands, but it would close a group
 * put around it. The text behind a lone `(` compiles only if it has such a `)`.
 */
static bool closes_group(const char *opened)
{
	regex_t regex;
	if (!strchr(opened, ')') || regcomp(&regex, opened, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	regfree(&regex);
	return true;
}

/*
 * glibc's regcomp() calls itself for each part of an expression: what is larger than this
 * by far overflows the stack of a thread.
 */
#define EXPRESSION_MAX 4096
#define NESTING_MAX 100
#define PARTS_MAX 8192
#define LOOPS_MAX 12

/* The end of a bracket expression that begins at `c`; that of the text if it has none. */
static const char *bracket_end(const char *c)
{
	c += c[1] == '^' ? 2 : 1;
	if (*c == ']')
		c++;
	for (; *c != '\0' && *c != ']'; c++) {
		if (*c != '[' || c[1] == '\0' || !strchr(":.=", c[1]))
			continue;
		const char close[] = {c[1], ']', '\0'};
		const char *end = strstr(c + 2, close);
		if (!end)
			return c + strlen(c);
		c = end + 1;
	}
	return c;
}

/* What a quantifier at *c makes of one part; advances *c to its last character. */
static size_t repetition(const char **c)
{
	size_t most = 4, times = 0;
	if (**c != '{')
		return most;
	const char *end = *c + 1;
	for (; (*end >= '0' && *end <= '9') || *end == ','; end++) {
		times = *end == ',' ? 0 : 10 * times + (size_t)(*end - '0');
		if (times > RE_DUP_MAX)
			return most;
		most = times > most ? times : most;
	}
	if (*end == '}')
		*c = end;
	return most;
}

/*
 * An estimate from above of the parts that glibc's regcomp() makes of an expression with
 * at most NESTING_MAX parentheses. It copies what is repeated, and goes through
 * repetitions of repetitions again and again: thirty plus signs in a row, or thirty
 * groups in each other, take all the time and memory there are. Numbers above
 * RE_DUP_MAX are refused by regcomp() itself.
 */
static size_t count_parts(const char *c)
{
	size_t sums[NESTING_MAX + 1] = {0}, depth = 0, last = 0;
	for (; *c != '\0' && sums[depth] <= PARTS_MAX && last <= PARTS_MAX; c++) {
		if (strchr("*+?{", *c)) {
			last = (last > 0 ? last : 1) * repetition(&c);
			continue;
		}
		if (*c == ')' && depth > 0) {
			last += sums[depth--] + 1;
			continue;
		}
		sums[depth] += last;
		last = *c != '(';
		if (*c == '(')
			sums[++depth] = 0;
		else if (*c == '[')
			c = bracket_end(c);
		else if (*c == '\\')
			c++;
		if (*c == '\0')
			break;
	}
	for (; depth > 0; depth--)
		last += sums[depth];
	return sums[0] + last;
}

/*
 * Repetitions of what can be repeated without a byte, as in x** and (x*|y)*. Behind an
 * anchor, the time that regcomp() takes doubles with each one, wherever they stand.
 * From above: all that holds a repetition or a bar counts as if it could be empty.
 */
static size_t count_loops(const char *c)
{
	bool within[NESTING_MAX + 1] = {false}, empty = false;
	size_t depth = 0, loops = 0;
	for (; *c != '\0'; c++) {
		if (strchr("*+?{", *c)) {
			repetition(&c);
			loops += empty;
			empty = within[depth] = true;
			continue;
		}
		if (*c == ')' && depth > 0) {
			empty = within[depth--];
			within[depth] |= empty;
			continue;
		}
		empty = false;
		within[depth] |= *c == '|';
		if (*c == '(')
			within[++depth] = c[1] == ')';
		else if (*c == '[')
			c = bracket_end(c);
		else if (*c == '\\')
			c++;
		if (*c == '\0')
			break;
	}
	return loops;
}

int df_expression_check_size(const char *text, struct df_err *err)
{
	size_t open = 0;
	if (strlen(text) > EXPRESSION_MAX)
		return df_fail(err, DF_E_PATTERN,
			       "pattern '%.40s...': %zu bytes are too long for a regular "
			       "expression; %d are allowed",
			       text, strlen(text), EXPRESSION_MAX);
	for (const char *c = text; *c != '\0'; c++)
		open += *c == '(';
	if (open > NESTING_MAX)
		return df_fail(err, DF_E_PATTERN,
			       "pattern '%.40s...': %zu parentheses are too many; %d are allowed",
			       text, open, NESTING_MAX);
	if (count_parts(text) > PARTS_MAX)
		return df_fail(err, DF_E_PATTERN,
			       "pattern '%.40s...': its repetitions come to too many parts; %d are "
			       "allowed",
			       text, PARTS_MAX);
	if (count_loops(text) > LOOPS_MAX)
		return df_fail(err, DF_E_PATTERN,
			       "pattern '%.40s...': too many parts repeat what is repeated "
			       "already; %d are allowed",
			       text, LOOPS_MAX);
	return 0;
}

static int compile(struct df_expression *e, size_t prefix, struct df_err *err)
{
	const char *rest = e->text + prefix;
	const size_t size = strlen(rest) + sizeof("^()");
	char *anchored = malloc(size);
	if (!anchored)
		return df_fail_memory(err);
	snprintf(anchored, size, "(%s", rest);
	e->capturing = has_back_reference(rest) || closes_group(anchored);
	snprintf(anchored, size, e->capturing ? "%s" : "^(%s)", rest);
	const int code =
		regcomp(&e->regex, anchored, REG_EXTENDED | (e->capturing ? 0 : REG_NOSUB));
	free(anchored);
	return code == 0 ? 0 : compile_error(e->text, &e->regex, code, err);
}

int df_expression_new(const char *text, size_t prefix, struct df_expression **expression,
		      struct df_err *err)
{
	struct df_expression *e = calloc(1, sizeof(*e));
	if (!e)
		return df_fail_memory(err);
	e->text = text;
	const int status = compile(e, prefix, err);
	if (status < 0)
		free(e);
	else
		*expression = e;
	return status;
}

int df_expression_match(const struct df_expression *e, const char *text, struct df_err *err)
{
	regmatch_t match;
	const int code = regexec(&e->regex, text, e->capturing ? 1 : 0, &match, 0);
	if (code == REG_NOMATCH)
		return 0;
	if (code != 0) {
		char reason[128];
		regerror(code, &e->regex, reason, sizeof(reason));
		return df_fail(err, DF_E_MATCH_FAILED, "pattern '%s': matching failed: %s", e->text,
			       reason);
	}
	/* The leftmost match is reported: if one begins at the start, it is this one. */
	return !e->capturing || match.rm_so == 0;
}

void df_expression_free(struct df_expression *e)
{
	if (e)
		regfree(&e->regex);
	free(e);
}
