/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/points.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "fake_places.h"
#include "points.h"
#include "site.h"

#define BASE UINT64_C(0x10000)
#define COUNT 6

static const struct place list[COUNT] = {
	{BASE + 0x20, BASE + 0x90, DF_STYLE_X86_GOTO},
	{BASE + 0x10, BASE + 0x80, DF_STYLE_X86_GOTO},
	{BASE - 1, BASE, DF_STYLE_X86_GOTO},
	{BASE + 0x30, 0, DF_STYLE_X86_CARRY},
	{BASE + UINT32_MAX, BASE + UINT32_MAX + 1ull, DF_STYLE_X86_GOTO},
	{BASE + 0x10, BASE + 0x80, DF_STYLE_X86_GOTO},
};

static void expect(bool targets, const struct point *points, size_t count)
{
	const struct places places = fake_places(list, COUNT, 1);
	struct points found;
	struct df_err err;
	cr_assert_eq(points_make(&places, BASE, targets, &found, &err), 0);
	cr_assert_eq(found.count, count);
	for (size_t i = 0; i < count; i++)
		cr_expect(found.list[i].at == points[i].at && found.list[i].site == points[i].site,
			  "%zu: %#x of %u", i, found.list[i].at, found.list[i].site);
	cr_expect_eq(points_from(&found, 0), 0);
	for (size_t i = 1; i < count; i++)
		if (points[i - 1].at != points[i].at)
			cr_expect_eq(points_from(&found, points[i - 1].at + 1ull), i);
	cr_expect_eq(points_from(&found, UINT64_MAX), count);
	points_free(&found);
}

Test(points, sites)
{
	static const struct point points[] = {
		{0x10, 1}, {0x10, 5}, {0x20, 0}, {0x30, 3}, {UINT32_MAX, 4}};
	expect(false, points, 5);
}

Test(points, targets)
{
	static const struct point points[] = {{0, 2}, {0x80, 1}, {0x80, 5}, {0x90, 0}};
	expect(true, points, 4);
}
