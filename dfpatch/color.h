/* SPDX-License-Identifier: Apache-2.0 */
/*
 * color.h - what colours say on a terminal, and whether there are any: not in pipes and files
 * unless they are asked for, and never in documents for machines, which do not come here.
 *
 * Nothing here prints. Not thread-safe: the choice is made once, when the program begins.
 */
#ifndef DFPATCH_COLOR_H
#define DFPATCH_COLOR_H

#include <stdbool.h>

enum color {
	COLOR_PLAIN,
	COLOR_GOOD, /* on; can be done */
	COLOR_WARN, /* not what one might expect: unhooked, mixed, only with a stop */
	COLOR_BAD,  /* wrong, failed, gone */
};

enum color_when {
	COLOR_AUTO, /* on a terminal that knows colours, unless NO_COLOR is set (no-color.org) */
	COLOR_ALWAYS,
	COLOR_NEVER,
};

/* auto, always, never, and NULL for always; false for anything else. */
bool color_parse(const char *text, enum color_when *when);

/* Without it, COLOR_AUTO. */
void color_choose(enum color_when when);

/*
 * Whether what is written to this descriptor has colours. Of standard output and error, the answer
 * is kept until the next choice.
 */
bool color_wanted(int fd);

/* The escape sequence that begins the colour; "" for COLOR_PLAIN. */
const char *color_sequence(enum color color);

/* What stands around a text on this descriptor: "" where there are no colours. */
const char *color_begin(int fd, enum color color);
const char *color_end(int fd, enum color color);

#endif
