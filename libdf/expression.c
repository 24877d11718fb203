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
#define ANCHOR_LOOPS 4

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

/* The end of the quantifier that begins at `c`: its last character. */
static const char *quantifier_end(const char *c)
{
	const char *end = c + 1;
	if (*c != '{')
		return c;
	for (; (*end >= '0' && *end <= '9') || *end == ','; end++)
		;
	return *end == '}' ? end : c;
}

/* How often what it repeats then stands there. What is above RE_DUP_MAX regcomp() refuses. */
static size_t copies(const char *c)
{
	size_t most = 0, times = 0;
	if (*c != '{')
		return *c == '+' ? 2 : 1;
	for (c++; (*c >= '0' && *c <= '9') || *c == ','; c++) {
		times = *c == ',' ? 0 : 10 * times + (size_t)(*c - '0');
		if (times > RE_DUP_MAX)
			return 1;
		most = times > most ? times : most;
	}
	return most + 1; /* of {2,}, a star */
}

/* What it makes of one part. */
static size_t repetition(const char *c)
{
	const size_t least = 4, count = *c == '{' ? copies(c) - 1 : 0;
	return count > least ? count : least;
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
			last = (last > 0 ? last : 1) * repetition(c);
			c = quantifier_end(c);
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

/* A part of an expression: its loops, whether it can be empty, and whether it holds an anchor. */
struct part {
	size_t loops;
	bool empty, anchor;
};

static void repeat(struct part *part, const char *quantifier)
{
	const size_t count = copies(quantifier), more = count > 2 ? count - 1 : 1;
	part->loops *= count;
	if (part->empty)
		part->loops += more * (part->anchor ? ANCHOR_LOOPS : 1);
	part->empty |= strchr("*?", *quantifier) != NULL ||
		       (*quantifier == '{' && strchr("0,", quantifier[1]));
}

/* Of all kinds; and back-references, which can be empty as well. */
static bool is_anchor(const char *c)
{
	return *c == '^' || *c == '$' ||
	       (*c == '\\' && c[1] != '\0' && strchr("bB<>`'123456789", c[1]));
}

/* The last character of the part at `c`, which is no parenthesis. */
static const char *part_end(const char *c)
{
	if (*c == '[')
		return bracket_end(c);
	return *c == '\\' ? c + 1 : c;
}

/* A part is whole: it stands in what is open now. */
static void add_part(struct part *open, const struct part *part)
{
	open->loops += part->loops;
	open->empty |= part->empty;
	open->anchor |= part->anchor;
}

/*
 * Repetitions of what can be repeated without a byte, as in x** and (x*|y)*. Behind an
 * anchor, the time that regcomp() takes doubles with each one, wherever they stand; and it
 * makes xx* of x+, so that they double with each plus sign behind them. Where an anchor is
 * repeated, all that can be empty next to it is gone through once for each way to it.
 * From above: all that holds a repetition, an anchor or a bar counts as if it could be empty,
 * and what closes nothing as if it closed all before it (closes_group).
 */
static size_t count_loops(const char *c)
{
	struct part open[NESTING_MAX + 1] = {{.empty = *c == ')'}}, last = {0};
	size_t depth = 0, loops = 0;
	for (; *c != '\0' && last.loops <= LOOPS_MAX; c++) {
		if (strchr("*+?{", *c)) {
			repeat(&last, c);
			open[depth].empty = true;
			c = quantifier_end(c);
			continue;
		}
		add_part(&open[depth], &last);
		last = (struct part){.empty = is_anchor(c), .anchor = is_anchor(c)};
		if (*c == '(') {
			open[++depth] = (struct part){.empty = c[1] == ')'};
		} else if (*c == ')') {
			last = open[depth];
			open[depth] = (struct part){0};
			depth -= depth > 0;
		} else {
			open[depth].empty |= *c == '|';
			c = part_end(c);
		}
		if (*c == '\0')
			break;
	}
	for (size_t i = 0; i <= depth; i++)
		loops += open[i].loops;
	return loops + last.loops;
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
