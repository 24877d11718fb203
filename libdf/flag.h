/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag.h - from sites to flags: the sites that bear one full name.
 */
#ifndef DF_FLAG_H
#define DF_FLAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "site.h"

/* A flag's sites are order[first] to order[first + count - 1]. */
struct df_flag {
	uint32_t first;
	uint32_t count; /* at least 1 */
};

/*
 * Fills `order` with the indices of the `count` sites, sorted by kind, name,
 * file, line (as a number) and address, and `flags` with one entry per full
 * name. Both have room for `count` entries. Returns the number of flags.
 */
size_t df_flags_group(const struct df_site *sites, size_t count, uint32_t *order,
		      struct df_flag *flags);

/* By kind, name, file and line: below, above or 0, as strcmp(3). */
int df_site_compare_names(const struct df_site *a, const struct df_site *b);

/* Whether both bear one full name. */
bool df_site_same_name(const struct df_site *a, const struct df_site *b);

#endif
