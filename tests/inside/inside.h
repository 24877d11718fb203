/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - what the tests of libdf share: listings that are kept, and the words behind a flag. */
#ifndef TEST_INSIDE_H
#define TEST_INSIDE_H

#include <df.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

/* The control block of the test program itself. */
extern struct df_control_v1 df_module_v1 __attribute__((visibility("hidden")));

/* What df_list() told, with copies of all strings. */
struct listing {
	struct df_flag_info *entries;
	size_t count;
	int answer; /* of df_list() */
};

/* NULL for every flag. Fails the test if df_list() returns an error. */
struct listing listing_of(const char *pattern);
void listing_free(struct listing *listing);

/* How many full names there are, counted once per module, by looking at each pair. */
int listing_flags(const struct listing *listing);

/* The one flag of the executable that matches; the test fails if there is another number. */
struct df_flag_info flag_of(const char *pattern);

/* Of the executable: the state of a site, and its record. */
struct df_state_v1 *state_of(const void *site);
const struct df_site_v1 *record_of(const void *site);

/* Counts written where they are stored, whoever they belong to. */
void store_counts(const char *pattern, uint32_t activation, uint32_t unhook);

/* Whether every byte that libdf may change is as it was: all state and control, and text at sites.
 */
struct snapshot {
	unsigned char *bytes;
	size_t size;
};
struct snapshot snapshot_take(void);
bool snapshot_is_same(struct snapshot *before); /* frees it */

#endif
