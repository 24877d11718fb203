/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - what is worked out about the names of a module's flags, and kept.
 *
 * Three things, each made when it is first needed: which sites are the first of their
 * full name, the sites in the order of a listing, and the full names as text. For
 * 100,000 sites they take some 12 KB, 400 KB, and the length of the names.
 */
#ifndef DF_NAMES_H
#define DF_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "loaded.h"

struct names {
	uint64_t *first; /* a bit per site: the first of its full name in the table */
	uint32_t flag_count;
	uint32_t *order;   /* sites by kind, name, file, line and address */
	bool unsearchable; /* some kind has a colon, so that a full name does not tell its parts */
	bool odd;	   /* some name has an @ */
	char *text;	   /* full names, one behind the other, */
	size_t *text_at;   /* and where that of order[i] begins */
};

/* Each makes one of the three, if it was not yet. 0, DF_E_MEMORY, DF_E_TABLE, DF_E_VERSION. */
int names_count(struct loaded *module, struct df_err *err);
int names_sort(struct loaded *module, struct df_err *err);
int names_spell(struct loaded *module, struct df_err *err);

static inline bool names_is_first(const struct names *names, uint32_t site)
{
	return (names->first[site / 64] >> (site % 64)) & 1;
}

/*
 * In a module that is sorted and not unsearchable: the part of the order in which every
 * site lies whose full name begins with the `length` bytes at `prefix`; others may too.
 */
void names_range(const struct loaded *module, const char *prefix, size_t length, uint32_t *from,
		 uint32_t *to);

#endif
