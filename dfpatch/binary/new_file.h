/* SPDX-License-Identifier: Apache-2.0 */
/*
 * new_file.h - a stream into a file that appears under its name whole or not at all
 * (file_draft.h). Its mode is 0666 but for the umask.
 *
 * From the beginning to the end SIGXFSZ is ignored, so that a limit on file sizes is an error
 * like any other. Not for several threads.
 */
#ifndef DFPATCH_NEW_FILE_H
#define DFPATCH_NEW_FILE_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "err.h"
#include "file_draft.h"

struct new_file {
	struct file_draft draft;
	FILE *stream; /* what is to be in it; NULL before new_file_begin() and after the end */
	struct sigaction too_large; /* the caller's for SIGXFSZ, while we */
	bool ignores;		    /* ignore it */
};

/*
 * Opens file->stream. Returns 0 or an error of file_draft_begin() or file_draft_open();
 * DF_E_MEMORY. new_file_end() ends it, also after a failure.
 */
int new_file_begin(struct new_file *file, const char *path, struct df_err *err);

/* Writes all to disk and lets it appear. Returns 0 or DF_E_WRITE: then nothing appeared. */
int new_file_publish(struct new_file *file, struct df_err *err);

/* What was not published is gone. */
void new_file_end(struct new_file *file);

#endif
