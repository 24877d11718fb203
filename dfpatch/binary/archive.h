/* SPDX-License-Identifier: Apache-2.0 */
/* archive.h - the relocatable objects of a file: itself, or the members of an archive. */
#ifndef DFPATCH_ARCHIVE_H
#define DFPATCH_ARCHIVE_H

#include <stdbool.h>

#include "err.h"
#include "image.h"

/* Whether an open file is a relocatable object, or an archive, by its first bytes. */
bool archive_is(int fd);

/* Shown each object with flags; takes the image. What it returns ends the rest if negative. */
typedef int (*archive_take)(void *context, struct image *image, struct df_err *err);

/*
 * Links each object (object.h), and calls those of an archive PATH(MEMBER). Members that are
 * none are passed over. Returns the number of objects with flags, which may be 0, or
 * DF_E_NOT_ELF, what object_link() returns, or what `take` returns.
 */
int archive_each(int fd, const char *path, archive_take take, void *context, struct df_err *err);

#endif
