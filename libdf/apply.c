/* SPDX-License-Identifier: Apache-2.0 */
/* apply.c - carrying out a plan, edit by edit. */
#include "apply.h"

#include <inttypes.h>

#include "commit.h"
#include "insn.h"

#define STATES_AT_ONCE 256

/* Sites of a plan in ascending order of addresses: those that it edits, or all that change. */
struct walk {
	const struct df_mem *mem;
	const struct df_module *module;
	const struct df_plan *plan;
	size_t count;
	uint32_t (*site_at)(const struct df_plan *plan, size_t i);
	/* Looks at the bytes that stand at the address of the site. */
	int (*check)(const struct df_plan *plan, size_t i, const struct df_site *site,
		     const uint8_t *code, struct df_err *err);
};

static uint32_t edited(const struct df_plan *plan, size_t i)
{
	return plan->edits[i].site;
}

static uint32_t changed(const struct df_plan *plan, size_t i)
{
	return plan->looks[i];
}

static const struct df_site *walk_site(const struct walk *w, size_t i)
{
	return &w->module->sites[w->site_at(w->plan, i)];
}

/* The bytes from site `first` on that one load takes: up to the last instruction that fits. */
static size_t window_size(const struct walk *w, size_t first, size_t limit)
{
	const uint64_t start = walk_site(w, first)->addr;
	size_t size = 0;
	for (size_t i = first; i < w->count; i++) {
		const struct df_site *site = walk_site(w, i);
		const uint64_t from = site->addr - start;
		if (from + df_insn_size(site->style) > limit)
			break;
		size = (size_t)from + df_insn_size(site->style);
	}
	return size;
}

/* Neighbours share a load. A window of a page spans no hole. */
static int walk(const struct walk *w, struct df_err *err)
{
	uint8_t window[4096];
	uint64_t start = 0;
	size_t size = 0;
	for (size_t i = 0; i < w->count; i++) {
		const struct df_site *site = walk_site(w, i);
		int status = 0;
		/* Differences, since a sum could pass the end of all addresses. */
		if (i == 0 || site->addr - start + df_insn_size(site->style) > size) {
			start = site->addr;
			size = window_size(w, i, sizeof(window));
			status = w->mem->load(w->mem->context, start, window, size, err);
		}
		if (status == 0)
			status = w->check(w->plan, i, site, window + (site->addr - start), err);
		if (status < 0)
			return status;
	}
	return 0;
}

static int is_as_found(const struct df_plan *plan, size_t i, const struct df_site *site,
		       const uint8_t *code, struct df_err *err)
{
	if (df_insn_fit(site, code) > DF_FIT_JUMP || code[0] != plan->found[i])
		return df_fail(err, DF_E_CHANGED, "the bytes at %#" PRIx64 " changed meanwhile",
			       site->addr);
	return 0;
}

static int read_back(const struct df_site *site, uint8_t found, uint8_t wanted, struct df_err *err)
{
	if (found == wanted)
		return 0;
	return df_fail(err, DF_E_WRITE,
		       "the byte at %#" PRIx64 " reads %02x after %02x was written", site->addr,
		       found, wanted);
}

static int is_after(const struct df_plan *plan, size_t i, const struct df_site *site,
		    const uint8_t *code, struct df_err *err)
{
	return read_back(site, code[0], plan->edits[i].after[0], err);
}

static int is_undone(const struct df_plan *plan, size_t i, const struct df_site *site,
		     const uint8_t *code, struct df_err *err)
{
	return read_back(site, code[0], plan->edits[i].before[0], err);
}

/*
 * Of every site whose counts change, also where no byte is to be written: an opcode that
 * was as wanted may have been that of an operation which was undone since, and such a
 * one leaves no trace in the generation (tests/model, RECHECKS_EDITS_ONLY).
 */
int df_plan_recheck(const struct df_mem *mem, const struct df_module *module,
		    const struct df_plan *plan, struct df_err *err)
{
	struct df_control_v1 control;
	const int status = df_control_load(mem, module->control, &control, err);
	if (status < 0)
		return status;
	if (control.phase != DF_PHASE_IDLE || control.generation != plan->generation ||
	    ((control.initialised & DF_INITIALISED) != 0) != plan->was_initialised)
		return df_fail(err, DF_E_CHANGED, "another controller changed flags meanwhile");
	const struct walk all = {.mem = mem,
				 .module = module,
				 .plan = plan,
				 .count = plan->look_count,
				 .site_at = changed,
				 .check = is_as_found};
	return walk(&all, err);
}

/* A plan under way. */
struct application {
	const struct df_mem *mem;
	const struct df_module *module;
	const struct df_plan *plan;
};

/*
 * Writes the states of all changed sites. `current` is written with `next` even
 * where only that changes: so neighbours make one store.
 */
static int store_states(void *context, enum df_side current, enum df_side next, struct df_err *err)
{
	const struct application *a = context;
	const struct df_plan *plan = a->plan;
	const struct df_mem *mem = a->mem;
	const struct df_count *from = current == DF_WAS ? plan->was : plan->will;
	const struct df_count *to = next == DF_WAS ? plan->was : plan->will;
	struct df_state_v1 run[STATES_AT_ONCE];
	size_t length = 0;
	uint64_t start = 0;
	for (size_t i = 0; i < plan->change_count; i++) {
		const uint32_t index = plan->changes[i];
		const struct df_site *site = &a->module->sites[index];
		if (length == STATES_AT_ONCE || site->state != start + length * DF_STATE_SIZE) {
			const int status = length == 0 ? 0
						       : mem->store(mem->context, start, run,
								    length * DF_STATE_SIZE, err);
			if (status < 0)
				return status;
			start = site->state;
			length = 0;
		}
		run[length].current = df_count_encode(site, &from[index]);
		run[length].next = df_count_encode(site, &to[index]);
		length++;
	}
	return length == 0 ? 0 : mem->store(mem->context, start, run, length * DF_STATE_SIZE, err);
}

static int write_edits(void *context, enum df_side side, struct df_err *err)
{
	const struct application *a = context;
	const bool undo = side == DF_WAS;
	const struct walk edits = {.mem = a->mem,
				   .module = a->module,
				   .plan = a->plan,
				   .count = a->plan->edit_count,
				   .site_at = edited,
				   .check = undo ? is_undone : is_after};
	const int status =
		a->mem->patch(a->mem->context, a->plan->edits, a->plan->edit_count, undo, err);
	return status < 0 ? status : walk(&edits, err);
}

int df_plan_apply(const struct df_mem *mem, const struct df_module *module,
		  const struct df_plan *plan, const struct df_stamp *stamp, struct df_err *err)
{
	struct application application = {.mem = mem, .module = module, .plan = plan};
	const struct df_work work = {
		.context = &application,
		.initialises = plan->will_initialise != plan->was_initialised,
		.writes_text = plan->edit_count > 0,
		.states = store_states,
		.text = write_edits,
	};
	return df_commit(mem, module->control, &work, stamp, err);
}
