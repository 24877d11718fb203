/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - where records go: a file, to whose end they are written, or systemd's journal. */
#ifndef DFPATCH_LOG_H
#define DFPATCH_LOG_H

#include <stdbool.h>

#include "err.h"
#include "journald.h"

/* This name, and none with a slash in it, means the journal. */
#define LOG_JOURNAL "journal"

struct log {
	const char *name; /* borrowed */
	int fd;
	bool to_journal;
	bool cut; /* the file ends in the middle of a line, of a writer that had no more room */
};

/*
 * Opens it for writing to its end. A file is made if there is none, for us alone (0600); a
 * symbolic link is not followed; what is no regular file, or lies in procfs, is refused.
 * Returns 0, or DF_E_USAGE (refused) or DF_E_SYSTEM. log_close() ends it, also after a failure.
 */
int log_open(struct log *log, const char *name, struct df_err *err);

/*
 * Writes one record: to a file its line, in one write(2), so that those of others do not come
 * between. Returns 0 or DF_E_SYSTEM; then a part of a line may be in the file.
 */
int log_write(struct log *log, const struct journald_entry *record, struct df_err *err);

void log_close(struct log *log);

#endif
