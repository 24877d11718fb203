/* SPDX-License-Identifier: Apache-2.0 */
/* way.h - whether a change can be carried out while the program runs. */
#ifndef DFPATCH_WAY_H
#define DFPATCH_WAY_H

#include <stdbool.h>

#include "work.h"

/*
 * Decides by what was asked for, and by what was found. Fills result->why_stopped if the
 * program is stopped though nobody asked for it. Returns 0, or DF_E_PERMISSION if nobody may be
 * stopped and it cannot be done otherwise.
 */
int way_choose(struct work *work, bool *quiet, struct df_err *err);

#endif
