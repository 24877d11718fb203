/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rewrite.h - a copy of a file with some bytes changed, which appears under its name
 * whole or not at all (file_draft.h).
 *
 * What is read is never written to. Signals that would end us are held back meanwhile,
 * and end the copying. Not for several threads.
 */
#ifndef DFPATCH_REWRITE_H
#define DFPATCH_REWRITE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "err.h"
#include "file_copy.h"
#include "file_draft.h"

struct rewrite {
	const char *from_path; /* borrowed */
	int from_fd;	       /* borrowed */
	struct stat from;      /* as it was before */
	struct file_draft draft;
	bool owner_kept; /* user and group are those of the file read */
	struct sigaction file_too_large;
	sigset_t mask;
	bool held;
};

/* How a file is before it is opened: whatever is done to it later shows. 0 or DF_E_SYSTEM. */
int rewrite_look(const char *path, struct stat *from, struct df_err *err);

/*
 * Begins a copy of the file that `from_fd` was opened to and that `from` told of before.
 * Returns 0; DF_E_USAGE if `to_path` is that file, under whatever name; or an error of
 * file_draft_begin(). rewrite_end() ends it, also after a failure. All strings are the
 * caller's.
 */
int rewrite_begin(struct rewrite *rewrite, const char *from_path, int from_fd,
		  const struct stat *from, const char *to_path, struct df_err *err);

/*
 * Makes the copy: all bytes with the edits (file_copy.h), user and group where we may, and
 * mode; set-user-ID and set-group-ID bits are left out where user or group could not be kept.
 * Returns 0, DF_E_WRITE, DF_E_CHANGED (the file is not what it was), DF_E_SYSTEM.
 */
int rewrite_copy(struct rewrite *rewrite, const struct file_edit *edits, size_t count,
		 struct df_err *err);

/* Whether set-user-ID or set-group-ID were left out. */
bool rewrite_dropped_bits(const struct rewrite *rewrite);

/* Writes the copy to disk and lets it appear. Returns 0, DF_E_WRITE or DF_E_SYSTEM. */
int rewrite_publish(struct rewrite *rewrite, struct df_err *err);

void rewrite_end(struct rewrite *rewrite);

#endif
