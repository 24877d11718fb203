/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds.h - a module's sites by their kind, made when a kind is first asked for.
 * Four bytes a site.
 */
#ifndef DF_KINDS_H
#define DF_KINDS_H

#include <stdint.h>

#include "err.h"
#include "loaded.h"

struct kind {
	const char *text; /* the module's */
	uint32_t first;	  /* in `sites` */
	uint32_t count;
};

struct kinds {
	struct kind *list; /* in the order in which the table first has them */
	uint32_t count;
	bool too_many;	 /* to be kept; there is no list then */
	uint32_t *sites; /* by kind, and by index in each */
};

/* Makes them, if they were not yet. 0, DF_E_MEMORY, DF_E_TABLE, DF_E_VERSION. */
int kinds_make(struct loaded *module, struct df_err *err);

/* The kind of this text, NULL if there is none. */
const struct kind *kinds_find(const struct kinds *kinds, const char *text);

#endif
