/* SPDX-License-Identifier: Apache-2.0 */
/* notes.h - what the user is to know about a copy besides what was asked for. */
#ifndef DFPATCH_NOTES_H
#define DFPATCH_NOTES_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define NOTES_MAX 16
#define NOTE_TEXT 400

/* Zero before the first. Not escaped. More than fit are left out: there are fewer kinds of them. */
struct notes {
	char list[NOTES_MAX][NOTE_TEXT];
	size_t count;
};

/* Text that does not fit is cut. */
__attribute__((format(printf, 2, 3))) static inline void notes_add(struct notes *notes,
								   const char *format, ...)
{
	va_list args;
	if (notes->count == NOTES_MAX)
		return;
	va_start(args, format);
	vsnprintf(notes->list[notes->count++], NOTE_TEXT, format, args);
	va_end(args);
}

#endif
