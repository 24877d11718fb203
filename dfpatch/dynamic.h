/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dynamic.h - the dynamic section of a live module (elf(5), "Dynamic tags"), as it
 * lies in memory. All of it may lie; addresses are run-time addresses.
 */
#ifndef DFPATCH_DYNAMIC_H
#define DFPATCH_DYNAMIC_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"

struct dynamic {
	const struct image *image; /* borrowed */
	const uint8_t *entries;	   /* in the image's snapshot, not aligned */
	size_t count;
	uint64_t strings;
	uint64_t strings_size;
	uint64_t symbols;     /* 0 if it has none */
	uint64_t relocations; /* DT_RELA */
	uint64_t relocations_size;
	const char *soname; /* NULL if it has none */
	bool pinned;	    /* it asks never to be unloaded */
	bool is_program;    /* an executable, and no shared object (DF_1_PIE, if its linker says) */
};

/* False if the module has none, as a static program, or too much of one; then *dynamic is empty. */
bool dynamic_open(struct dynamic *dynamic, const struct image *image);

Elf64_Dyn dynamic_entry(const struct dynamic *dynamic, size_t i);

/* A terminated string of its string table, which lasts as long as the image; NULL if there is none.
 */
const char *dynamic_string(const struct dynamic *dynamic, uint64_t offset);

/*
 * Whether the module's data still shows what the loader wrote there when it
 * relocated it. If not, the file was overwritten in place, whereupon the kernel
 * drops what was written to the pages; or the module is just being loaded. True
 * also where nothing can be told.
 */
bool dynamic_relocated(const struct dynamic *dynamic);

#endif
