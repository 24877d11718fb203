/* SPDX-License-Identifier: Apache-2.0 */
/* audit_run.h - the command `audit`: targets audited and reported one by one. */
#ifndef DFPATCH_AUDIT_RUN_H
#define DFPATCH_AUDIT_RUN_H

#include <stdbool.h>

#include "cli.h"
#include "err.h"
#include "report_audit.h"

/*
 * Audits what the command line names, and prints it. What is wrong with one of several files does
 * not end the others: it is told on standard error, and in *totals. Returns 0, the error of the
 * only target, or what printing returns. Such an error is not printed yet on standard error, and
 * in a document only if totals->printed. audit_totals_free() ends *totals, also after a failure.
 */
int audit_run(const struct options *options, struct audit_totals *totals, struct df_err *err);

void audit_totals_free(struct audit_totals *totals);

#endif
