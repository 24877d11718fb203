/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_dir.h - a git directory of our own for somebody's checkout.
 *
 * A checkout's configuration, hooks and attributes can name programs for git to run. So
 * git gets a private directory instead of the checkout's .git: with our configuration,
 * a copy of HEAD, and links to nothing but objects and references. That holds for keys
 * that later versions of git will know, too.
 */
#ifndef DFPATCH_GIT_DIR_H
#define DFPATCH_GIT_DIR_H

#include <stdbool.h>

#include "err.h"

struct git_dir {
	char *path;	    /* owned: the private directory */
	char *work_tree;    /* owned: the checkout, without links or .. */
	char *their_config; /* owned: the checkout's configuration, for git_dir_configure() */
	int fd;		    /* of the private directory */
	bool shallow;	    /* the checkout holds only the last part of its history */
};

/*
 * Makes one in $TMPDIR or /tmp for the checkout whose top is `checkout`; also where .git
 * is a file that leads to it, as in further work trees and submodules. Returns 0,
 * DF_E_SYSTEM (no checkout, a pipe or device where it has a file or directory, or files
 * cannot be made), DF_E_MEMORY. git_dir_remove() ends it, also after a failure.
 */
int git_dir_make(const char *checkout, struct git_dir *dir, struct df_err *err);

/*
 * How objects are named and references kept, as `git config` says of the checkout; NULL
 * for what it does not say. Returns 0, or DF_E_SYSTEM for a value that is no word.
 */
int git_dir_configure(const struct git_dir *dir, const char *object_format,
		      const char *reference_storage, struct df_err *err);

void git_dir_remove(struct git_dir *dir);

#endif
