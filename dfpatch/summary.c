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

bool change_was_written(const struct change_result *result)
{
	return result->committed > 0 || result->recovered > 0;
}

const char *change_in_words(const struct change_result *result, bool failed)
{
	if (!change_was_written(result))
		return NULL;
	if (!failed && totals_of(result).unhooked.flags == 0)
		return "the change was made";
	return result->committed > 0 ? "a part of the change was made"
				     : "work that was left half done was put right";
}

/* They are changed one after the other, those with nothing to change left out. */
bool module_was_changed(const struct change_result *result, size_t i)
{
	size_t before = 0;
	if (!result->plans || df_plan_empty(&result->plans[i]))
		return false;
	for (size_t j = 0; j < i; j++)
		before += !df_plan_empty(&result->plans[j]);
	return before < result->committed;
}

const char *mode_used(const struct change_result *result)
{
	if (result->stopped)
		return "stop";
	return change_was_written(result) ? "quiet" : "none";
}

const char *target_how_name(enum target_how how, bool dry_run)
{
	switch (how) {
	case TARGET_LISTED:
		return "listed";
	case TARGET_CHANGED:
		return dry_run ? "would-change" : "changed";
	case TARGET_ALREADY:
		return "already";
	case TARGET_UNHOOKED:
		return "unhooked";
	case TARGET_SKIPPED:
		return "skipped";
	case TARGET_FAILED:
	case TARGET_HOWS:
	default:
		return "failed";
	}
}

enum target_how target_how_of(const struct change_result *result)
{
	const struct totals totals = totals_of(result);
	if (totals.unhooked.flags > 0)
		return TARGET_UNHOOKED;
	/* Of init the flags need not tell. */
	return totals.changed.flags > 0 || totals.strayed > 0 || change_was_written(result)
		       ? TARGET_CHANGED
		       : TARGET_ALREADY;
}
