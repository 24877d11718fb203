/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_draft.h - a file that appears under its name whole or not at all.
 *
 * It is made in the directory where it is to appear, without a name where the file system
 * can do that; else, and for a moment where it takes the place of another file, it is called
 * .dfpatch-XXXXXXXX, which stays behind if we are killed then.
 */
#ifndef DFPATCH_FILE_DRAFT_H
#define DFPATCH_FILE_DRAFT_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

struct file_draft {
	const char *path; /* borrowed */
	const char *name; /* the last part of it */
	int directory;	  /* -1 before file_draft_begin() */
	int fd;		  /* for reading and writing; -1 before file_draft_open() */
	char own[24];	  /* the name that it has so far; "" if it has none */
	bool replaces;	  /* something has the name already: */
	dev_t device;	  /* what it is, links followed */
	ino_t inode;
};

/*
 * Whether a file may appear there. An existing one will be replaced: of a symbolic link
 * the link itself, and of a file with several names this name. Returns 0; DF_E_USAGE if what
 * is there, or a link there leads to, is a directory, a device or the like, something in
 * procfs, or what is open as a standard stream; DF_E_SYSTEM. file_draft_end() ends it, also
 * after a failure.
 */
int file_draft_begin(struct file_draft *draft, const char *path, struct df_err *err);

/* Makes it, empty, with a mode from which the umask is taken. Returns 0 or DF_E_SYSTEM. */
int file_draft_open(struct file_draft *draft, mode_t mode, struct df_err *err);

/* Writes what is in it to disk. Returns 0 or DF_E_WRITE. */
int file_draft_sync(struct file_draft *draft, struct df_err *err);

/*
 * Lets it appear, and syncs the directory. Returns 0 or DF_E_WRITE: then nothing appeared,
 * as when something has the name now that nothing had before.
 */
int file_draft_publish(struct file_draft *draft, struct df_err *err);

/* What was not published is gone. */
void file_draft_end(struct file_draft *draft);

#endif
