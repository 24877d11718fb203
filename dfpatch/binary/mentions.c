/* SPDX-License-Identifier: Apache-2.0 */
/* mentions.c - where a source file names a flag. */
#include "mentions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "source_text.h"

/* An argument of a call that could be a flag's name, with the argument before it. */
struct mention {
	uint64_t hash;			/* of the name */
	struct source_range name, kind; /* an empty kind: there is none before it */
	struct source_range macro;	/* of the #define that it stands in; empty for none */
	uint32_t line;			/* of the called name */
	uint32_t first, last;		/* lines over which the call reaches */
	bool own;			/* of a macro of df.h, by its name */
	bool debug;			/* of DF_DEBUG or its like */
	bool leading;			/* the first two arguments, or the only one of DF_DEBUG */
};

/* A call does not reach further than this beyond its own lines: parentheses may not match. */
#define REACH_MAX 64

#define DEPTH_MAX 64

/* An open parenthesis. */
struct frame {
	struct source_range called; /* empty for a mere parenthesis, or a word of the language */
	uint32_t line;
	size_t from;	   /* mentions when it was opened */
	uint32_t argument; /* where the current one begins */
	uint32_t index;
	struct source_range before; /* the argument before */
};

struct reader {
	struct mentions *mentions;
	struct source source;
	struct frame frames[DEPTH_MAX];
	uint32_t depth;		   /* open parentheses; those beyond DEPTH_MAX are only counted */
	uint32_t resume;	   /* depth before the directive that we are in */
	struct source_range macro; /* that it defines */
	bool no_memory;
};

void mentions_free(struct mentions *mentions)
{
	free(mentions->list);
	free(mentions->lines);
	*mentions = (struct mentions){0};
}

/* ---- reading ---- */

static bool range_is(const char *text, struct source_range range, const char *word)
{
	const size_t length = range.end - range.begin;
	return length == strlen(word) && memcmp(text + range.begin, word, length) == 0;
}

/* Followed by a parenthesis these call nothing. */
static bool is_of_the_language(const char *text, struct source_range word)
{
	static const char *const words[] = {"if",     "while",	"for",	   "switch",  "return",
					    "sizeof", "typeof", "defined", "alignof", "catch"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (range_is(text, word, words[i]))
			return true;
	return false;
}

static bool is_own(const char *text, struct source_range word)
{
	static const char *const macros[] = {"DF_FEATURE", "DF_DEFAULT", "DF_DEFAULT_SLOW",
					     "DF_OPT", "DF_DEBUG"};
	for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++)
		if (range_is(text, word, macros[i]))
			return true;
	return false;
}

static void add(struct reader *reader, const struct mention *mention)
{
	struct mentions *mentions = reader->mentions;
	if (mentions->count == mentions->room) {
		const size_t room = mentions->room ? 2 * mentions->room : 256;
		struct mention *larger = realloc(mentions->list, room * sizeof(*larger));
		if (!larger) {
			reader->no_memory = true;
			return;
		}
		mentions->list = larger;
		mentions->room = room;
	}
	mentions->list[mentions->count++] = *mention;
}

/* The argument that ends here. */
static void end_argument(struct reader *reader, struct frame *frame, uint32_t end)
{
	const char *text = reader->mentions->text;
	const struct source_range name =
		source_trim(text, (struct source_range){frame->argument, end});
	struct mention mention = {
		.name = name,
		.kind = frame->before,
		.macro = reader->macro,
		.line = frame->line,
		.first = frame->line,
		.last = reader->source.line,
		.own = is_own(text, frame->called),
		.debug = range_is(text, frame->called, "DF_DEBUG") ||
			 range_is(text, frame->called, "AN_HOOK_DEBUG"),
	};
	mention.leading = frame->index == (mention.debug ? 0 : 1);
	frame->before = name;
	frame->index++;
	if (name.begin == name.end || name.end - name.begin > SOURCE_ARGUMENT_MAX ||
	    frame->called.begin == frame->called.end)
		return;
	mention.hash = source_hash(text, name);
	add(reader, &mention);
}

static void open_parenthesis(struct reader *reader, struct source_range called, uint32_t line)
{
	const uint32_t at = reader->depth++;
	if (at >= DEPTH_MAX)
		return;
	if (is_of_the_language(reader->mentions->text, called))
		called.end = called.begin;
	reader->frames[at] = (struct frame){
		.called = called,
		.line = called.begin == called.end ? reader->source.line : line,
		.from = reader->mentions->count,
		.argument = reader->source.at,
	};
}

/* Whether something is called around the parenthesis at this depth. */
static bool is_within_call(const struct reader *reader, uint32_t depth)
{
	for (uint32_t i = reader->resume; i < depth; i++)
		if (reader->frames[i].called.begin != reader->frames[i].called.end)
			return true;
	return false;
}

/* What was found in the outermost call now reaches as far as that. */
static void extend(struct reader *reader, const struct frame *frame)
{
	for (size_t i = frame->from; i < reader->mentions->count; i++) {
		struct mention *mention = &reader->mentions->list[i];
		if (mention->first - frame->line <= REACH_MAX)
			mention->first = frame->line;
		if (reader->source.line - mention->last <= REACH_MAX)
			mention->last = reader->source.line;
	}
}

static void close_parenthesis(struct reader *reader)
{
	if (reader->depth <= reader->resume)
		return; /* one too many */
	if (--reader->depth >= DEPTH_MAX)
		return;
	struct frame *frame = &reader->frames[reader->depth];
	end_argument(reader, frame, reader->source.at - 1);
	if (frame->called.begin != frame->called.end && !is_within_call(reader, reader->depth))
		extend(reader, frame);
}

static void take_comma(struct reader *reader)
{
	if (reader->depth <= reader->resume || reader->depth > DEPTH_MAX)
		return;
	struct frame *frame = &reader->frames[reader->depth - 1];
	end_argument(reader, frame, reader->source.at - 1);
	frame->argument = reader->source.at;
}

/* A directive may stand within a call; what it opens and does not close ends with it. */
static void begin_directive(struct reader *reader, struct source_range macro)
{
	reader->resume = reader->depth;
	reader->macro = macro;
}

static void end_directive(struct reader *reader)
{
	reader->depth = reader->resume;
	reader->resume = 0;
	reader->macro = (struct source_range){0, 0};
}

static void take_token(struct reader *reader, const struct source_token *token,
		       const struct source_token *before)
{
	switch (token->kind) {
	case SOURCE_OPEN:
		if (before->kind == SOURCE_WORD)
			open_parenthesis(reader, before->range, before->line);
		else
			open_parenthesis(reader, (struct source_range){0, 0}, token->line);
		break;
	case SOURCE_CLOSE:
		close_parenthesis(reader);
		break;
	case SOURCE_COMMA:
		take_comma(reader);
		break;
	case SOURCE_DIRECTIVE:
		begin_directive(reader, token->range);
		break;
	case SOURCE_DIRECTIVE_END:
		end_directive(reader);
		break;
	case SOURCE_FUNCTION_END:
		reader->depth = reader->resume;
		break;
	case SOURCE_WORD:
	case SOURCE_OTHER:
	case SOURCE_END:
	default:
		break;
	}
}

static int by_name(const void *x, const void *y)
{
	const struct mention *a = x, *b = y;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

int mentions_read(const char *text, size_t size, struct mentions *mentions, struct df_err *err)
{
	*mentions = (struct mentions){
		.text = text,
		.size = size < MENTIONS_TEXT_MAX ? size : MENTIONS_TEXT_MAX,
	};
	mentions->lines = source_lines(text, mentions->size, &mentions->line_count);
	if (!mentions->lines)
		return df_fail_memory(err);
	struct reader reader = {
		.mentions = mentions,
		.source = source_begin(text, (uint32_t)mentions->size),
	};
	struct source_token token = {.kind = SOURCE_OTHER}, before;
	do {
		before = token;
		token = source_next(&reader.source);
		take_token(&reader, &token, &before);
	} while (token.kind != SOURCE_END && !reader.no_memory);
	if (reader.no_memory)
		return df_fail_memory(err);
	if (mentions->count > 0)
		qsort(mentions->list, mentions->count, sizeof(*mentions->list), by_name);
	return 0;
}

/* ---- finding ---- */

static size_t first_of(const struct mentions *mentions, uint64_t hash)
{
	size_t low = 0, high = mentions->count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (mentions->list[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Names kind and name. */
static bool is_exact(const struct mentions *mentions, const struct mention *m, const char *kind)
{
	if (m->debug)
		return m->leading && strcmp(kind, "debug") == 0;
	return (m->leading || !m->own) && source_equal(mentions->text, m->kind, kind);
}

/* A macro that adds the kind by itself. */
static bool may_add_kind(const struct mention *m)
{
	return !m->own && !m->debug;
}

/* The words of a line, one by one; false at its end. */
static bool next_word_of_line(const struct mentions *mentions, uint32_t line, uint32_t *at,
			      struct source_range *word)
{
	const uint32_t end =
		line < mentions->line_count ? mentions->lines[line] : (uint32_t)mentions->size;
	return source_next_word(mentions->text, at, end, word);
}

static bool line_has_word(const struct mentions *mentions, uint32_t line, struct source_range word)
{
	struct source_range other;
	if (word.begin == word.end)
		return false;
	for (uint32_t at = mentions->lines[line - 1];
	     next_word_of_line(mentions, line, &at, &other);)
		if (other.end - other.begin == word.end - word.begin &&
		    memcmp(mentions->text + other.begin, mentions->text + word.begin,
			   word.end - word.begin) == 0)
			return true;
	return false;
}

static bool line_has_macro(const struct mentions *mentions, uint32_t line)
{
	struct source_range word;
	for (uint32_t at = mentions->lines[line - 1];
	     next_word_of_line(mentions, line, &at, &word);)
		if (source_looks_like_macro(mentions->text, word) && !is_own(mentions->text, word))
			return true;
	return false;
}

static bool holds(const struct mentions *mentions, const struct mention *m, const char *kind,
		  uint32_t line)
{
	const bool exact = is_exact(mentions, m, kind);
	if (m->macro.begin != m->macro.end)
		return exact && line_has_word(mentions, line, m->macro);
	return (exact || may_add_kind(m)) && m->first <= line && line <= m->last;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

enum mentioned mentions_find(const struct mentions *mentions, const char *kind, const char *name,
			     uint32_t line, uint32_t *now)
{
	const uint64_t hash = source_hash_text(name);
	const bool there = line >= 1 && line <= mentions->line_count;
	*now = 0;
	for (size_t i = first_of(mentions, hash); i < mentions->count; i++) {
		const struct mention *m = &mentions->list[i];
		if (m->hash != hash)
			break;
		if (!source_equal(mentions->text, m->name, name))
			continue;
		if (there && holds(mentions, m, kind, line)) {
			*now = line;
			return MENTIONED_HERE;
		}
		if (is_exact(mentions, m, kind) &&
		    (*now == 0 || distance(m->line, line) < distance(*now, line)))
			*now = m->line;
	}
	if (*now != 0)
		return MENTIONED_ELSEWHERE;
	return (there && line_has_macro(mentions, line)) || strlen(name) > SOURCE_ARGUMENT_MAX / 2
		       ? MENTIONED_UNSURE
		       : MENTIONED_NOWHERE;
}
