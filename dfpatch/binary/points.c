/* SPDX-License-Identifier: Apache-2.0 */
/* points.c - the addresses that matter to a proof, in ascending order. */
#include "points.h"

#include <stdlib.h>

#include "site.h"

static int by_address(const void *a, const void *b)
{
	const struct point *left = a, *right = b;
	if (left->at != right->at)
		return left->at < right->at ? -1 : 1;
	return (left->site > right->site) - (left->site < right->site);
}

/* Mostly they are in order; sorting takes as much memory again. */
static void sort(struct points *points)
{
	for (size_t i = 1; i < points->count; i++) {
		if (points->list[i - 1].at <= points->list[i].at)
			continue;
		qsort(points->list, points->count, sizeof(*points->list), by_address);
		return;
	}
}

int points_make(const struct places *places, uint64_t base, bool targets, struct points *points,
		struct df_err *err)
{
	*points = (struct points){.list = calloc(places->count + 1, sizeof(*points->list))};
	if (!points->list)
		return df_fail_memory(err);
	for (size_t i = 0; i < places->count; i++) {
		struct place place;
		places->get(places->context, i, &place);
		const uint64_t addr = targets ? place.target : place.addr;
		if ((targets && place.style != DF_STYLE_X86_GOTO) || addr < base ||
		    addr - base > UINT32_MAX)
			continue;
		points->list[points->count++] =
			(struct point){.at = (uint32_t)(addr - base), .site = (uint32_t)i};
	}
	sort(points);
	return 0;
}

size_t points_from(const struct points *points, uint64_t at)
{
	size_t low = 0, high = points->count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (points->list[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void points_free(struct points *points)
{
	free(points->list);
	*points = (struct points){0};
}
