/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/flag.c: sites in the order of their flags, and one flag per full name. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "flag.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define SITE(KIND, NAME, FILE, LINE, ADDR)                                                         \
	{                                                                                          \
		.kind = KIND, .name = NAME, .file = FILE, .line = LINE, .addr = ADDR               \
	}

/* In their order, with the number of the flag that each belongs to. */
static const struct {
	struct df_site site;
	uint32_t flag;
} sorted[] = {
	{SITE("", "x", "a.c", 1, 1), 0},
	{SITE("db", "x", "a.c", 9, 0x500), 1},
	{SITE("db", "x", "a.c", 9, 0x501), 1},
	{SITE("db", "x", "a.c", 10, 0x100), 2},
	{SITE("db", "x", "a.c", 100, 0x90), 3},
	{SITE("db", "x", "a.c", UINT32_MAX, 0x80), 4},
	{SITE("db", "x", "b.c", 1, 0x70), 5},
	{SITE("db", "xy", "a.c", 1, 0x60), 6},
	{SITE("db", "xy", "a.c", 1, UINT64_MAX), 6},
	{SITE("dbx", "a", "a.c", 1, 0x10), 7},
	{SITE("http", "a", "a.c", 1, 0x20), 8},
	{SITE("http", "\xc3\xa9", "a.c", 1, 0x20), 9},
};

/* Fisher-Yates over a small linear congruential generator: the same in every run. */
static void shuffle(uint32_t *index, size_t count, uint32_t seed)
{
	for (size_t i = 0; i < count; i++)
		index[i] = (uint32_t)i;
	for (size_t i = count - 1; i > 0; i--) {
		seed = seed * 1664525 + 1013904223;
		const size_t k = (seed >> 8) % (i + 1);
		const uint32_t other = index[i];
		index[i] = index[k];
		index[k] = other;
	}
}

static void check_order(const uint32_t *shown)
{
	struct df_site sites[COUNT(sorted)];
	uint32_t order[COUNT(sorted)];
	struct df_flag flags[COUNT(sorted)];
	char *texts[COUNT(sorted)];
	for (size_t i = 0; i < COUNT(sorted); i++) {
		sites[i] = sorted[shown[i]].site;
		/* Equal strings at different addresses are equal all the same. */
		sites[i].name = texts[i] = strdup(sites[i].name);
	}
	const size_t found = df_flags_group(sites, COUNT(sorted), order, flags);
	cr_assert_eq(found, sorted[COUNT(sorted) - 1].flag + 1);
	for (uint32_t f = 0, i = 0; f < found; f++) {
		cr_expect_eq(flags[f].first, i, "flag %u", f);
		for (uint32_t k = 0; k < flags[f].count; k++, i++) {
			cr_expect_eq(shown[order[i]], i, "place %u", i);
			cr_expect_eq(sorted[i].flag, f, "place %u", i);
		}
	}
	for (size_t i = 0; i < COUNT(sorted); i++)
		free(texts[i]);
}

Test(flag, sorted_by_kind_name_file_line_and_address)
{
	uint32_t shown[COUNT(sorted)];
	for (uint32_t i = 0; i < COUNT(sorted); i++)
		shown[i] = i;
	check_order(shown);
	for (uint32_t seed = 0; seed < 200; seed++) {
		shuffle(shown, COUNT(sorted), seed);
		check_order(shown);
	}
}

Test(flag, no_sites_make_no_flags)
{
	uint32_t order[1];
	struct df_flag flags[1];
	cr_expect_eq(df_flags_group(NULL, 0, order, flags), 0);
}

Test(flag, one_flag_of_many_sites)
{
	struct df_site sites[1000];
	uint32_t order[COUNT(sites)];
	struct df_flag flags[COUNT(sites)];
	for (size_t i = 0; i < COUNT(sites); i++)
		sites[i] = (struct df_site)SITE("k", "n", "f.c", 3, 1000 - i);
	cr_assert_eq(df_flags_group(sites, COUNT(sites), order, flags), 1);
	cr_expect_eq(flags[0].first, 0);
	cr_expect_eq(flags[0].count, COUNT(sites));
	for (size_t i = 0; i < COUNT(sites); i++)
		cr_expect_eq(order[i], COUNT(sites) - 1 - i);
}

/* Of kind, name, file and line, each alone makes another flag; the doc does not. */
Test(flag, what_makes_a_flag)
{
	const struct df_site base = SITE("k", "n", "f.c", 3, 1);
	struct df_site sites[2] = {base, base};
	uint32_t order[2];
	struct df_flag flags[2];
	sites[1].doc = "another";
	sites[1].addr = 2;
	cr_expect_eq(df_flags_group(sites, 2, order, flags), 1);
	sites[1] = base;
	sites[1].kind = "l";
	cr_expect_eq(df_flags_group(sites, 2, order, flags), 2);
	sites[1] = base;
	sites[1].name = "m";
	cr_expect_eq(df_flags_group(sites, 2, order, flags), 2);
	sites[1] = base;
	sites[1].file = "g.c";
	cr_expect_eq(df_flags_group(sites, 2, order, flags), 2);
	sites[1] = base;
	sites[1].line = 4;
	cr_expect_eq(df_flags_group(sites, 2, order, flags), 2);
}
