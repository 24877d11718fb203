/* SPDX-License-Identifier: Apache-2.0 */
/* blame.h - what `git blame --porcelain` says: which commit each line is from. */
#ifndef DFPATCH_BLAME_H
#define DFPATCH_BLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define COMMIT_ID_TEXT 65 /* 64 hexadecimal digits at most, and a terminator */
#define COMMIT_AUTHOR_MAX 256

/* Strings are as untrusted as the checkout. */
struct commit {
	char id[COMMIT_ID_TEXT];
	bool recorded;			/* false: the line is in no commit yet */
	int64_t time;			/* when it was written, seconds since 1970 */
	char author[COMMIT_AUTHOR_MAX]; /* cut to fit */
};

/* Those seen so far, of any number of files; *commits begins as all zero. */
struct commits {
	void *by_id;
	struct commit **list; /* owned */
	size_t count, room;
};

typedef void blame_line(void *context, uint32_t line, const struct commit *commit);

/*
 * Calls `found` for each line of the file that the output speaks of; the commit lives until
 * commits_free(). The output is untrusted. Returns 0, DF_E_SYSTEM (no such output; some
 * lines may have been told by then), DF_E_MEMORY.
 */
int blame_read(const char *text, size_t size, struct commits *commits, blame_line *found,
	       void *context, struct df_err *err);

void commits_free(struct commits *commits);

#endif
