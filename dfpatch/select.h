/* SPDX-License-Identifier: Apache-2.0 */
/* select.h - from the patterns and criteria of a command line to the sites of the loaded modules.
 */
#ifndef DFPATCH_SELECT_H
#define DFPATCH_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "criteria.h"
#include "err.h"
#include "image.h"
#include "match.h"

/* Selected sites, by image and by site: selected[i][j] for images->list[i]->sites[j]. */
struct selection {
	bool **selected; /* owned */
	size_t image_count;
	bool chosen; /* by criteria, so that there may be other flags */
};

/*
 * Selects, of the sites that are what the criteria ask for, those that any of the patterns means;
 * all, if there are none of these, or of those (also NULL). States do not matter yet. Returns 0,
 * DF_E_NO_MATCH (naming the first criterion or pattern that means no site), DF_E_PATTERN,
 * DF_E_MATCH_FAILED, DF_E_MEMORY. selection_free() ends it, also after a failure.
 */
int selection_make(struct selection *selection, const struct images *images,
		   const struct criteria *criteria, const char *const *patterns,
		   size_t pattern_count, struct df_err *err);

/*
 * The same, but criteria and patterns that mean no site are no error: for modules that come and go.
 */
int selection_make_of_those_there(struct selection *selection, const struct images *images,
				  const struct criteria *criteria, const char *const *patterns,
				  size_t pattern_count, struct df_err *err);

/* Leaves those whose flags are in the states asked for, by their counts as read last. */
void selection_narrow(struct selection *selection, const struct images *images,
		      const struct criteria *criteria);

bool selection_empty(const struct selection *selection, const struct images *images);

/* All sites, or none. Returns 0 or DF_E_MEMORY; selection_free() ends it, also after a failure. */
int selection_new(struct selection *selection, const struct images *images, bool all,
		  struct df_err *err);

/* DF_E_NO_MATCH: the pattern means no site among those of the images; see hints.h. */
int selection_no_match(const struct selection *among, const struct images *images,
		       const char *pattern, struct df_err *err);

void selection_free(struct selection *selection);

#endif
