/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - strings of the target made safe to show: names and paths are
 * untrusted, and may hold terminal escapes or broken UTF-8.
 */
#ifndef DFPATCH_TEXT_H
#define DFPATCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum text_for {
	TEXT_FOR_TERMINAL, /* control characters and those that turn the direction of text become
			      \xNN too */
	TEXT_FOR_JSON, /* only what is no well-formed UTF-8 becomes \xNN; the JSON library does the
			  rest */
	TEXT_FOR_DOCUMENT, /* a whole JSON document: newlines stay, and what would be \xNN on a
			      terminal becomes \uNNNN, which says the same in its strings */
};

/*
 * Copies `from` to `to`, cut to fit `size` (at least 1) with its terminator;
 * what must not be shown becomes \xNN, byte by byte, and a newline or tab on a
 * terminal \n or \t. A backslash stands for itself. The result is well-formed
 * UTF-8.
 */
void text_escape(enum text_for use, const char *from, char *to, size_t size);

/* The same into memory of its own, NULL if there is none. */
char *text_escaped(enum text_for use, const char *from);

/* Whether all of it is well-formed UTF-8 (RFC 3629). */
bool text_is_utf8(const char *text);

#endif
