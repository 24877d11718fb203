/* SPDX-License-Identifier: Apache-2.0 */
/* expression.h - regular expressions that match from the first character; see match.h. */
#ifndef DF_EXPRESSION_H
#define DF_EXPRESSION_H

#include <stddef.h>

#include "err.h"

struct df_expression;

/* 0, or DF_E_PATTERN if regcomp(3) had better not see this text. */
int df_expression_check_size(const char *text, struct df_err *err);

/* The same if regcomp(3) refuses a text of such a size; DF_E_MEMORY. */
int df_expression_check(const char *text, struct df_err *err);

/*
 * Compiles what follows the first `prefix` bytes of a text that was checked, and stays where
 * it is as long as the expression. Returns 0, DF_E_PATTERN, DF_E_MEMORY.
 */
int df_expression_new(const char *text, size_t prefix, struct df_expression **expression,
		      struct df_err *err);

/* 1 if it matches `text` from its start, 0 if not, DF_E_MATCH_FAILED if regexec(3) fails. */
int df_expression_match(const struct df_expression *expression, const char *text,
			struct df_err *err);

void df_expression_free(struct df_expression *expression); /* NULL is allowed */

#endif
