/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.h - what differs between the flags of two modules, as they were built.
 *
 * A flag of one is a flag of the other if both have the same kind and name. Where
 * several have, they are paired within the same file; then in files of the same base
 * name; then what is left. In each of these, those with the same doc come first, and then
 * the others: in the order of lines if either module has as many of them, and else by
 * default and line, default, line, and what is left in order. Those that then have no
 * partner were added or removed. Time grows with n log n in the number of flags, memory
 * with n.
 */
#ifndef DFPATCH_BINARY_DIFF_H
#define DFPATCH_BINARY_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "image.h"

/* Each with the word that reports use for it. */
#define DIFF_LIST(X)                                                                               \
	X(DIFF_REMOVED, "removed")   /* only the old module has it */                              \
	X(DIFF_ADDED, "added")	     /* only the new one */                                        \
	X(DIFF_MOVED, "moved")	     /* another file or line, so another full name */              \
	X(DIFF_DEFAULT, "default")   /* another state as built */                                  \
	X(DIFF_COUNT, "count")	     /* the same state from other counts: `preset` makes such */   \
	X(DIFF_UNHOOK, "unhook")     /* other unhook counts as built */                            \
	X(DIFF_COMPILED, "compiled") /* another value lies straight ahead */                       \
	X(DIFF_SITES, "sites")	     /* another number of them */                                  \
	X(DIFF_DOC, "doc")

enum diff_what {
#define DIFF_ENUM(WHAT, NAME) WHAT,
	DIFF_LIST(DIFF_ENUM)
#undef DIFF_ENUM
		DIFF_WHATS,
};

/* A flag that differs; its strings and those of the docs are the images'. */
struct difference {
	const struct df_flag *old; /* NULL: added */
	const struct df_flag *new; /* NULL: removed */
	const char *old_doc; /* with DIFF_DOC: one that the other does not have; else the first */
	const char *new_doc;
	unsigned what; /* bit 1 << WHAT for each of the above */
};

struct diff {
	const struct image *old, *new;
	struct difference
		*list; /* owned; by kind, name, and place in the old module if it has one */
	size_t count;
	size_t alike;		  /* flags without any difference */
	size_t whats[DIFF_WHATS]; /* flags by what differs; one flag may be in several */
};

/* Returns 0 or DF_E_MEMORY. The images must outlive *diff. diff_free() ends it in both cases. */
int diff_images(const struct image *old, const struct image *new, struct diff *diff,
		struct df_err *err);

void diff_free(struct diff *diff);

/* "moved" and so on. */
const char *diff_what_name(enum diff_what what);

/* Which value of a flag lies straight ahead in its text: "on", "off" or "mixed". */
const char *diff_compiled_for(const struct image *image, const struct df_flag *flag);

#endif
