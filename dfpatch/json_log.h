/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_log.h - the records of a log: JSON documents of one line each.
 *
 * Of each change: one before anything is written, one for each place in text that was, and
 * one of what it came to.
 */
#ifndef DFPATCH_JSON_LOG_H
#define DFPATCH_JSON_LOG_H

#include "change.h"
#include "err.h"
#include "identity.h"
#include "journal.h"

/* What all records of a change have. */
struct json_log {
	const char *command;
	const char *operation; /* NULL: what the request says */
	const char *reason;    /* NULL for none */
	char id[48];	       /* of the change */
	struct own_identity own;
	struct process_identity process;
};

/* What is done: "enable", "script", or whatever json_log.operation says. */
const char *json_log_operation(const struct json_log *log, const struct change_request *request);

const char *json_log_cause(enum journal_cause cause);

/* Each returns a line without its end, for the caller to free, or NULL if there is no memory. */

/* What is about to be done: every byte that is to be written included. */
char *json_log_begin(const struct json_log *log, const struct change_request *request,
		     const struct change_result *result);

/* What was written at one place; `what` is why that attempt failed, or NULL. */
char *json_log_write(const struct json_log *log, const struct change_request *request,
		     const struct change_result *result, const struct journal_entry *entry,
		     const struct df_err *what);

/* What the change came to, flag by flag. */
char *json_log_end(const struct json_log *log, const struct change_request *request,
		   const struct change_result *result, const struct df_err *what);

#endif
