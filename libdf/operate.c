/* SPDX-License-Identifier: Apache-2.0 */
/* operate.c - one operation on every module of the process. */
#include "operate.h"

#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "draft.h"
#include "guard.h"
#include "latch.h"
#include "loaded.h"
#include "module.h"
#include "pick.h"
#include "recover.h"
#include "self.h"
#include "sync.h"
#include "wishes.h"

/* ---- a module that is ours ---- */

static int recover(struct loaded *m, struct df_err *err)
{
	const struct df_stamp stamp = self_stamp();
	struct df_site *sites = malloc(m->count * sizeof(*sites));
	uint32_t *scratch = malloc(m->count * sizeof(*scratch));
	const struct df_module module = {
		.control = (uintptr_t)m->control, .sites = sites, .count = m->count};
	struct announced announced = {.sites = sites};
	const struct df_mem memory = announced_memory(&announced);
	int status = sites && scratch ? df_table_sites(&m->view, &m->table, sites, scratch, err)
				      : df_fail_memory(err);
	if (status == 0)
		status = df_recover(&memory, &module, &stamp, err);
	free(sites);
	free(scratch);
	return status;
}

static int pick_held(const struct loaded *m, struct picks *picks, struct df_err *err)
{
	uint32_t count = 0;
	*picks = (struct picks){0};
	for (uint32_t i = 0; i < m->count; i++)
		count += (m->records[i].flags & DF_SITE_HELD) != 0;
	if (count == 0)
		return 0;
	picks->owned = malloc(count * sizeof(*picks->owned));
	if (!picks->owned)
		return df_fail_memory(err);
	picks->list = picks->owned;
	for (uint32_t i = 0; i < m->count; i++)
		if (m->records[i].flags & DF_SITE_HELD)
			picks->owned[picks->count++] = i;
	return 0;
}

/* Adds every line to a draft of several; counts flags where the caller wants to know. */
static int add_script(struct draft *d, const struct df_script *script, uint64_t *flags,
		      struct df_err *err)
{
	for (size_t i = 0; i < script->count; i++) {
		struct picks picks;
		uint32_t found = 0;
		int status = pick(d->module, NULL, script->lines[i].pattern, &picks, err);
		if (status < 0)
			return status;
		if (flags)
			status = picks_flags(d->module, &picks, &found, err);
		if (status == 0)
			status = draft_add(d, script->lines[i].op, &picks, err);
		picks_free(&picks);
		if (status < 0)
			return status;
		if (flags)
			*flags += found;
	}
	return 0;
}

static int draft_init(struct draft *d, const struct picks *held, const struct df_script *wished,
		      struct df_err *err)
{
	d->initialises = true;
	if (!wished || wished->count == 0)
		return draft_one(d, DF_INIT, held, err);
	int status = draft_several(d, err);
	if (status == 0)
		status = draft_add(d, DF_INIT, held, err);
	if (status == 0)
		status = add_script(d, wished, NULL, err);
	return status < 0 ? status : draft_settle(d, err);
}

/* `wished` NULL for no start-up wishes. */
static int initialise_with(struct loaded *m, const struct picks *held,
			   const struct df_script *wished, struct df_err *err)
{
	struct draft draft;
	draft_begin(&draft, m);
	int status = draft_init(&draft, held, wished, err);
	if (status == 0)
		status = draft_commit(&draft, err);
	draft_free(&draft);
	return status;
}

/* A wish that cannot be carried out must not keep the holds; memory may be there next time. */
static int initialise(struct loaded *m, struct df_err *err)
{
	struct picks held;
	int status = pick_held(m, &held, err);
	if (status == 0)
		status = initialise_with(m, &held, wishes(), err);
	if (status < 0 && status != -(int)DF_E_MEMORY && wishes()->count > 0)
		(void)initialise_with(m, &held, NULL, NULL);
	picks_free(&held);
	return status;
}

static int draft_request(struct draft *d, const struct request *r, uint64_t *flags,
			 struct df_err *err)
{
	struct picks picks;
	uint32_t found;
	if (r->script) {
		int status = draft_several(d, err);
		if (status == 0)
			status = add_script(d, r->script, flags, err);
		return status < 0 ? status : draft_settle(d, err);
	}
	int status = pick(d->module, r->kind, r->pattern, &picks, err);
	if (status < 0)
		return status;
	status = picks_flags(d->module, &picks, &found, err);
	if (status == 0)
		status = draft_one(d, r->op, &picks, err);
	picks_free(&picks);
	*flags = found;
	return status;
}

static int do_request(struct loaded *m, struct request *r, struct df_err *err)
{
	struct draft draft;
	uint64_t flags = 0;
	draft_begin(&draft, m);
	int status = draft_request(&draft, r, &flags, err);
	if (status == 0 && !draft_is_empty(&draft))
		status = draft_commit(&draft, err);
	draft_free(&draft);
	if (status == 0)
		r->flags += flags;
	return status;
}

/*
 * A module that cannot be initialised, since a breakpoint stands on a DF_OPT site or the
 * system lets us write no text, is one that has no controller yet: its other flags can be
 * flipped all the same, and it is for df_init() to say why.
 */
static int work_owned(struct loaded *m, struct request *r, struct df_err *err)
{
	const bool asked = r->script || r->op != DF_INIT;
	int status = 0;
	if (m->control->phase != DF_PHASE_IDLE)
		status = recover(m, err);
	if (status == 0 && !(m->control->initialised & DF_INITIALISED)) {
		status = initialise(m, err);
		if (asked && status < 0 && m->control->phase == DF_PHASE_IDLE)
			status = 0;
	}
	if (status == 0 && asked)
		status = do_request(m, r, err);
	return status;
}

/* ---- every module ---- */

#define FEW 16

/*
 * Modules that are done are remembered by their control blocks: when we come again after a
 * claim, they are left alone. Not in the modules, where the operations of other threads
 * meanwhile would take their place.
 */
struct operation {
	struct request *request;
	struct sync_patience patience;
	bool claimed; /* a controller outside is at work in a module */
	bool again;   /* we came here before */
	const struct df_control_v1 **done;
	size_t done_count, done_room;
	const struct df_control_v1 *few[FEW]; /* where `done` is, as long as they suffice */
	struct df_err first;
};

static bool is_done(const struct operation *o, const struct loaded *m)
{
	for (size_t i = 0; o->again && i < o->done_count; i++)
		if (o->done[i] == m->control)
			return true;
	return false;
}

/* Before the work: what cannot be remembered is not done. */
static int make_room(struct operation *o, struct df_err *err)
{
	if (o->done_count < o->done_room)
		return 0;
	const size_t room = 2 * o->done_room + FEW;
	const struct df_control_v1 **larger = malloc(room * sizeof(const void *));
	if (!larger)
		return df_fail_memory(err);
	memcpy(larger, o->done, o->done_count * sizeof(const void *));
	if (o->done != o->few)
		free(o->done);
	o->done = larger;
	o->done_room = room;
	return 0;
}

/* The claim of a controller of the process that we were forked from says nothing here. */
static void drop_inherited_claim(struct loaded *m)
{
	uint64_t inherited = m->inherited_claim;
	m->inherited_claim = 0;
	if (inherited != 0)
		__atomic_compare_exchange_n((uint64_t *)(void *)&m->control->external, &inherited,
					    0, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static int own_and_work(struct operation *o, struct loaded *m, struct df_err *err)
{
	int status = make_room(o, err);
	if (status < 0)
		return status;
	drop_inherited_claim(m);
	status = sync_own(m->control, &o->patience, err);
	o->claimed = status == 0;
	if (o->claimed)
		return 0;
	o->done[o->done_count++] = m->control;
	if (status < 0)
		return status;
	status = work_owned(m, o->request, err);
	sync_disown(m->control);
	return status;
}

static int work_on(struct loaded *m, void *context)
{
	struct operation *o = context;
	struct df_err err;
	if (!is_done(o, m) && own_and_work(o, m, &err) < 0 && o->first.code == DF_E_NONE)
		o->first = err;
	return o->claimed;
}

static int attempt(struct operation *o, struct df_err *err)
{
	guard_enter();
	o->claimed = false;
	/* Here, since reading a file may take its time, and the loader is not to wait for it. */
	latch_lock();
	(void)wishes();
	latch_unlock();
	const int status = loaded_visit(work_on, o, err);
	guard_leave();
	return status;
}

int operate(struct request *request, struct df_err *err)
{
	struct operation o = {.request = request, .done_room = FEW};
	o.done = o.few;
	request->flags = 0;
	int status = attempt(&o, err);
	while (o.claimed) {
		sync_pause();
		o.again = true;
		status = attempt(&o, err);
	}
	if (o.done != o.few)
		free(o.done);
	if (o.first.code != DF_E_NONE)
		return df_fail(err, o.first.code, "%s", o.first.text);
	return status;
}
