/* SPDX-License-Identifier: Apache-2.0 */
/* held.h - carrying a change out in a program that has not begun, and that its caller holds. */
#ifndef DFPATCH_HELD_H
#define DFPATCH_HELD_H

#include "work.h"

/*
 * From planned to committed, by way of work->request->held, the only thread there is: nobody has
 * to be stopped, and nothing can be in the way but what the file itself holds. Returns what owning
 * (own.h) and carrying out (carry.h) give.
 */
int held_commit(struct work *work, struct df_err *err);

#endif
