/* SPDX-License-Identifier: Apache-2.0 */
/* pick.h - which sites of a module an operation is about. */
#ifndef DF_PICK_H
#define DF_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "loaded.h"
#include "match.h"

/* Sites by index, ascending. */
struct picks {
	bool all; /* then there is no list */
	uint32_t count;
	const uint32_t *list;
	uint32_t *owned; /* the list, if it must be freed; picks_free() */
};

static inline uint32_t pick_at(const struct picks *picks, uint32_t i)
{
	return picks->all ? i : picks->list[i];
}

/*
 * The sites whose kind equals `kind` and whose full name the pattern matches; NULL
 * stands for any. Returns 0, or DF_E_MATCH_FAILED, DF_E_MEMORY, DF_E_TABLE, DF_E_VERSION
 * with nothing picked.
 */
int pick(struct loaded *module, const char *kind, const struct df_pattern *pattern,
	 struct picks *picks, struct df_err *err);

/* Checks their records, unless it was done before. 0, DF_E_TABLE or DF_E_VERSION. */
int picks_check(struct loaded *module, const struct picks *picks, struct df_err *err);

/* How many flags that are: full names. Returns 0 with the number in *flags, or an error. */
int picks_flags(struct loaded *module, const struct picks *picks, uint32_t *flags,
		struct df_err *err);

void picks_free(struct picks *picks);

#endif
