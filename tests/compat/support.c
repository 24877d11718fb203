/* SPDX-License-Identifier: Apache-2.0 */
/* support.c - a listing that is kept, and what is printed. */
#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>

static ssize_t keep(void *context, const struct dynamic_flag_state *state)
{
	struct listing *listing = context;

	cr_assert_lt(listing->count, (size_t)LISTING_MAX);
	listing->states[listing->count++] = *state;
	return 0;
}

struct listing listing_of(const char *pattern)
{
	struct listing listing = {.count = 0};

	listing.answer = dynamic_flag_list_state(pattern, keep, &listing);
	return listing;
}

struct dynamic_flag_state state_of(const char *pattern)
{
	const struct listing listing = listing_of(pattern);

	cr_assert_eq(listing.count, (size_t)1, "%s matches %zu sites", pattern, listing.count);
	return listing.states[0];
}

char *print_of(const char *pattern)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_not_null(stream);
	dynamic_flag_list_state(pattern, dynamic_flag_list_fprintf_cb, stream);
	fclose(stream);
	return text;
}

char *print_of_state(const struct dynamic_flag_state *state)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_not_null(stream);
	cr_assert_eq(dynamic_flag_list_fprintf_cb(stream, state), 0);
	fclose(stream);
	return text;
}
