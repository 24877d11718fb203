/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nearest.h - which of the names that there are somebody may have meant by one that there is not:
 * the one that the fewest slips of the fingers lie between.
 */
#ifndef DFPATCH_NEAREST_H
#define DFPATCH_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* Longer names, and more of them, are not looked at: names of a program may be any. */
#define NEAREST_LENGTH 96
#define NEAREST_NAMES 100000

struct nearest {
	char wanted[NEAREST_LENGTH + 2]; /* cut, if it is too long */
	char name[NEAREST_LENGTH + 1];
	size_t distance; /* of that name; while there is none, one more than is near */
	size_t offered;
};

/* Begins a search for a name near to `wanted`. */
void nearest_begin(struct nearest *nearest, const char *wanted);

/* One of the names that there are; copied if it is nearer than those before. */
void nearest_offer(struct nearest *nearest, const char *name);

/* The nearest, or NULL if none is near: more than a third of its letters would be others. */
const char *nearest_name(const struct nearest *nearest);

#endif
