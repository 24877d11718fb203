/* SPDX-License-Identifier: Apache-2.0 */
/* disk.h - whether the file on disk is still the one that a process runs. */
#ifndef DFPATCH_DISK_H
#define DFPATCH_DISK_H

#include "elf_file.h"
#include "maps.h"
#include "process.h"

/*
 * Compares the file at a mapping's path, as the process sees it, with what is
 * mapped (`loaded`): by build-id where both have one, else by device and inode.
 * Returns NULL if they agree or nothing can be told, else an allocated sentence.
 * Paths are the target's: they are opened inside its root directory, or ours if
 * they lead nowhere there and the mounts are the same, and only if they are
 * regular files.
 */
char *disk_difference(const struct process *process, const struct mapping *mapping,
		      const struct elf_info *loaded);

#endif
