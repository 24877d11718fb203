/* SPDX-License-Identifier: Apache-2.0 */
/* select.h - from the patterns of a command line to the sites of the loaded modules. */
#ifndef DFPATCH_SELECT_H
#define DFPATCH_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "image.h"
#include "match.h"

/* Selected sites, by image and by site: selected[i][j] for images->list[i]->sites[j]. */
struct selection {
	bool **selected; /* owned */
	size_t image_count;
};

/*
 * Selects the sites that any of the patterns means; all, if there are none.
 * Returns 0, DF_E_NO_MATCH (naming the first pattern that means no site),
 * DF_E_PATTERN, DF_E_MATCH_FAILED, DF_E_MEMORY. selection_free() ends it, also
 * after a failure.
 */
int selection_make(struct selection *selection, const struct images *images,
		   const char *const *patterns, size_t pattern_count, struct df_err *err);

/* All sites, or none. Returns 0 or DF_E_MEMORY; selection_free() ends it, also after a failure. */
int selection_new(struct selection *selection, const struct images *images, bool all,
		  struct df_err *err);

/* DF_E_NO_MATCH, naming the pattern. */
int selection_no_match(const char *pattern, struct df_err *err);

void selection_free(struct selection *selection);

#endif
