/* SPDX-License-Identifier: Apache-2.0 */
/* diff_run.h - the command `diff`: two files compared, and what differs reported. */
#ifndef DFPATCH_DIFF_RUN_H
#define DFPATCH_DIFF_RUN_H

#include <stdbool.h>

#include "cli.h"
#include "err.h"

/*
 * Compares the two files that the command line names, and prints what differs. Returns 0 and sets
 * *differ, or an error of images_from_file() or of printing, which is not printed yet.
 */
int diff_run(const struct options *options, bool *differ, struct df_err *err);

#endif
