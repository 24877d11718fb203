/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - text for people on standard output; the only user of libsmartcols. */
#ifndef DFPATCH_REPORT_H
#define DFPATCH_REPORT_H

#include <stdbool.h>

#include "err.h"
#include "run.h"

/* One column per line of "  NAME: what it shows", for --help. */
extern const char report_columns_help[];

/*
 * Prints the selected flags as a table. `columns` is a list of names with commas
 * between, appended to the default ones if it begins with '+', or NULL for those.
 * Returns 0, DF_E_USAGE (an unknown column), DF_E_MEMORY, DF_E_SYSTEM.
 */
int report_list(const struct list_result *result, const char *columns, bool headings,
		struct df_err *err);

/* 0 if report_list() would take `columns`, else DF_E_USAGE with the names there are. */
int report_check_columns(const char *columns, struct df_err *err);

/* Prints each flag that changed or could not, then the totals and the pause. */
void report_change(const struct change_request *request, const struct change_result *result);

#endif
