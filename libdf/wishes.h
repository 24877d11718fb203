/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wishes.h - start-up configuration from the environment.
 *
 *   DF_FLAGS_FILE  path of a script
 *   DF_FLAGS       a script whose lines may end at a semicolon as well
 *
 * Read when they are first asked for and never again; a program that runs with raised
 * privileges (AT_SECURE, getauxval(3)) has none. Callers hold the latch.
 */
#ifndef DF_WISHES_H
#define DF_WISHES_H

#include "err.h"
#include "script.h"

/*
 * The wishes, the file's first; without a line if there are none or something was
 * wrong with them. Lives until wishes_forget().
 */
const struct df_script *wishes(void);

/* 0, or what was wrong with them: DF_E_USAGE, DF_E_PATTERN, DF_E_SYSTEM, DF_E_MEMORY. */
int wishes_check(struct df_err *err);

/* Frees them; who asks again reads them again. */
void wishes_forget(void);

#endif
