/* SPDX-License-Identifier: Apache-2.0 */
/* json_diff.h - what differs between two modules, for machines. */
#ifndef DFPATCH_BINARY_JSON_DIFF_H
#define DFPATCH_BINARY_JSON_DIFF_H

#include "diff.h"
#include "err.h"

/* Prints one document. Returns 0 or DF_E_MEMORY. */
int json_diff(const struct diff *diff, struct df_err *err);

#endif
