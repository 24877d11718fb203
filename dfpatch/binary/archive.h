/* SPDX-License-Identifier: Apache-2.0 */
/* archive.h - the relocatable objects of a file: itself, or the members of an archive. */
#ifndef DFPATCH_ARCHIVE_H
#define DFPATCH_ARCHIVE_H

#include <stdbool.h>

#include "err.h"
#include "finding.h"
#include "image.h"

/* Whether an open file is a relocatable object, or an archive, by its first bytes. */
bool archive_is(int fd);

struct archive_visitor {
	/*
	 * Shown each object with flags; takes the image, and what was found when it was linked.
	 * What it returns ends the rest if negative.
	 */
	int (*take)(void *context, struct image *image, struct findings *found, struct df_err *err);
	/* Told each member that may carry flags and is not looked at, and what it is. */
	void (*skip)(void *context, const char *member, const char *what);
	void *context;
};

/*
 * Links each object (object.h), and calls those of an archive PATH(MEMBER). Returns the number of
 * objects with flags, which may be 0, or DF_E_NOT_ELF, what object_link() returns, or what
 * visitor->take returns.
 */
int archive_each(int fd, const char *path, const struct archive_visitor *visitor,
		 struct df_err *err);

#endif
