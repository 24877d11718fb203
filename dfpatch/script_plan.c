/* SPDX-License-Identifier: Apache-2.0 */
/* script_plan.c - what the lines of a script come to in the plans of modules. */
#include "script_plan.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

struct doing {
	const struct images *images;
	const struct selection *among, *narrowed;
	struct selection meant; /* by some line */
	struct df_plan *plans;
	bool *now; /* by this line, in one image */
};

static bool *room_for_largest(const struct images *images)
{
	size_t most = 0;
	for (size_t i = 0; i < images->count; i++)
		if (images->list[i]->table.count > most)
			most = images->list[i]->table.count;
	return calloc(most + 1, sizeof(bool));
}

static int match_image(struct doing *w, size_t i, const struct df_pattern *pattern, size_t *matched,
		       struct df_err *err)
{
	const struct image *image = w->images->list[i];
	for (size_t j = 0; j < image->table.count; j++) {
		w->now[j] = false;
		if (!w->among->selected[i][j])
			continue;
		const int status = df_pattern_match(pattern, &image->sites[j], err);
		if (status < 0)
			return status;
		*matched += status > 0;
		w->now[j] = status > 0 && (!w->narrowed || w->narrowed->selected[i][j]);
		w->meant.selected[i][j] |= w->now[j];
	}
	return 0;
}

static int do_line(struct doing *w, const struct df_script_line *line, struct df_err *err)
{
	size_t matched = 0;
	for (size_t i = 0; i < w->images->count; i++) {
		const int status = match_image(w, i, line->pattern, &matched, err);
		if (status < 0)
			return status;
		df_plan_do(&w->plans[i], line->op, w->now);
	}
	return matched > 0 ? 0
			   : selection_no_match(w->among, w->images, df_pattern_text(line->pattern),
						err);
}

static int do_lines(struct doing *w, const struct scripts *scripts, struct df_err *err)
{
	for (size_t i = 0; i < scripts->count; i++)
		for (size_t j = 0; j < scripts->list[i].count; j++) {
			const struct df_script_line *line = &scripts->list[i].lines[j];
			if (do_line(w, line, err) < 0)
				return scripts_at_line(scripts, i, line->number, err);
		}
	return 0;
}

int script_plan(const struct scripts *scripts, const struct images *images,
		const struct selection *narrowed, struct df_plan *plans,
		struct selection *selection, struct df_err *err)
{
	CLEANUP_FREE bool *now = room_for_largest(images);
	struct doing w = {
		.images = images,
		.among = selection,
		.narrowed = narrowed,
		.plans = plans,
		.now = now,
	};
	if (!now)
		return df_fail_memory(err);
	int status = selection_new(&w.meant, images, false, err);
	if (status == 0)
		status = do_lines(&w, scripts, err);
	if (status < 0) {
		selection_free(&w.meant);
		return status;
	}
	selection_free(selection);
	*selection = w.meant;
	return 0;
}
