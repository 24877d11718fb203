/* SPDX-License-Identifier: Apache-2.0 */
/* source_text.c - C and C++ source as tokens. */
#include "source_text.h"

#include <stdlib.h>
#include <string.h>

struct source source_begin(const char *text, uint32_t size)
{
	return (struct source){.text = text, .size = size, .line = 1, .line_start = true};
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r';
}

/* ---- what lies between tokens ---- */

/* The bytes of a backslash with a newline here; 0 if there is none. */
static uint32_t splice(const char *text, uint32_t at, uint32_t end)
{
	if (at + 1 >= end || text[at] != '\\')
		return 0;
	if (text[at + 1] == '\n')
		return 2;
	return at + 2 < end && text[at + 1] == '\r' && text[at + 2] == '\n' ? 3 : 0;
}

/* The bytes of a comment here, without the newline behind one of //; 0 if there is none. */
static uint32_t comment(const char *text, uint32_t at, uint32_t end)
{
	uint32_t to = at + 2;
	if (to > end || text[at] != '/' || (text[at + 1] != '/' && text[at + 1] != '*'))
		return 0;
	if (text[at + 1] == '*') {
		while (to < end && !(text[to] == '*' && to + 1 < end && text[to + 1] == '/'))
			to++;
		return (to + 2 < end ? to + 2 : end) - at;
	}
	while (to < end && text[to] != '\n') {
		const uint32_t spliced = splice(text, to, end);
		to += spliced ? spliced : 1;
	}
	return to - at;
}

static void pass(struct source *source, uint32_t bytes)
{
	for (const uint32_t end = source->at + bytes; source->at < end; source->at++)
		source->line += source->text[source->at] == '\n';
}

/* Stops at a newline that ends a directive. */
static void skip_between(struct source *source)
{
	while (source->at < source->size) {
		uint32_t bytes = splice(source->text, source->at, source->size);
		if (bytes == 0)
			bytes = comment(source->text, source->at, source->size);
		if (bytes == 0 && is_blank(source->text[source->at])) {
			if (source->text[source->at] == '\n') {
				if (source->directive)
					return;
				source->line_start = true;
			}
			bytes = 1;
		}
		if (bytes == 0)
			return;
		pass(source, bytes);
	}
}

/* ---- tokens ---- */

/* A literal in quotes; it ends with its line at the latest. */
static void skip_literal(struct source *source, char quote)
{
	source->at++;
	while (source->at < source->size) {
		const char c = source->text[source->at];
		const uint32_t spliced = splice(source->text, source->at, source->size);
		if (c == '\n')
			return;
		if (spliced)
			pass(source, spliced);
		else
			source->at += c == '\\' && source->at + 1 < source->size &&
						      source->text[source->at + 1] != '\n'
					      ? 2
					      : 1;
		if (c == quote)
			return;
	}
}

/* R"x( ... )x", of which we stand at the quote; false if it is none. */
static bool skip_raw(struct source *source)
{
	const char *text = source->text + source->at + 1;
	const uint32_t left = source->size - source->at - 1;
	uint32_t length = 0;
	while (length < left && length <= 16 && text[length] != '(' && !is_blank(text[length]))
		length++;
	if (length >= left || length > 16 || text[length] != '(')
		return false;
	for (uint32_t at = length + 1; at + length + 2 <= left; at++) {
		if (text[at] != ')' || text[at + 1 + length] != '"' ||
		    memcmp(text + at + 1, text, length) != 0)
			continue;
		pass(source, at + length + 3);
		return true;
	}
	pass(source, source->size - source->at); /* without an end it takes all */
	return true;
}

static bool is_raw_prefix(const char *text, struct source_range word)
{
	return word.end > word.begin && word.end - word.begin <= 3 && text[word.end - 1] == 'R';
}

/* A number may hold ' between its digits, and then letters and points. */
static void skip_number(struct source *source)
{
	const char *text = source->text;
	while (source->at < source->size &&
	       (is_word(text[source->at]) || text[source->at] == '.' ||
		(text[source->at] == '\'' && source->at + 1 < source->size &&
		 is_word(text[source->at + 1]))))
		source->at++;
}

static void skip_word(struct source *source)
{
	while (source->at < source->size && is_word(source->text[source->at]))
		source->at++;
}

static void take_word(struct source *source, struct source_token *token)
{
	token->kind = SOURCE_WORD;
	if (is_digit(source->text[source->at]))
		skip_number(source);
	else
		skip_word(source);
	token->range.end = source->at;
	if (source->at < source->size && source->text[source->at] == '"' &&
	    is_raw_prefix(source->text, token->range) && skip_raw(source))
		token->kind = SOURCE_OTHER;
}

/* The word behind #, and the one behind "define". */
static void take_directive(struct source *source, struct source_token *token)
{
	static const char define[] = "define";
	token->kind = SOURCE_DIRECTIVE;
	source->directive = true;
	source->at++;
	skip_between(source);
	const uint32_t word = source->at;
	skip_word(source);
	const bool defines = source->at - word == strlen(define) &&
			     memcmp(source->text + word, define, strlen(define)) == 0;
	token->range = (struct source_range){source->at, source->at};
	if (!defines)
		return;
	skip_between(source);
	token->range.begin = source->at;
	skip_word(source);
	token->range.end = source->at;
}

/* Of a block within a call, "})", there is more to come. */
static bool ends_function(const struct source *source)
{
	const bool first = source->at == 0 || source->text[source->at - 1] == '\n';
	return first && (source->at + 1 == source->size || source->text[source->at + 1] != ')');
}

static enum source_kind kind_of(const struct source *source)
{
	switch (source->text[source->at]) {
	case '(':
		return SOURCE_OPEN;
	case ')':
		return SOURCE_CLOSE;
	case ',':
		return SOURCE_COMMA;
	case '}':
		return ends_function(source) ? SOURCE_FUNCTION_END : SOURCE_OTHER;
	default:
		return SOURCE_OTHER;
	}
}

struct source_token source_next(struct source *source)
{
	skip_between(source);
	struct source_token token = {
		.kind = SOURCE_END, .range = {source->at, source->at}, .line = source->line};
	const bool line_start = source->line_start;
	source->line_start = false;
	if (source->at >= source->size) {
		token.kind = source->directive ? SOURCE_DIRECTIVE_END : SOURCE_END;
		source->directive = false;
		return token;
	}
	const char c = source->text[source->at];
	if (c == '\n') {
		token.kind = SOURCE_DIRECTIVE_END;
		source->directive = false;
	} else if (is_word(c)) {
		take_word(source, &token);
	} else if (c == '"' || c == '\'') {
		token.kind = SOURCE_OTHER;
		skip_literal(source, c);
	} else if (c == '#' && line_start && !source->directive) {
		take_directive(source, &token);
	} else {
		token.kind = kind_of(source);
		token.range.end = ++source->at;
	}
	return token;
}

/* ---- arguments ---- */

/*
 * The next character as the preprocessor's # shows it: one space for all that lies
 * between tokens. 0 at the end.
 */
static char next_shown(const char *text, uint32_t *at, uint32_t end)
{
	bool space = false;
	while (*at < end) {
		uint32_t bytes = splice(text, *at, end);
		if (bytes == 0) {
			bytes = comment(text, *at, end);
			if (bytes == 0 && is_blank(text[*at]))
				bytes = 1;
			if (bytes == 0)
				break;
			space = true;
		}
		*at += bytes;
	}
	if (space)
		return ' ';
	return *at < end ? text[(*at)++] : '\0';
}

struct source_range source_trim(const char *text, struct source_range range)
{
	for (;;) {
		uint32_t bytes = splice(text, range.begin, range.end);
		if (bytes == 0)
			bytes = comment(text, range.begin, range.end);
		if (bytes == 0 && range.begin < range.end && is_blank(text[range.begin]))
			bytes = 1;
		if (bytes == 0)
			break;
		range.begin += bytes;
	}
	while (range.begin < range.end && is_blank(text[range.end - 1]))
		range.end--;
	return range;
}

/* FNV-1a, 64 bits. */
#define HASH_BASIS UINT64_C(0xcbf29ce484222325)

static uint64_t hash_more(uint64_t hash, char c)
{
	return (hash ^ (unsigned char)c) * UINT64_C(0x100000001b3);
}

uint64_t source_hash(const char *text, struct source_range range)
{
	uint64_t hash = HASH_BASIS;
	for (char c; (c = next_shown(text, &range.begin, range.end)) != '\0';)
		if (c != ' ')
			hash = hash_more(hash, c);
	return hash;
}

uint64_t source_hash_text(const char *text)
{
	uint64_t hash = HASH_BASIS;
	for (; *text != '\0'; text++)
		if (*text != ' ')
			hash = hash_more(hash, *text);
	return hash;
}

bool source_equal(const char *text, struct source_range range, const char *with)
{
	for (;;) {
		const char c = next_shown(text, &range.begin, range.end);
		if (c == ' ' && *with == '\0')
			continue; /* a comment at the end */
		if (c != *with)
			return false;
		if (c == '\0')
			return true;
		with++;
	}
}

/* ---- lines ---- */

bool source_next_word(const char *text, uint32_t *at, uint32_t end, struct source_range *word)
{
	while (*at < end && !is_word(text[*at]))
		++*at;
	word->begin = *at;
	while (*at < end && is_word(text[*at]))
		++*at;
	word->end = *at;
	return word->begin < word->end;
}

bool source_looks_like_macro(const char *text, struct source_range word)
{
	int capitals = 0;
	for (uint32_t i = word.begin; i < word.end; i++) {
		if (text[i] >= 'a' && text[i] <= 'z')
			return false;
		capitals += text[i] >= 'A' && text[i] <= 'Z';
	}
	return capitals >= 2;
}

uint32_t *source_lines(const char *text, size_t size, uint32_t *count)
{
	size_t lines = 1;
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n' && i + 1 < size;
	uint32_t *starts = malloc(lines * sizeof(*starts));
	if (!starts)
		return NULL;
	*count = 0;
	starts[(*count)++] = 0;
	for (size_t i = 0; i + 1 < size; i++)
		if (text[i] == '\n')
			starts[(*count)++] = (uint32_t)(i + 1);
	return starts;
}
