/* SPDX-License-Identifier: Apache-2.0 */
/* cursor.h - the sites of one module on their way to a listing, a batch at a time. */
#ifndef DF_CURSOR_H
#define DF_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../include/df.h"
#include "err.h"
#include "loaded.h"
#include "match.h"

#define CURSOR_BATCH 128

struct cursor {
	uint64_t serial;		     /* of the module, */
	const struct df_control_v1 *control; /* and where it is */
	const struct df_site_v1 *records;
	uint32_t sites;
	uint32_t *places; /* positions in the module's order of names */
	uint32_t count;
	uint32_t next;		      /* of places, the first that was not copied yet */
	struct df_flag_info *entries; /* the copies */
	uint32_t have;
	uint32_t at;   /* the one whose turn it is */
	char *strings; /* theirs, where the module may be unloaded */
};

/*
 * Begins at the first site that matches; `pattern` NULL stands for all. From within
 * loaded_visit(). Returns 0, or what match.h and names.h return. Ended by
 * cursor_free(), also after an error.
 */
int cursor_begin(struct cursor *cursor, struct loaded *module, const struct df_pattern *pattern,
		 struct df_err *err);

/*
 * The entry whose turn it is, NULL behind the last; `duplicate` knows of this module only. When the
 * copies are used up it enters the guard and copies more. An error is in err->code.
 */
struct df_flag_info *cursor_entry(struct cursor *cursor, struct df_err *err);

static inline void cursor_advance(struct cursor *cursor)
{
	cursor->at++;
}

void cursor_free(struct cursor *cursor);

#endif
