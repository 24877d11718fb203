/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change_run.h - the commands that change flags: of one process or several, for good or a time. A
 * list of several processes is gathered in the same way, and so is here as well.
 */
#ifndef DFPATCH_CHANGE_RUN_H
#define DFPATCH_CHANGE_RUN_H

#include "cli.h"

/*
 * Carries them out, and prints what came of it. `scripts` is NULL for a command without. Returns an
 * exit status.
 */
int change_run(const struct options *options, const struct scripts *scripts);

#endif
