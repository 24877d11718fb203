/* SPDX-License-Identifier: Apache-2.0 */
/*
 * points.h - the addresses that matter to a proof, in ascending order: sites, and their targets.
 *
 * Eight bytes each. Counted from a base, like functions.
 */
#ifndef DFPATCH_POINTS_H
#define DFPATCH_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "site_bytes.h"

struct point {
	uint32_t at; /* from the base */
	uint32_t site;
};

struct points {
	struct point *list; /* owned */
	size_t count;
};

/*
 * Makes the points of all sites, or of all targets. Those that are below the base or 4 GB above
 * it have none. Returns 0 (released by points_free) or DF_E_MEMORY.
 */
int points_make(const struct places *places, uint64_t base, bool targets, struct points *points,
		struct df_err *err);

/* The index of the first point at `at` or above; the count if there is none. */
size_t points_from(const struct points *points, uint64_t at);

void points_free(struct points *points);

#endif
