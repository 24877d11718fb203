/* SPDX-License-Identifier: Apache-2.0 */
/* repository.h - git repositories for tests, in a scratch directory that goes with the test. */
#ifndef REPOSITORY_H
#define REPOSITORY_H

#include <stdbool.h>

/*
 * Makes a scratch directory and goes there; $TMPDIR is "tmp" in it, and empty. Skips the
 * test where there is no git.
 */
void repository_begin(void);

/*
 * Runs a script with sh -eu in the scratch directory, with the $PATH of the beginning;
 * `commit DATE AUTHOR FILE...` in it commits. Fails the test if the script fails.
 */
void repository_make(const char *script);

/* Whether a path in the scratch directory is there. */
bool repository_has(const char *path);

/* Whether nothing is in $TMPDIR now. */
bool repository_is_tidy(void);

/* The absolute path; static memory. */
const char *repository_path(const char *path);

/* Fails the test if anything was left in $TMPDIR; removes all. */
void repository_end(void);

#endif
