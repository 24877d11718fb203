/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_audit.h - audits for machines: all there is to tell, each flag and site
 * included, printed module by module.
 */
#ifndef DFPATCH_JSON_AUDIT_H
#define DFPATCH_JSON_AUDIT_H

#include "audit.h"
#include "audit_target.h"
#include "err.h"
#include "json_stream.h"
#include "process.h"

/* Opens the document and its list of modules. `process` is NULL for files. */
void json_audit_begin(struct json_stream *stream, const struct process *process);

void json_audit_module(struct json_stream *stream, const struct audit_module *module);

/* What could not be audited, what came of all and of the page, and the end. Returns 0 or
 * DF_E_MEMORY. */
int json_audit_end(struct json_stream *stream, const struct audit_totals *totals,
		   struct df_err *err);

#endif
