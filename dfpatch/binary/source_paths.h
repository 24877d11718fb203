/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_paths.h - from the file that a compiler wrote down to a file of a checkout.
 *
 * What a record says may be absolute, relative to where the compiler ran, or mapped to
 * another prefix; so what counts is how many components at its end are those of a path in
 * the checkout. Components "." and ".." are resolved by their text alone.
 */
#ifndef DFPATCH_SOURCE_PATHS_H
#define DFPATCH_SOURCE_PATHS_H

#include <stddef.h>

#include "err.h"

struct source_paths {
	const char **list; /* owned; ordered from their ends on */
	size_t count;
	char *names; /* owned: what they are parts of */
};

/*
 * Takes `names`, `size` bytes of malloc(3) with paths that each end in a 0. Returns 0 or
 * DF_E_MEMORY; source_paths_free() ends it in both cases.
 */
int source_paths_take(char *names, size_t size, struct source_paths *paths, struct df_err *err);

enum source_path {
	SOURCE_PATH_FOUND,
	SOURCE_PATH_NONE,
	SOURCE_PATH_AMBIGUOUS, /* *path is one of several that fit as well as one another */
};

/*
 * The path with the most components in common at the end, at least the last one. Of several
 * with as many, it is the one that has no others, if there is. Time grows with the
 * length of `file` and the logarithm of the number of paths.
 */
enum source_path source_paths_find(const struct source_paths *paths, const char *file,
				   const char **path);

void source_paths_free(struct source_paths *paths);

#endif
