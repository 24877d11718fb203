/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - which sites a pattern means. */
#include "match.h"

#include <inttypes.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a pattern of words turned out to equal; the widest wins, so that `http:` stays a kind. */
enum meaning { MEANS_REGEX, MEANS_FULL_NAME, MEANS_FLAG, MEANS_KIND };

struct df_pattern {
	char *text;
	enum meaning meaning;
	size_t prefix;	/* bytes of `text` that any match begins with, as they stand */
	bool literal;	/* nothing but the prefix */
	bool compiled;	/* `regex` holds what follows the prefix */
	bool capturing; /* `regex` is the text alone: look where the match begins */
	regex_t regex;
	struct df_err *broken; /* held back by df_pattern_words() */
};

#define LINE_TEXT 16 /* a colon and a 32-bit number */

static size_t line_text(const struct df_site *site, char *buffer)
{
	return (size_t)snprintf(buffer, LINE_TEXT, ":%" PRIu32, site->line);
}

size_t df_full_name_length(const struct df_site *site)
{
	char line[LINE_TEXT];
	return strlen(site->kind) + 1 + strlen(site->name) + 1 + strlen(site->file) +
	       line_text(site, line);
}

size_t df_full_name(const struct df_site *site, char *buffer, size_t size)
{
	const int length = snprintf(buffer, size, "%s:%s@%s:%" PRIu32, site->kind, site->name,
				    site->file, site->line);
	return length < 0 ? 0 : (size_t)length;
}

/* If one of the two texts begins with the other, advances *rest by `part` or to its end. */
static bool eat(const char **rest, size_t *left, const char *part)
{
	while (*left > 0 && *part != '\0') {
		if (**rest != *part)
			return false;
		(*rest)++;
		(*left)--;
		part++;
	}
	return true;
}

/* How far the words `kind:`, `kind:name` or the full name reach in the pattern's text. */
static enum meaning words_equal(const char *text, const struct df_site *site)
{
	size_t left = strlen(text);
	if (left == 0)
		return MEANS_REGEX;
	char line[LINE_TEXT];
	line_text(site, line);
	const size_t kind = strlen(site->kind);
	if (left < kind + 1 || memcmp(text, site->kind, kind) != 0 || text[kind] != ':')
		return MEANS_REGEX;
	if (left == kind + 1)
		return MEANS_KIND;
	const char *rest = text + kind + 1;
	if (strcmp(rest, site->name) == 0)
		return MEANS_FLAG;
	const size_t name = strlen(site->name), file = strlen(site->file);
	left -= kind + 1;
	if (left == name + 1 + file + strlen(line) && memcmp(rest, site->name, name) == 0 &&
	    rest[name] == '@' && memcmp(rest + name + 1, site->file, file) == 0 &&
	    strcmp(rest + name + 1 + file, line) == 0)
		return MEANS_FULL_NAME;
	return MEANS_REGEX;
}

/* Whether the full name begins with the first `length` bytes of `prefix`; builds nothing. */
static bool begins_with(const struct df_site *site, const char *prefix, size_t length)
{
	char line[LINE_TEXT];
	const char *parts[] = {site->kind, ":", site->name, "@", site->file, line};
	line_text(site, line);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!eat(&prefix, &length, parts[i]))
			return false;
	return length == 0;
}

/* Whether the text has an assertion of GNU's that looks at what stands before it. */
static bool looks_back(const char *text)
{
	for (; (text = strchr(text, '\\')) && text[1] != '\0'; text += 2)
		if (strchr("<>bB`", text[1]))
			return true;
	return false;
}

/*
 * Bytes at the start of an extended regular expression that stand for themselves
 * in every match. None if there may be an alternative, an inner anchor or an
 * assertion, which what follows the prefix must not meet at its own start; and not
 * the character that a quantifier repeats (all of it, if it has several bytes).
 */
static size_t literal_prefix(const char *text)
{
	if (strpbrk(text, "|^") || looks_back(text))
		return 0;
	size_t length = strcspn(text, ".[]()*+?{}\\$");
	if (text[length] != '\0' && strchr("*+?{", text[length]))
		while (length > 0 && ((unsigned char)text[--length] & 0xc0) == 0x80)
			;
	return length;
}

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

static int compile_error(const struct df_pattern *p, const regex_t *regex, int code,
			 struct df_err *err)
{
	char reason[128];
	regerror(code, regex, reason, sizeof(reason));
	return df_fail(err, code == REG_ESPACE ? DF_E_MEMORY : DF_E_PATTERN, "pattern '%s': %s",
		       p->text, reason);
}

/* Compiles the text as it was given: only so are the errors, and the parentheses, the user's own.
 */
static int check_syntax(const struct df_pattern *p, struct df_err *err)
{
	regex_t regex;
	const int code = regcomp(&regex, p->text, REG_EXTENDED | REG_NOSUB);
	if (code != 0)
		return compile_error(p, &regex, code, err);
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

static int check_size(const struct df_pattern *p, struct df_err *err)
{
	size_t open = 0;
	if (strlen(p->text) > EXPRESSION_MAX)
		return df_fail(err, DF_E_PATTERN,
			       "pattern '%.40s...': %zu bytes are too long for a regular "
			       "expression; %d are allowed",
			       p->text, strlen(p->text), EXPRESSION_MAX);
	for (const char *c = p->text; *c != '\0'; c++)
		open += *c == '(';
	if (open > NESTING_MAX)
		return df_fail(err, DF_E_PATTERN,
			       "pattern '%.40s...': %zu parentheses are too many; %d are allowed",
			       p->text, open, NESTING_MAX);
	if (count_parts(p->text) > PARTS_MAX)
		return df_fail(err, DF_E_PATTERN,
			       "pattern '%.40s...': its repetitions come to too many parts; %d are "
			       "allowed",
			       p->text, PARTS_MAX);
	return 0;
}

static int compile_rest(struct df_pattern *p, struct df_err *err)
{
	const char *rest = p->text + p->prefix;
	const size_t size = strlen(rest) + sizeof("^()");
	char *anchored = malloc(size);
	if (!anchored)
		return df_fail_memory(err);
	snprintf(anchored, size, "(%s", rest);
	p->capturing = has_back_reference(rest) || closes_group(anchored);
	snprintf(anchored, size, p->capturing ? "%s" : "^(%s)", rest);
	const int code =
		regcomp(&p->regex, anchored, REG_EXTENDED | (p->capturing ? 0 : REG_NOSUB));
	free(anchored);
	if (code != 0)
		return compile_error(p, &p->regex, code, err);
	p->compiled = true;
	return 0;
}

static int compile(struct df_pattern *p, struct df_err *err)
{
	p->prefix = literal_prefix(p->text);
	const char *rest = p->text + p->prefix;
	/* `.*` behind the prefix matches whatever follows, as nothing does. */
	p->literal = *rest == '\0' || strcmp(rest, ".*") == 0;
	if (p->literal)
		return 0; /* nothing in it that could be wrong */
	int status = check_size(p, err);
	if (status == 0)
		status = check_syntax(p, err);
	return status < 0 ? status : compile_rest(p, err);
}

int df_pattern_compile(const char *text, struct df_pattern **pattern, struct df_err *err)
{
	struct df_pattern *p = calloc(1, sizeof(*p));
	if (!p || !(p->text = strdup(text))) {
		free(p);
		return df_fail_memory(err);
	}
	const int status = compile(p, err);
	if (status < 0) {
		df_pattern_free(p);
		return status;
	}
	*pattern = p;
	return 0;
}

int df_pattern_words(const char *text, struct df_pattern **pattern, struct df_err *err)
{
	struct df_err reason;
	int status = df_pattern_compile(text, pattern, &reason);
	if (status != -(int)DF_E_PATTERN) {
		if (status < 0 && err)
			*err = reason;
		return status;
	}
	struct df_pattern *p = calloc(1, sizeof(*p));
	if (!p || !(p->text = strdup(text)) || !(p->broken = malloc(sizeof(reason)))) {
		df_pattern_free(p);
		return df_fail_memory(err);
	}
	*p->broken = reason;
	*pattern = p;
	return 0;
}

void df_pattern_learn(struct df_pattern *pattern, const struct df_site *sites, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const enum meaning meaning = words_equal(pattern->text, &sites[i]);
		if (meaning > pattern->meaning)
			pattern->meaning = meaning;
	}
}

int df_pattern_check(const struct df_pattern *pattern, struct df_err *err)
{
	if (pattern->meaning != MEANS_REGEX || !pattern->broken)
		return 0;
	return df_fail(err, pattern->broken->code, "%s", pattern->broken->text);
}

const char *df_pattern_text(const struct df_pattern *pattern)
{
	return pattern->text;
}

const char *df_pattern_prefix(const struct df_pattern *pattern, size_t *length)
{
	*length = pattern->prefix;
	return pattern->text;
}

bool df_pattern_is_all(const struct df_pattern *pattern)
{
	return pattern->meaning == MEANS_REGEX && pattern->literal && pattern->prefix == 0;
}

static int match_regex(const struct df_pattern *p, const char *text, struct df_err *err)
{
	regmatch_t match;
	const int code = regexec(&p->regex, text, p->capturing ? 1 : 0, &match, 0);
	if (code == REG_NOMATCH)
		return 0;
	if (code != 0) {
		char reason[128];
		regerror(code, &p->regex, reason, sizeof(reason));
		return df_fail(err, DF_E_MATCH_FAILED, "pattern '%s': matching failed: %s", p->text,
			       reason);
	}
	/* The leftmost match is reported: if one begins at the start, it is this one. */
	return !p->capturing || match.rm_so == 0;
}

static int match_rest(const struct df_pattern *p, const struct df_site *site, struct df_err *err)
{
	char small[512];
	const size_t size = df_full_name_length(site) + 1;
	char *name = size <= sizeof(small) ? small : malloc(size);
	if (!name)
		return df_fail_memory(err);
	df_full_name(site, name, size);
	const int status = match_regex(p, name + p->prefix, err);
	if (name != small)
		free(name);
	return status;
}

int df_pattern_match(const struct df_pattern *pattern, const struct df_site *site,
		     struct df_err *err)
{
	if (pattern->meaning != MEANS_REGEX)
		return words_equal(pattern->text, site) == pattern->meaning;
	if (pattern->broken)
		return df_pattern_check(pattern, err);
	if (!begins_with(site, pattern->text, pattern->prefix))
		return 0;
	return pattern->literal ? 1 : match_rest(pattern, site, err);
}

void df_pattern_free(struct df_pattern *pattern)
{
	if (!pattern)
		return;
	if (pattern->compiled)
		regfree(&pattern->regex);
	free(pattern->broken);
	free(pattern->text);
	free(pattern);
}
