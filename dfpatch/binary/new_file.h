/* SPDX-License-Identifier: Apache-2.0 */
/*
 * new_file.h - a stream into a file that appears under its name whole or not at all
 * (file_draft.h). Its mode is 0666 but for the umask.
 */
#ifndef DFPATCH_NEW_FILE_H
#define DFPATCH_NEW_FILE_H

#include <stdio.h>

#include "err.h"
#include "file_draft.h"

struct new_file {
	struct file_draft draft;
	FILE *stream; /* what is to be in it; NULL before new_file_begin() and after the end */
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
