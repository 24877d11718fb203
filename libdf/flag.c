/* SPDX-License-Identifier: Apache-2.0 */
/* flag.c - from sites to flags: sorting and grouping. */
#include "flag.h"

#include <stdlib.h>
#include <string.h>

/* Linkers merge equal strings, so most that are equal are the same. */
static int compare_text(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

int df_site_compare_names(const struct df_site *a, const struct df_site *b)
{
	int order = compare_text(a->kind, b->kind);
	if (order == 0)
		order = compare_text(a->name, b->name);
	if (order == 0)
		order = compare_text(a->file, b->file);
	if (order == 0)
		order = (a->line > b->line) - (a->line < b->line);
	return order;
}

bool df_site_same_name(const struct df_site *a, const struct df_site *b)
{
	return a->line == b->line && compare_text(a->name, b->name) == 0 &&
	       compare_text(a->kind, b->kind) == 0 && compare_text(a->file, b->file) == 0;
}

static int compare_sites(const void *x, const void *y, void *context)
{
	const struct df_site *sites = context;
	const struct df_site *a = &sites[*(const uint32_t *)x], *b = &sites[*(const uint32_t *)y];
	const int order = df_site_compare_names(a, b);
	return order != 0 ? order : (a->addr > b->addr) - (a->addr < b->addr);
}

static void sort(const struct df_site *sites, size_t count, uint32_t *order)
{
	bool sorted = true;
	for (uint32_t i = 0; i < count; i++) {
		order[i] = i;
		sorted = sorted &&
			 (i == 0 || compare_sites(&order[i - 1], &order[i], (void *)sites) <= 0);
	}
	if (!sorted)
		qsort_r(order, count, sizeof(*order), compare_sites, (void *)sites);
}

size_t df_flags_group(const struct df_site *sites, size_t count, uint32_t *order,
		      struct df_flag *flags)
{
	size_t found = 0;
	sort(sites, count, order);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && df_site_same_name(&sites[order[i - 1]], &sites[order[i]]))
			flags[found - 1].count++;
		else
			flags[found++] = (struct df_flag){.first = i, .count = 1};
	}
	return found;
}
