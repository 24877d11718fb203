/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.h - which sites a pattern means.
 *
 * A pattern is a POSIX extended regular expression over the full name
 * (kind:name@file:line). It matches from the first character of the full name,
 * as a whole (`a|b` is anchored on both sides of the bar), but need not reach
 * the end: `http:` takes every flag of that kind. Only what stands behind a
 * pattern's literal beginning is given to regexec(3).
 *
 * dfpatch's command line reads patterns by words first: one that equals a kind
 * with its colon, a kind:name or a full name of some flag means exactly that.
 *
 * A compiled pattern is not changed by matching and may be used by several
 * threads at a time; df_pattern_learn() changes it.
 */
#ifndef DF_MATCH_H
#define DF_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "site.h"

struct df_pattern;

/*
 * Compiles `text`. Returns 0 and sets *pattern (freed by df_pattern_free), or
 * DF_E_PATTERN with the reason that regcomp(3) gives, or DF_E_MEMORY; then
 * *pattern is not touched.
 */
int df_pattern_compile(const char *text, struct df_pattern **pattern, struct df_err *err);

/*
 * The same for a text that may be words: a bad regular expression is kept, and
 * is an error only when the pattern is used without having been found to be
 * words (df_pattern_check).
 */
int df_pattern_words(const char *text, struct df_pattern **pattern, struct df_err *err);

/* Shows `count` sites to a pattern of words: from now on it means the kind, flag or full name it
 * equals. */
void df_pattern_learn(struct df_pattern *pattern, const struct df_site *sites, size_t count);

/* 0, or the DF_E_PATTERN that df_pattern_words() held back. */
int df_pattern_check(const struct df_pattern *pattern, struct df_err *err);

/* The text as given; lives as long as the pattern. */
const char *df_pattern_text(const struct df_pattern *pattern);

/*
 * The bytes at the start of the text that every full name begins with that is
 * matched; their number in *length. A pattern that is_all matches every name.
 */
const char *df_pattern_prefix(const struct df_pattern *pattern, size_t *length);
bool df_pattern_is_all(const struct df_pattern *pattern);

/* 1 if the site is meant, 0 if not, DF_E_MATCH_FAILED if regexec(3) fails, DF_E_MEMORY. */
int df_pattern_match(const struct df_pattern *pattern, const struct df_site *site,
		     struct df_err *err);

void df_pattern_free(struct df_pattern *pattern); /* NULL is allowed */

/* Length in bytes of the full name, its end not counted. */
size_t df_full_name_length(const struct df_site *site);

/* Writes the full name, cut to fit `size` (at least 1) with its terminator; returns its whole
 * length. */
size_t df_full_name(const struct df_site *site, char *buffer, size_t size);

#endif
