/* SPDX-License-Identifier: Apache-2.0 */
/* take_back.h - the second half of a change for a time: waiting, taking it back, and saying so. */
#ifndef DFPATCH_TAKE_BACK_H
#define DFPATCH_TAKE_BACK_H

#include "cli.h"
#include "temporary.h"

/* Makes the changes that a command line asks for, and prints what came of it. Returns the exit
 * status. */
typedef int (*take_back_changes)(const struct options *options, const struct scripts *scripts,
				 struct temporary *temporary);

/*
 * Has them made, says until when, waits until then, takes all back, and prints what came of that;
 * at once, if the report cannot be written. Returns the exit status of all; *done gets words for
 * what was done, if anything was changed.
 */
int for_a_time(const struct options *options, const struct scripts *scripts,
	       take_back_changes changes, const char **done);

#endif
