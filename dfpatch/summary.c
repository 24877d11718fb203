/* SPDX-License-Identifier: Apache-2.0 */
/* summary.c - what listing and change come to, flag by flag. */
#include "summary.h"

static void add_count(struct flag_counts *sum, const struct df_count *count)
{
	if (sum->sites == 0 || count->activation < sum->activation_min)
		sum->activation_min = count->activation;
	if (count->activation > sum->activation_max)
		sum->activation_max = count->activation;
	if (sum->sites == 0 || count->unhook < sum->unhook_min)
		sum->unhook_min = count->unhook;
	if (count->unhook > sum->unhook_max)
		sum->unhook_max = count->unhook;
	sum->active += df_count_active(count);
	sum->held += count->held && count->activation == 0;
	sum->sites++;
}

const char *flag_state(const struct flag_counts *counts)
{
	if (counts->active == 0)
		return "off";
	if (counts->active < counts->sites)
		return "mixed";
	return counts->held > 0 ? "held" : "on";
}

static uint32_t site_of(const struct image *image, const struct df_flag *flag, size_t i)
{
	return image->order[flag->first + i];
}

struct flag_counts flag_counts_now(const struct image *image, const struct df_flag *flag)
{
	struct flag_counts sum = {0};
	for (size_t i = 0; i < flag->count; i++) {
		const struct df_count count = image_count(image, site_of(image, flag, i));
		add_count(&sum, &count);
	}
	return sum;
}

struct flag_counts flag_counts_built(const struct image *image, const struct df_flag *flag)
{
	static const struct df_count_v1 as_built;
	struct flag_counts sum = {0};
	for (size_t i = 0; i < flag->count; i++) {
		const struct df_count count =
			df_count_decode(&image->sites[site_of(image, flag, i)], &as_built);
		add_count(&sum, &count);
	}
	return sum;
}

bool flag_selected(const struct image *image, const struct df_flag *flag, const bool *selected)
{
	return selected[image->order[flag->first]];
}

struct flag_change flag_change_of(const struct image *image, const struct df_flag *flag,
				  const struct df_plan *plan)
{
	struct flag_change change = {.sites = flag->count};
	for (size_t i = 0; i < flag->count; i++) {
		const uint32_t site = site_of(image, flag, i);
		const enum df_outcome outcome = plan->outcome[site];
		add_count(&change.before, &plan->was[site]);
		add_count(&change.after, &plan->will[site]);
		change.sites_changed += outcome == DF_CHANGED;
		if (outcome > change.outcome)
			change.outcome = outcome;
	}
	return change;
}

static void add_flag(struct totals *totals, const struct flag_change *change)
{
	struct tally *tally;
	switch (change->outcome) {
	case DF_SAME:
		tally = &totals->already;
		break;
	case DF_CHANGED:
		tally = &totals->changed;
		break;
	case DF_SATURATED:
		tally = &totals->saturated;
		break;
	case DF_UNHOOKED:
		tally = &totals->unhooked;
		break;
	case DF_NOT_SELECTED:
	default:
		return;
	}
	totals->matched.flags++;
	totals->matched.sites += change->sites;
	tally->flags++;
	tally->sites += change->sites;
}

struct totals totals_of(const struct change_result *result)
{
	struct totals totals = {0};
	for (size_t i = 0; i < result->images.count; i++) {
		const struct image *image = result->images.list[i];
		totals.strayed += result->plans[i].strayed;
		for (size_t j = 0; j < image->flag_count; j++) {
			const struct flag_change change =
				flag_change_of(image, &image->flags[j], &result->plans[i]);
			add_flag(&totals, &change);
		}
	}
	return totals;
}
