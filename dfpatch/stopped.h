/* SPDX-License-Identifier: Apache-2.0 */
/* stopped.h - carrying a change out while every thread of the program stands still. */
#ifndef DFPATCH_STOPPED_H
#define DFPATCH_STOPPED_H

#include "work.h"

/* Returns 0 or an error of threads.h, own.h, carry.h; every thread goes on then. */
int stopped_commit(struct work *work, struct df_err *err);

#endif
