/* SPDX-License-Identifier: Apache-2.0 */
/* map_files.c - where the mappings of files begin, by the names in /proc/PID/map_files. */
#include "map_files.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/types.h>

#define ENTRY_ROOM 56 /* struct dirent64 with "START-END", 16 hexadecimal digits each, rounded up */

static void add(struct map_files *files, const char *name)
{
	uint64_t start, end;
	if (sscanf(name, "%" SCNx64 "-%" SCNx64, &start, &end) != 2 || start >= end ||
	    (files->count > 0 && start <= files->starts[files->count - 1]))
		return;
	files->starts[files->count++] = start;
}

/*
 * One call of getdents64(2): the kernel walks over all mappings in each of them
 * (proc_map_files_readdir() in fs/proc/base.c), so that another one, to be told
 * that this was all, would take as long again.
 */
void map_files_read(int dir, struct map_files *files)
{
	char buffer[MAP_FILES_MAX * ENTRY_ROOM] __attribute__((aligned(8)));
	files->count = 0;
	const ssize_t length = getdents64(dir, buffer, sizeof(buffer));
	for (ssize_t at = 0; at < length && files->count < MAP_FILES_MAX;) {
		const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);
		add(files, entry->d_name);
		at += entry->d_reclen;
	}
}
