/* SPDX-License-Identifier: Apache-2.0 */
/* flags.h - the flags that the tests within a process are about. */
#ifndef TEST_INSIDE_FLAGS_H
#define TEST_INSIDE_FLAGS_H

#include <stddef.h>
#include <stdint.h>

/* A flag and how it is read: 0 or 1; -1 if its sites do not agree. */
struct lamp {
	const char *full_name;
	const char *kind;
	const char *doc;
	int (*read)(void);
	size_t sites;	     /* at least: a compiler may make more of them */
	uint32_t activation; /* as built */
	int held;	     /* on until a controller initialises the module */
};
extern const struct lamp lamps[];
extern const size_t lamp_count;

/* The flag with this full name; NULL if it is none of them. */
const struct lamp *lamp_named(const char *full_name);

#endif
