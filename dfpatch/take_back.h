/* SPDX-License-Identifier: Apache-2.0 */
/* take_back.h - the second half of a change for a time: waiting, taking it back, and saying so. */
#ifndef DFPATCH_TAKE_BACK_H
#define DFPATCH_TAKE_BACK_H

#include "cli.h"
#include "temporary.h"

/*
 * Says until when what `temporary` changed stays, waits until then, takes all back, and prints what
 * came of that; at once, if the report cannot be written. `status` is the exit status of the
 * changes. Returns that of all.
 */
int take_back(const struct options *options, struct temporary *temporary, int status);

#endif
