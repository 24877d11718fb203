/* SPDX-License-Identifier: Apache-2.0 */
/* report_audit.h - audits as text for people on standard output. */
#ifndef DFPATCH_REPORT_AUDIT_H
#define DFPATCH_REPORT_AUDIT_H

#include <stdbool.h>

#include "audit.h"
#include "audit_target.h"
#include "err.h"

/*
 * A summary of the module, then what was found. `verbose` adds each note, and each flag with its
 * sites; all but the `first` begin with an empty line. Returns 0 or DF_E_MEMORY.
 */
int report_audit_module(const struct audit_module *module, bool verbose, bool first,
			struct df_err *err);

/* One line on all of them, if there were several. */
void report_audit_totals(const struct audit_totals *totals);

#endif
