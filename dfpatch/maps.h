/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps.h - the mappings of a process, as proc_pid_maps(5) gives them.
 */
#ifndef DFPATCH_MAPS_H
#define DFPATCH_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* Run-time addresses from `start` to `end`, the end not included. */
struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;  /* in the file, of the byte at `start` */
	uint64_t device;  /* major << 32 | minor */
	uint64_t inode;	  /* 0 if no file lies behind it */
	unsigned prot;	  /* DF_READ | DF_WRITE | DF_EXEC */
	bool private;	  /* MAP_PRIVATE: writes stay in the process */
	bool deleted;	  /* the file has lost its last name */
	const char *path; /* as the kernel gives it, without " (deleted)"; "" if there is none */
};

/* In ascending order of addresses. */
struct maps {
	struct mapping *list; /* owned */
	size_t count;
	char *text; /* owned; the paths point into it */
};

/*
 * Reads and parses an open /proc/PID/maps. Returns 0 and fills *maps, or
 * DF_E_SYSTEM, DF_E_TABLE (a line that is none), DF_E_MEMORY; then *maps is not
 * touched. A process without memory (a zombie, a kernel thread) has 0 mappings.
 */
int maps_read(int fd, struct maps *maps, struct df_err *err);

/* Parses `text` (allocated, terminated), which *maps owns when it returns 0. */
int maps_parse(char *text, struct maps *maps, struct df_err *err);

/* Gives a mapping its path, cutting off and noting " (deleted)". `path` is changed and borrowed. */
void mapping_name(struct mapping *mapping, char *path);

/* The mapping that holds `addr`, or NULL. */
const struct mapping *maps_find(const struct maps *maps, uint64_t addr);

void maps_free(struct maps *maps);

#endif
