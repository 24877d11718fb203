/* SPDX-License-Identifier: Apache-2.0 */
/* watch_diff.c - what changed between two readings of a module. */
#include "watch_diff.h"

#include <string.h>

struct diff {
	struct watch_event base;
	struct image *image;
	struct df_state_v1 *was, *is;
	const struct criteria *criteria;
	const struct watch_sink *sink;
};

static size_t sites_changed(const struct diff *d, const struct df_flag *flag)
{
	size_t changed = 0;
	for (size_t i = 0; i < flag->count; i++) {
		const uint32_t site = d->image->order[flag->first + i];
		changed += memcmp(&d->was[site].current, &d->is[site].current,
				  sizeof(d->is[site].current)) != 0;
	}
	return changed;
}

/* What the flag is by those states, and whether it is in one that is asked for. */
static bool flag_by(const struct diff *d, struct df_state_v1 *states, const struct df_flag *flag,
		    struct flag_counts *counts)
{
	d->image->states = states;
	*counts = flag_counts_now(d->image, flag);
	const bool meant = criteria_in_state(d->criteria, d->image, flag);
	d->image->states = d->is;
	return meant;
}

static bool tell(const struct diff *d, const struct watch_event *event)
{
	return d->sink->tell(d->sink->context, event);
}

static bool tell_flag(const struct diff *d, const struct df_flag *flag)
{
	struct watch_event event = d->base;
	event.what = WATCH_CHANGE;
	event.flag = flag;
	event.sites_changed = sites_changed(d, flag);
	if (event.sites_changed == 0)
		return true;
	const bool was_meant = flag_by(d, d->was, flag, &event.before);
	const bool is_meant = flag_by(d, d->is, flag, &event.after);
	return (!was_meant && !is_meant) || tell(d, &event);
}

static bool tell_flags(const struct diff *d, const bool *selected)
{
	bool more = true;
	for (size_t i = 0; more && i < d->image->flag_count; i++)
		if (flag_selected(d->image, &d->image->flags[i], selected))
			more = tell_flag(d, &d->image->flags[i]);
	return more;
}

/* Of several changes only what they came to is left to see. */
static bool tell_missed(const struct diff *d)
{
	struct watch_event event = d->base;
	event.what = WATCH_MISSED;
	return event.commits.count < 2 || tell(d, &event);
}

static bool tell_init(const struct diff *d, const struct df_control_v1 *before)
{
	struct watch_event event = d->base;
	event.what = WATCH_INIT;
	const bool was = before->initialised & DF_INITIALISED;
	const bool is = d->image->control.initialised & DF_INITIALISED;
	return was || !is || tell(d, &event);
}

bool watch_diff(const struct watch_event *base, struct image *image,
		const struct watch_reading *before, const bool *selected,
		const struct criteria *criteria, pid_t own, const struct watch_sink *sink)
{
	const struct df_control_v1 *now = &image->control;
	struct diff d = {
		.base = *base,
		.image = image,
		.was = before->states,
		.is = image->states,
		.criteria = criteria,
		.sink = sink,
	};
	d.base.commits = (struct watch_commits){
		.count = now->generation - before->control.generation,
		.generation = now->generation,
		.at = now->changed_at,
		.by = now->changed_by,
		.inside = own > 0 && now->changed_by == (uint32_t)own,
	};
	return tell_missed(&d) && tell_init(&d, &before->control) && tell_flags(&d, selected);
}
