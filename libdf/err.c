/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - errors as values: formatting and names. */
#define DF_ERR_C
#include "err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static __attribute__((format(printf, 3, 0))) void format_into(struct df_err *err, enum df_errc code,
							      const char *format, va_list args)
{
	err->code = code;
	/* A message that cannot be formatted must not hide the code. */
	if (vsnprintf(err->text, sizeof(err->text), format, args) < 0)
		err->text[0] = '\0';
}

int df_fail(struct df_err *err, enum df_errc code, const char *format, ...)
{
	if (err) {
		va_list args;
		va_start(args, format);
		format_into(err, code, format, args);
		va_end(args);
	}
	return -(int)code;
}

int df_fail_errno(struct df_err *err, enum df_errc code, const char *format, ...)
{
	const int error = errno;
	if (err) {
		char buffer[128];
		va_list args;
		va_start(args, format);
		format_into(err, code, format, args);
		va_end(args);
		const size_t used = strlen(err->text);
		/* GNU strerror_r: returns the text, in the buffer or elsewhere; thread-safe. */
		snprintf(err->text + used, sizeof(err->text) - used, ": %s",
			 strerror_r(error, buffer, sizeof(buffer)));
	}
	return -(int)code;
}

int df_fail_memory(struct df_err *err)
{
	return df_fail(err, DF_E_MEMORY, "out of memory");
}

int df_err_prefix(struct df_err *err, const char *context)
{
	char text[DF_ERR_TEXT];
	memcpy(text, err->text, sizeof(text));
	/* Cutting the end of an overlong message is the least harm. */
	if (snprintf(err->text, sizeof(err->text), "%s: %s", context, text) < 0)
		memcpy(err->text, text, sizeof(text));
	return -(int)err->code;
}

const char *df_err_name(enum df_errc code)
{
	switch (code) {
	case DF_E_NONE:
		return "none";
#define DF_ERROR_NAME(CODE, NAME)                                                                  \
	case CODE:                                                                                 \
		return NAME;
		DF_ERROR_LIST(DF_ERROR_NAME)
#undef DF_ERROR_NAME
	}
	return "unknown";
}
