/* SPDX-License-Identifier: Apache-2.0 */
/* What the run tests share: a listing that is kept, and what a pattern matches. */
#ifndef TESTS_COMPAT_SUPPORT_H
#define TESTS_COMPAT_SUPPORT_H

#include <stddef.h>

#include <dynamic_flag.h>

#define LISTING_MAX 64

/* Entries as they came; their strings are pointers that were handed out. */
struct listing {
	size_t count;
	struct dynamic_flag_state states[LISTING_MAX];
	ssize_t answer; /* of dynamic_flag_list_state() */
};
struct listing listing_of(const char *pattern);

/* The state of the one site that matches; the test fails if there is another number of them. */
struct dynamic_flag_state state_of(const char *pattern);

/* What dynamic_flag_list_fprintf_cb prints for a pattern, or for one state. To be freed. */
char *print_of(const char *pattern);
char *print_of_state(const struct dynamic_flag_state *state);

#endif
