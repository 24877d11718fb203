/* SPDX-License-Identifier: Apache-2.0 */
/* change_log.h - changes, recorded in a log: a recorder (recorder.h) for any number of them. */
#ifndef DFPATCH_CHANGE_LOG_H
#define DFPATCH_CHANGE_LOG_H

#include <stdbool.h>

#include "err.h"
#include "json_log.h"
#include "log.h"
#include "recorder.h"

struct change_log {
	struct recorder recorder; /* for change_request.recorder; one change at a time */
	struct log log;
	struct json_log records; /* its `operation` may be set between changes */
	/* Of the change under way. */
	bool begun;
	uint64_t planned; /* a sum of what the last record said that it would write */
};

/*
 * Opens the log: before anything is changed, so that what cannot be recorded is not done. `name`
 * is a file or LOG_JOURNAL, `reason` NULL for none; the texts are borrowed. Returns 0 or what
 * log_open() does; change_log_close() ends it, also after a failure.
 */
int change_log_open(struct change_log *log, const char *name, const char *command,
		    const char *reason, struct df_err *err);

void change_log_close(struct change_log *log);

#endif
