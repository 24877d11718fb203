/* SPDX-License-Identifier: Apache-2.0 */
/* diag.c - what goes to standard error. */
#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "color.h"
#include "text.h"

static void say(const char *prefix, enum color color, const char *text)
{
	char safe[4 * DF_ERR_TEXT];
	text_escape(TEXT_FOR_TERMINAL, text, safe, sizeof(safe));
	fprintf(stderr, "%s%s%s %s\n", color_begin(STDERR_FILENO, color), prefix,
		color_end(STDERR_FILENO, color), safe);
}

void diag_error(const struct df_err *err)
{
	say("dfpatch:", COLOR_BAD, err->text);
}

void diag_note(const char *format, ...)
{
	char text[DF_ERR_TEXT];
	va_list args;
	va_start(args, format);
	const int length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length >= 0)
		say("dfpatch: note:", COLOR_PLAIN, text);
}

void diag_note_once(const char *format, ...)
{
	static char last[DF_ERR_TEXT];
	char text[DF_ERR_TEXT];
	va_list args;
	va_start(args, format);
	const int length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length < 0 || strcmp(text, last) == 0)
		return;
	memcpy(last, text, (size_t)length < sizeof(text) ? (size_t)length + 1 : sizeof(text));
	say("dfpatch: note:", COLOR_PLAIN, text);
}

const char *diag_denied(void)
{
	return geteuid() == 0 ? "the kernel denies it, although we are root"
			      : "the kernel denies it; run as root to see all";
}
