/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_text.h - C and C++ source as tokens, as far as it takes to see calls and their
 * arguments: without a preprocessor, and of any bytes.
 */
#ifndef DFPATCH_SOURCE_TEXT_H
#define DFPATCH_SOURCE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of a text, by offsets. */
struct source_range {
	uint32_t begin, end;
};

enum source_kind {
	SOURCE_WORD,  /* an identifier, or a number */
	SOURCE_OPEN,  /* ( */
	SOURCE_CLOSE, /* ) */
	SOURCE_COMMA,
	SOURCE_OTHER,	  /* any other character, or a literal */
	SOURCE_DIRECTIVE, /* # of the preprocessor, and its word; range: what #define defines */
	SOURCE_DIRECTIVE_END,
	SOURCE_FUNCTION_END, /* } in the first column */
	SOURCE_END,
};

struct source_token {
	enum source_kind kind;
	struct source_range range;
	uint32_t line; /* from 1 */
};

struct source {
	const char *text;
	uint32_t size;
	uint32_t at;	 /* behind the last token */
	uint32_t line;	 /* there */
	bool line_start; /* nothing but blanks so far in this line */
	bool directive;
};

struct source source_begin(const char *text, uint32_t size);

/* Comments and blanks are between tokens. */
struct source_token source_next(struct source *source);

/* An argument longer than this is no name. */
#define SOURCE_ARGUMENT_MAX 512

/*
 * An argument, and a text, as the preprocessor's # makes strings: each run of blanks and
 * comments counts as one space, a backslash with a newline as nothing.
 */
struct source_range source_trim(const char *text, struct source_range range);
uint64_t source_hash(const char *text, struct source_range range);
uint64_t source_hash_text(const char *text);
bool source_equal(const char *text, struct source_range range, const char *with);

/* The next word at or behind *at and before `end`; *at then stands behind it. */
bool source_next_word(const char *text, uint32_t *at, uint32_t end, struct source_range *word);

/* Two capital letters or more, and no small one. */
bool source_looks_like_macro(const char *text, struct source_range word);

/* The offset of each line, allocated; NULL if memory runs out. */
uint32_t *source_lines(const char *text, size_t size, uint32_t *count);

#endif
