/* SPDX-License-Identifier: Apache-2.0 */
/* map_files.h - where the mappings of files begin, by the names in /proc/PID/map_files. */
#ifndef DFPATCH_MAP_FILES_H
#define DFPATCH_MAP_FILES_H

#include <stddef.h>
#include <stdint.h>

/* More than that of one process are left out. */
#define MAP_FILES_MAX 512

/* Run-time addresses, ascending: hints, since mappings come and go. */
struct map_files {
	uint64_t starts[MAP_FILES_MAX];
	size_t count;
};

/*
 * Reads the names in an open /proc/PID/map_files, whose offset must be 0. Some
 * or all may be missing: where the kernel does not tell them (that takes the
 * right to trace the process), where a signal came, or where there are too many.
 */
void map_files_read(int dir, struct map_files *files);

#endif
