/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.h - operations as text, one a line:
 *
 *     +PATTERN            activate PATTERN
 *     -PATTERN            deactivate PATTERN
 *     !PATTERN            unhook PATTERN
 *     ?PATTERN            rehook PATTERN
 *                         enable PATTERN
 *                         disable PATTERN
 *
 * Blanks at both ends of a line and behind the sign or word do not count; nor do
 * empty lines, and lines that begin with #.
 */
#ifndef DF_SCRIPT_H
#define DF_SCRIPT_H

#include <stddef.h>

#include "err.h"
#include "match.h"
#include "rule.h"

struct df_script_line {
	enum df_op op;
	struct df_pattern *pattern; /* owned */
	size_t number;		    /* of the line in its text, from 1 */
};

struct df_script {
	struct df_script_line *lines;
	size_t count;
};

/*
 * Reads all lines of `text`, which end at a newline or at any character of `ends`
 * ("" for none). Returns 0; DF_E_USAGE for a line that is no operation, DF_E_PATTERN,
 * each with the number of the line in its text; or DF_E_MEMORY. After an error
 * *script is empty.
 */
int df_script_parse(const char *text, const char *ends, struct df_script *script,
		    struct df_err *err);

/* Moves the lines of `more` behind those of `script`. Returns 0 or DF_E_MEMORY. */
int df_script_append(struct df_script *script, struct df_script *more, struct df_err *err);

void df_script_free(struct df_script *script);

#endif
