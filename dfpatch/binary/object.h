/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.h - relocatable objects, and archives of them, as if they were linked.
 *
 * The sections of an object that a program would load are laid out at made-up
 * addresses, and the distances in its records and code are filled in by its
 * relocations. What comes of it reads like any module. Uses libelf.
 */
#ifndef DFPATCH_OBJECT_H
#define DFPATCH_OBJECT_H

#include <stdbool.h>

#include "err.h"
#include "image.h"

/* Whether an open file is a relocatable object, or an archive. */
bool object_is(int fd);

/* Shown each object with flags; takes the image. What it returns ends the rest if negative. */
typedef int (*object_take)(void *context, struct image *image, struct df_err *err);

/*
 * Takes the object in an open file, or the objects of an archive, whose images are called
 * PATH(MEMBER). The table of each is found: image->table has all records. Returns the number of
 * objects with flags, which may be 0, or DF_E_NOT_ELF, DF_E_ARCH, DF_E_TABLE (records that are
 * no whole ones, or with relocations that lead nowhere), DF_E_SYSTEM, DF_E_MEMORY, or what `take`
 * returns.
 */
int objects_each(int fd, const char *path, object_take take, void *context, struct df_err *err);

#endif
