/* SPDX-License-Identifier: Apache-2.0 */
/*
 * new_file.h - a file that appears under its name whole or not at all.
 *
 * It is made in the directory where it is to appear, without a name where the file
 * system can do that; else it is called .dfpatch-XXXXXXXX so far, which a signal that
 * ends us leaves behind. Its mode is 0666 but for the umask.
 */
#ifndef DFPATCH_NEW_FILE_H
#define DFPATCH_NEW_FILE_H

#include <stdio.h>

#include "err.h"

struct new_file {
	const char *path; /* borrowed */
	const char *name; /* its last part */
	int directory;
	FILE *stream;	/* what is to be in it; NULL before new_file_begin() and after the end */
	char draft[24]; /* the name that it has so far; "" if it has none */
};

/*
 * Opens file->stream. A regular file or a symbolic link of that name will be replaced: the
 * link itself, not what it leads to. Returns 0; DF_E_USAGE if the name is a directory's, a
 * device's or the like; DF_E_SYSTEM, DF_E_MEMORY. new_file_end() ends it, also after a failure.
 */
int new_file_begin(struct new_file *file, const char *path, struct df_err *err);

/* Writes all to disk and lets it appear. Returns 0 or DF_E_WRITE: then nothing appeared. */
int new_file_publish(struct new_file *file, struct df_err *err);

/* What was not published is gone. */
void new_file_end(struct new_file *file);

#endif
