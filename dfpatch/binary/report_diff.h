/* SPDX-License-Identifier: Apache-2.0 */
/* report_diff.h - what differs between two modules, as a table for people. */
#ifndef DFPATCH_BINARY_REPORT_DIFF_H
#define DFPATCH_BINARY_REPORT_DIFF_H

#include <stdbool.h>

#include "diff.h"
#include "err.h"

/*
 * As those of report.h, with columns of their own. One row for each thing that differs;
 * with headings, a line for each module before them and one of totals behind.
 */
extern const char report_diff_columns_help[];
int report_diff_check_columns(const char *columns, struct df_err *err);
int report_diff(const struct diff *diff, const char *columns, bool headings, struct df_err *err);

#endif
