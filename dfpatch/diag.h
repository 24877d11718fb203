/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.h - what goes to standard error: errors and notes for the user, one line
 * each. Untrusted text in them is made safe here.
 */
#ifndef DFPATCH_DIAG_H
#define DFPATCH_DIAG_H

#include "err.h"

/* "dfpatch: " and the text of *err. */
void diag_error(const struct df_err *err);

/* "dfpatch: note: " and the formatted text. */
void diag_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, unless it is what this said last: several processes may run the same file. */
void diag_note_once(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Why the kernel lets us look at no more processes, and what to do about it. */
const char *diag_denied(void);

#endif
