/* SPDX-License-Identifier: Apache-2.0 */
/* diag.c - what goes to standard error. */
#include "diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

static void say(const char *prefix, const char *text)
{
	char safe[4 * DF_ERR_TEXT];
	text_escape(TEXT_FOR_TERMINAL, text, safe, sizeof(safe));
	fprintf(stderr, "%s%s\n", prefix, safe);
}

void diag_error(const struct df_err *err)
{
	say("dfpatch: ", err->text);
}

void diag_note(const char *format, ...)
{
	char text[DF_ERR_TEXT];
	va_list args;
	va_start(args, format);
	const int length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length >= 0)
		say("dfpatch: note: ", text);
}
