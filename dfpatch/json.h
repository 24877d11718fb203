/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - the same as report.h for machines. Every document has "schema": JSON_SCHEMA
 * of json_document.h.
 */
#ifndef DFPATCH_JSON_H
#define DFPATCH_JSON_H

#include <stdbool.h>

#include "err.h"
#include "json_document.h"
#include "run.h"
#include "scan.h"
#include "summary.h"

/*
 * Each prints one document. Returns 0 or DF_E_MEMORY. `what` is the error of a change that
 * failed, and NULL of one that did not.
 */
int json_list(const struct list_result *result, struct df_err *err);
int json_change(const char *command, const struct change_request *request,
		const struct change_result *result, const struct df_err *what, struct df_err *err);
int json_error(const char *command, const struct df_err *what, struct df_err *err);
int json_scan(const struct scan *scan, struct df_err *err);

/* Into a document of another kind: what a change came to, as json_change() has it. */
void json_put_outcome(struct document *d, struct json_object *object,
		      const struct change_request *request, const struct change_result *result,
		      const struct df_err *what);

/* The same of what is no process: in total and flag by flag. */
void json_put_changes(struct document *d, struct json_object *object,
		      const struct change_result *result, bool dry_run);

/*
 * One document on several processes: begun, filled one by one, and ended, which prints
 * and frees it. `blind` tells why some may have been missed, or has the code DF_E_NONE. Memory that
 * runs out shows at the end; NULL, if it does at once.
 */
struct json_targets;
struct json_targets *json_targets_new(const char *command, bool dry_run);
void json_targets_list(struct json_targets *targets, const struct target_end *end,
		       const struct list_result *result);
void json_targets_change(struct json_targets *targets, const struct target_end *end,
			 const struct change_request *request, const struct change_result *result);
/* Until when it is changed (CLOCK_REALTIME, ns); or, in the document of an undo, why that is. */
void json_targets_until(struct json_targets *targets, uint64_t until);
void json_targets_undo(struct json_targets *targets, const char *cause);
int json_targets_end(struct json_targets *targets, const struct targets_tally *tally,
		     const struct df_err *blind, struct df_err *err);

#endif
