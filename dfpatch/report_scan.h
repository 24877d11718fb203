/* SPDX-License-Identifier: Apache-2.0 */
/* report_scan.h - what a scan found, as a table for people. */
#ifndef DFPATCH_REPORT_SCAN_H
#define DFPATCH_REPORT_SCAN_H

#include <stdbool.h>

#include "err.h"
#include "scan.h"

/* As those of report.h, with columns of their own. */
extern const char report_scan_columns_help[];
int report_scan_check_columns(const char *columns, struct df_err *err);
int report_scan(const struct scan *scan, const char *columns, bool headings, struct df_err *err);

#endif
