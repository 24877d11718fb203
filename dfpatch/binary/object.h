/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.h - a relocatable object as if it were linked. Uses libelf.
 *
 * The sections that a program would load are laid out at made-up addresses, and
 * the distances in records and code are filled in by the object's relocations.
 * What comes of it reads like any module.
 */
#ifndef DFPATCH_OBJECT_H
#define DFPATCH_OBJECT_H

#include <stdint.h>

#include "err.h"
#include "finding.h"
#include "image.h"

struct Elf; /* libelf.h */

/*
 * Makes the image of an ELF file of type ET_REL, to be called `path`, of which `size` bytes are
 * there. Its table is found: image->table has all records. What is wrong with them or with
 * relocations is added to *findings; what a record should lead to by such a relocation, it leads
 * nowhere. `file` is what `elf` was begun with. Returns 1, 0 if it carries no flags, or
 * DF_E_NOT_ELF (also if any section lies beyond `size`, or two share bytes), DF_E_ARCH, DF_E_TABLE
 * (more records than there may be), DF_E_SYSTEM, DF_E_MEMORY.
 */
int object_link(struct Elf *elf, int file, const char *path, uint64_t size, struct image **image,
		struct findings *findings, struct df_err *err);

#endif
