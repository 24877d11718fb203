/* SPDX-License-Identifier: Apache-2.0 */
/* carry.c - the plans of all modules, carried out. */
#include "carry.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "clock.h"
#include "plans.h"

struct df_stamp carry_stamp(void)
{
	return (struct df_stamp){.now = wall_now(), .pid = (uint32_t)getpid()};
}

int carry_recheck(struct work *w, struct df_err *err)
{
	for (size_t i = w->next; i < w->result->images.count; i++) {
		const struct df_module module = plans_module(w, i);
		if (df_plan_empty(&w->result->plans[i]))
			continue;
		if (df_plan_recheck(&w->mem, &module, &w->result->plans[i], err) < 0)
			return df_err_prefix(err, w->result->images.list[i]->path);
	}
	return 0;
}

/*
 * Whoever goes on there goes by its phase; idle, it was not even begun. While our claim stands,
 * nobody has gone on yet.
 */
static void note_open(struct work *w, uint64_t control)
{
	struct df_control_v1 block;
	if (!w->memory->late || df_control_load(&w->mem, control, &block, NULL) < 0 ||
	    !claims_stand(&w->claims, &w->mem))
		return;
	w->left_open = true;
	w->forward = block.phase == DF_PHASE_WRITING || block.phase == DF_PHASE_CLOSING;
}

void carry_note(const struct work *w, uint64_t control, uint64_t generation,
		const struct df_stamp *stamp)
{
	const struct mark mark = {
		.control = control,
		.generation = generation,
		.claim = w->claims.word,
		.at = stamp->now,
	};
	if (w->request->marks)
		marks_note(w->request->marks, &mark);
}

int carry_out(struct work *w, const struct df_stamp *stamp, struct df_err *err)
{
	for (; w->next < w->result->images.count; w->next++) {
		const struct df_module module = plans_module(w, w->next);
		const struct df_plan *plan = &w->result->plans[w->next];
		if (df_plan_empty(plan))
			continue;
		carry_note(w, module.control, plan->generation, stamp);
		journal_turn_to(&w->journal, w->next, module.sites, JOURNAL_CHANGE);
		const int status = df_plan_apply(&w->mem, &module, plan, stamp, err);
		if (status == -(int)DF_E_UNDO)
			note_open(w, module.control);
		if (status < 0)
			return df_err_prefix(err, w->result->images.list[w->next]->path);
		w->result->committed++;
	}
	return 0;
}

void carry_closed(struct work *w)
{
	w->left_open = false;
	if (!w->forward)
		return;
	w->result->committed++;
	w->next++;
}

static enum df_errc in_part(enum df_errc code)
{
	const bool says_so = code == DF_E_UNDO || code == DF_E_NO_PROCESS || code == DF_E_EXEC;
	return says_so ? code : DF_E_WRITE;
}

int carry_tell_done(const struct work *w, struct df_err *err)
{
	char done[DF_ERR_TEXT / 2] = "", text[DF_ERR_TEXT];
	if (w->result->committed == 0)
		return -(int)err->code;
	for (size_t i = 0; i < w->next; i++) {
		const size_t used = strlen(done);
		if (!df_plan_empty(&w->result->plans[i]))
			snprintf(done + used, sizeof(done) - used, " %s",
				 w->result->images.list[i]->path);
	}
	memcpy(text, err->text, sizeof(text));
	return df_fail(err, in_part(err->code),
		       "%.500s; the flags of these modules were changed:%.480s", text, done);
}
