/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stand_in.h - a child in place of the first process of a pid namespace.
 *
 * No signal from inside its namespace ends the first process there, SIGKILL included: so no
 * watchdog could. A child of it is a process as any.
 */
#ifndef DFPATCH_STAND_IN_H
#define DFPATCH_STAND_IN_H

#include <stdbool.h>

#include "err.h"

/*
 * To be called before anything is begun. Returns false in a process that does the work itself:
 * one that is not the first of its namespace, or else a new child of it. Returns true in the
 * first, when that child and its watchdog have ended, with *status as a shell has it (128 and the
 * number of a signal); or, if there was no child, with *status -DF_E_SYSTEM and *err.
 */
bool stand_in_worked(int *status, struct df_err *err);

#endif
