/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome.h - what a command came to, told where telling it fails: an error, or a change that was
 * made and cannot be reported. Of this process, once; not thread-safe.
 */
#ifndef DFPATCH_OUTCOME_H
#define DFPATCH_OUTCOME_H

#include "cli.h"
#include "err.h"

/* Prints an error, as a document as well if one was asked for. Returns its exit status. */
int outcome_fail(const struct options *options, const struct df_err *err);

/* What was done, in words, which no failure of ours undoes; NULL for nothing. They must last. */
void outcome_set_done(const char *words);
const char *outcome_done(void);

/* The same of an error in reporting: if something was done, it says so. */
int outcome_fail_to_report(const struct options *options, const struct df_err *err);

#endif
