/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - text for people on standard output. */
#ifndef DFPATCH_REPORT_H
#define DFPATCH_REPORT_H

#include <stdbool.h>

#include "err.h"
#include "grid.h"
#include "run.h"
#include "summary.h"

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

/*
 * The flags of several processes in one table, with a line for each module before it:
 * begin, add each process, and end, which prints the table. All may fail as above.
 */
int report_lists_begin(const char *columns, bool headings, struct grid **grid, struct df_err *err);
int report_lists_add(struct grid *grid, bool headings, const struct list_result *result,
		     struct df_err *err);

/* How long threads stood still for a change that failed; nothing if none did. */
void report_failed_stop(const char *margin, const struct change_result *result);

/* Prints each flag that changed or could not, then the totals and the pause. */
void report_change(const struct change_request *request, const struct change_result *result);

/* The flags and the totals alone. */
void report_flag_changes(const struct change_result *result, bool dry_run);

/* A change of one of several processes, below a line that names it. */
void report_target_change(const struct target_end *end, const struct change_request *request,
			  const struct change_result *result);

/* What became of all of them. */
void report_targets(const struct targets_tally *tally, bool dry_run);

#endif
