/* SPDX-License-Identifier: Apache-2.0 */
/* plans.c - what a change comes to in each module of a process. */
#include "plans.h"

#include <stdlib.h>
#include <string.h>

#include "image_process.h"
#include "script_plan.h"
#include "undo.h"

struct df_module plans_module(const struct work *w, size_t i)
{
	const struct image *image = w->result->images.list[i];
	return (struct df_module){
		.control = image->table.control,
		.sites = image->sites,
		.count = image->table.count,
	};
}

bool plans_need_recovery(const struct image *image)
{
	return image->control.phase != DF_PHASE_IDLE;
}

bool plans_concern(const struct work *w, size_t i)
{
	return plans_need_recovery(w->result->images.list[i]) ||
	       !df_plan_empty(&w->result->plans[i]);
}

bool plans_concern_any(const struct work *w)
{
	for (size_t i = 0; i < w->result->images.count; i++)
		if (plans_concern(w, i))
			return true;
	return false;
}

size_t plans_count_recovery(const struct work *w)
{
	size_t count = 0;
	for (size_t i = 0; i < w->result->images.count; i++)
		count += plans_need_recovery(w->result->images.list[i]);
	return count;
}

/*
 * Verifies what will be written: the selected sites, and those that recovery
 * will have to finish or undo.
 */
static int verify_image(struct work *w, size_t i, struct df_err *err)
{
	const struct image *image = w->result->images.list[i];
	const struct maps *maps = &w->result->images.maps;
	const bool *selected = w->result->selection.selected[i];
	uint8_t *opcodes = w->result->opcodes[i];
	if (!plans_need_recovery(image))
		return verify_sites(w->verifier, image, maps, selected, opcodes, err);
	bool *open = calloc(image->table.count + 1, sizeof(*open));
	if (!open)
		return df_fail_memory(err);
	for (size_t j = 0; j < image->table.count; j++)
		open[j] = selected[j] || memcmp(&image->states[j].current, &image->states[j].next,
						sizeof(image->states[j].next)) != 0;
	const int status = verify_sites(w->verifier, image, maps, open, opcodes, err);
	free(open);
	return status;
}

bool plans_inherited(const struct work *w, const struct image *image)
{
	return w->request->inherits &&
	       marks_include(w->request->marks, image->table.control, &image->control);
}

static bool any_selected(const struct image *image, const bool *selected)
{
	for (size_t i = 0; i < image->table.count; i++)
		if (selected[i])
			return true;
	return false;
}

static int begin_plan(const struct image *image, struct df_plan *plan, struct df_err *err)
{
	return df_plan_begin(plan, image->sites, image->table.count, image->states, &image->control,
			     err);
}

static int begin_plans(struct work *w, struct df_err *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < w->result->images.count; i++) {
		struct image *image = w->result->images.list[i];
		status = image_refresh(image, err);
		if (status == 0)
			status = begin_plan(image, &w->result->plans[i], err);
	}
	return status;
}

static int do_scripts(struct work *w, struct df_err *err)
{
	struct change_result *r = w->result;
	struct selection narrowed;
	int status = selection_new(&narrowed, &r->images, true, err);
	if (status == 0) {
		selection_narrow(&narrowed, &r->images, w->request->criteria);
		status = script_plan(w->request->scripts, &r->images, &narrowed, r->plans,
				     &r->selection, err);
	}
	selection_free(&narrowed);
	return status;
}

static int do_what_is_asked(struct work *w, struct df_err *err)
{
	struct change_result *r = w->result;
	if (w->request->undo) {
		undo_plan(w->request->undo, &r->images, r->plans, &r->selection);
		return 0;
	}
	if (w->request->scripts)
		return do_scripts(w, err);
	selection_narrow(&r->selection, &r->images, w->request->criteria);
	for (size_t i = 0; i < r->images.count; i++)
		df_plan_do(&r->plans[i], w->request->op, r->selection.selected[i]);
	return 0;
}

static bool nothing_to_do(const struct scripts *scripts)
{
	size_t lines = 0;
	for (size_t i = 0; scripts && i < scripts->count; i++)
		lines += scripts->list[i].count;
	return scripts && lines == 0;
}

/* A state counts as it will be when the work of a controller that died has been put right. */
static int check_states(const struct work *w, struct df_err *err)
{
	const struct criteria *criteria = w->request->criteria;
	const struct change_result *r = w->result;
	if (!criteria || !criteria_any_state(criteria) || nothing_to_do(w->request->scripts) ||
	    plans_count_recovery(w) > 0 || !selection_empty(&r->selection, &r->images))
		return 0;
	return criteria_no_state(criteria, err);
}

/* Where all of it was done before, nothing is. */
static int leave_inherited(struct work *w, struct df_err *err)
{
	int status = 0;
	w->inherited = 0;
	for (size_t i = 0; status == 0 && i < w->result->images.count; i++) {
		const struct image *image = w->result->images.list[i];
		if (!plans_inherited(w, image))
			continue;
		w->inherited += any_selected(image, w->result->selection.selected[i]);
		df_plan_free(&w->result->plans[i]);
		status = begin_plan(image, &w->result->plans[i], err);
	}
	return status;
}

static int close_plans(struct work *w, struct df_err *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < w->result->images.count; i++) {
		status = verify_image(w, i, err);
		if (status == 0)
			status = df_plan_close(&w->result->plans[i], w->result->opcodes[i], err);
	}
	return status;
}

int plans_make(struct work *w, struct df_err *err)
{
	int status = begin_plans(w, err);
	if (status == 0)
		status = do_what_is_asked(w, err);
	if (status == 0)
		status = check_states(w, err);
	if (status == 0)
		status = leave_inherited(w, err);
	if (status == 0)
		status = close_plans(w, err);
	if (status < 0)
		return status;
	if (w->inherited > 0 && !plans_concern_any(w))
		return df_fail(err, DF_E_NO_MATCH,
			       "it was forked by a process after that was changed, and is so too");
	return 0;
}

static int make_plans(struct change_result *result, struct df_err *err)
{
	result->plans = calloc(result->images.count + 1, sizeof(*result->plans));
	result->opcodes = calloc(result->images.count + 1, sizeof(*result->opcodes));
	if (!result->plans || !result->opcodes)
		return df_fail_memory(err);
	for (size_t i = 0; i < result->images.count; i++) {
		result->opcodes[i] = malloc(result->images.list[i]->table.count + 1);
		if (!result->opcodes[i])
			return df_fail_memory(err);
	}
	return 0;
}

void plans_unload(struct change_result *result)
{
	for (size_t i = 0; result->plans && i < result->images.count; i++)
		df_plan_free(&result->plans[i]);
	for (size_t i = 0; result->opcodes && i < result->images.count; i++)
		free(result->opcodes[i]);
	free(result->plans);
	free(result->opcodes);
	result->plans = NULL;
	result->opcodes = NULL;
	selection_free(&result->selection);
	images_free(&result->images);
}

int plans_load(struct work *w, struct df_err *err)
{
	struct change_result *r = w->result;
	int status = images_from_process(&r->process, &r->images, err);
	if (status == 0 && w->request->undo)
		status = selection_new(&r->selection, &r->images, false, err);
	else if (status == 0)
		status = selection_make(&r->selection, &r->images, w->request->criteria,
					w->request->patterns, w->request->pattern_count, err);
	return status < 0 ? status : make_plans(r, err);
}
