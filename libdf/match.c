/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - which sites a pattern means. */
#include "match.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expression.h"

/* What a pattern of words turned out to equal; the widest wins, so that `http:` stays a kind. */
enum meaning { MEANS_REGEX, MEANS_FULL_NAME, MEANS_FLAG, MEANS_KIND };

enum answer { NO, YES, UNSURE };

struct df_pattern {
	char *text;
	enum meaning meaning;
	size_t prefix; /* bytes of `text` that any match begins with, as they stand */
	size_t plain;  /* bytes of `text` that begins_with() decides about */
	bool literal;  /* these are all of it, so that there is nothing else to match */
	bool bytes;    /* a character is a byte, in the locale of the compilation */
	struct df_expression *expression; /* what follows the prefix; NULL until it is needed */
	struct df_err *broken;		  /* held back by df_pattern_words() */
};

#define LINE_TEXT 16 /* a colon and a 32-bit number */

/* Not by snprintf(3), which takes as long as all the rest of a match. */
static size_t line_text(const struct df_site *site, char *buffer)
{
	char digits[LINE_TEXT];
	size_t count = 0, length = 0;
	for (uint32_t rest = site->line; rest > 0 || count == 0; rest /= 10)
		digits[count++] = (char)('0' + rest % 10);
	buffer[length++] = ':';
	while (count > 0)
		buffer[length++] = digits[--count];
	buffer[length] = '\0';
	return length;
}

size_t df_full_name_length(const struct df_site *site)
{
	char line[LINE_TEXT];
	return strlen(site->kind) + 1 + strlen(site->name) + 1 + strlen(site->file) +
	       line_text(site, line);
}

size_t df_full_name(const struct df_site *site, char *buffer, size_t size)
{
	char line[LINE_TEXT];
	const char *parts[] = {site->kind, ":", site->name, "@", site->file, line};
	size_t length = 0;
	line_text(site, line);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const char *c = parts[i]; *c != '\0'; c++, length++)
			if (length < size)
				buffer[length] = *c;
	buffer[length < size ? length : size - 1] = '\0';
	return length;
}

static bool skip(const char **text, const char *part)
{
	const size_t length = strlen(part);
	const bool same = strncmp(*text, part, length) == 0;
	*text += same ? length : 0;
	return same;
}

/* How far the words `kind:`, `kind:name` or the full name reach in the pattern's text. */
static enum meaning words_equal(const char *text, const struct df_site *site)
{
	char line[LINE_TEXT];
	line_text(site, line);
	if (!skip(&text, site->kind) || !skip(&text, ":"))
		return MEANS_REGEX;
	if (*text == '\0')
		return MEANS_KIND;
	if (strcmp(text, site->name) == 0)
		return MEANS_FLAG;
	const bool whole = skip(&text, site->name) && skip(&text, "@") && skip(&text, site->file) &&
			   strcmp(text, line) == 0;
	return whole ? MEANS_FULL_NAME : MEANS_REGEX;
}

/*
 * If a text of dots, escaped characters and such that stand for themselves, and `part`, begin
 * alike up to the end of one of the two, advances *text by `part` or to `end`. In a locale of
 * characters of several bytes, a dot before one of them is a matter for regexec(3).
 */
static enum answer eat(const char **text, const char *end, const char *part, bool bytes)
{
	for (; *text < end && *part != '\0'; ++*text, part++) {
		if (**text == '.') {
			if (!bytes && (unsigned char)*part >= 0x80)
				return UNSURE;
			continue;
		}
		*text += **text == '\\';
		if (**text != *part)
			return NO;
	}
	return YES;
}

/* Whether the full name begins as the plain bytes of the text say; builds nothing. */
static enum answer begins_with(const struct df_pattern *p, const struct df_site *site)
{
	char line[LINE_TEXT];
	const char *parts[] = {site->kind, ":", site->name, "@", site->file, line};
	const char *text = p->text, *end = text + p->plain;
	line_text(site, line);
	for (size_t i = 0; text < end && i < sizeof(parts) / sizeof(parts[0]); i++) {
		const enum answer answer = eat(&text, end, parts[i], p->bytes);
		if (answer != YES)
			return answer;
	}
	return text == end ? YES : NO;
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

/*
 * How many bytes at the start of an expression eat() understands: characters that stand for
 * themselves, as they are or escaped, and dots; but not a final `.*`.
 */
static size_t plain_length(const char *text)
{
	static const char special[] = "[]()*+?{}\\$|^.";
	size_t length = 0;
	while (text[length] != '\0' && strcmp(text + length, ".*") != 0) {
		const char *c = text + length;
		const bool escaped = c[0] == '\\' && c[1] != '\0' && strchr(special, c[1]);
		if ((unsigned char)c[0] >= 0x80 ||
		    (!escaped && c[0] != '.' && strchr(special, c[0])))
			break;
		length += escaped ? 2 : 1;
	}
	return length;
}

/* Sets *expression; several threads may come here at a time. */
static int need_expression(struct df_pattern *p, struct df_expression **expression,
			   struct df_err *err)
{
	struct df_expression *made;
	*expression = __atomic_load_n(&p->expression, __ATOMIC_ACQUIRE);
	if (*expression)
		return 0;
	const int status = df_expression_new(p->text, p->prefix, &made, err);
	if (status < 0)
		return status;
	const bool first = __atomic_compare_exchange_n(&p->expression, expression, made, false,
						       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	if (first)
		*expression = made;
	else
		df_expression_free(made);
	return 0;
}

/* Whether nothing is left behind these bytes but what matches whatever follows. */
static bool is_whole(const char *rest)
{
	return *rest == '\0' || strcmp(rest, ".*") == 0;
}

static int compile(struct df_pattern *p, struct df_err *err)
{
	struct df_expression *expression;
	p->prefix = literal_prefix(p->text);
	p->plain = is_whole(p->text + p->prefix) ? p->prefix : plain_length(p->text);
	p->literal = is_whole(p->text + p->plain);
	p->bytes = MB_CUR_MAX == 1;
	if (p->literal && p->plain == p->prefix)
		return 0; /* nothing in it that could be wrong */
	int status = df_expression_check_size(p->text, err);
	if (status < 0 || p->literal)
		return status;
	p->plain = p->prefix;
	status = df_expression_check(p->text, err);
	return status < 0 ? status : need_expression(p, &expression, err);
}

static struct df_pattern *new_pattern(const char *text)
{
	struct df_pattern *p = calloc(1, sizeof(*p));
	if (p && !(p->text = strdup(text))) {
		free(p);
		return NULL;
	}
	return p;
}

int df_pattern_compile(const char *text, struct df_pattern **pattern, struct df_err *err)
{
	struct df_pattern *p = new_pattern(text);
	if (!p)
		return df_fail_memory(err);
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
	struct df_pattern *p = new_pattern(text);
	if (!p || !(p->broken = malloc(sizeof(reason)))) {
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
	return pattern->meaning == MEANS_REGEX && pattern->literal && pattern->plain == 0;
}

static int match_rest(const struct df_pattern *p, const struct df_site *site, struct df_err *err)
{
	char small[512];
	struct df_expression *expression;
	/* What is added to a pattern is no part of what it means. */
	const int status = need_expression((struct df_pattern *)(uintptr_t)p, &expression, err);
	if (status < 0)
		return status;
	const size_t size = df_full_name_length(site) + 1;
	char *name = size <= sizeof(small) ? small : malloc(size);
	if (!name)
		return df_fail_memory(err);
	df_full_name(site, name, size);
	const int answer = df_expression_match(expression, name + p->prefix, err);
	if (name != small)
		free(name);
	return answer;
}

int df_pattern_match(const struct df_pattern *pattern, const struct df_site *site,
		     struct df_err *err)
{
	if (pattern->meaning != MEANS_REGEX)
		return words_equal(pattern->text, site) == pattern->meaning;
	if (pattern->broken)
		return df_pattern_check(pattern, err);
	const enum answer begins = begins_with(pattern, site);
	if (begins == NO)
		return 0;
	return begins == YES && pattern->literal ? 1 : match_rest(pattern, site, err);
}

void df_pattern_free(struct df_pattern *pattern)
{
	if (!pattern)
		return;
	df_expression_free(pattern->expression);
	free(pattern->broken);
	free(pattern->text);
	free(pattern);
}
