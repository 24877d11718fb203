/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mentions.h - where a source file names a flag.
 *
 * A line holds a flag if a macro call that reaches over it names the flag:
 *   - DF_NAME(kind, name ...), and DF_DEBUG(name) for the kind `debug`;
 *   - any other call with kind and name as neighbours, or with the name alone, for macros
 *     that wrap those of df.h and add the kind;
 *   - a macro without arguments that is defined so in the same file.
 * A call reaches from the line of the outermost macro or function around it to the line of
 * its last parenthesis: that is from where compilers take the line number. What a macro of
 * another file does with tokens cannot be seen: then, if the line has a word that looks
 * like a macro, nothing is claimed.
 *
 * The text is C or C++, read without its preprocessor, and untrusted: any bytes are taken,
 * in time that grows with their number.
 */
#ifndef DFPATCH_MENTIONS_H
#define DFPATCH_MENTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define MENTIONS_TEXT_MAX ((size_t)8 << 20) /* bytes of a source file */

struct mention;

struct mentions {
	const char *text; /* borrowed */
	size_t size;
	struct mention *list; /* owned; by the name's hash, then by line */
	size_t count, room;
	uint32_t *lines; /* owned: where each begins */
	uint32_t line_count;
};

/* Reads at most MENTIONS_TEXT_MAX bytes. Returns 0 or DF_E_MEMORY; mentions_free() ends it. */
int mentions_read(const char *text, size_t size, struct mentions *mentions, struct df_err *err);

enum mentioned {
	MENTIONED_HERE,	     /* the line holds the flag */
	MENTIONED_ELSEWHERE, /* *now is the line nearest to it that names kind and name */
	MENTIONED_NOWHERE,   /* the file does not name it */
	MENTIONED_UNSURE,    /* nor that, but the line may have it from a macro of another file */
};

/* Lines count from 1. `now` is the line itself, or what the above says, or 0. */
enum mentioned mentions_find(const struct mentions *mentions, const char *kind, const char *name,
			     uint32_t line, uint32_t *now);

void mentions_free(struct mentions *mentions);

#endif
