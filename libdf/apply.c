/* SPDX-License-Identifier: Apache-2.0 */
/* apply.c - carrying out a plan, edit by edit. */
#include "apply.h"

#include <inttypes.h>

#include "commit.h"
#include "insn.h"

#define STATES_AT_ONCE 256

/* Looks at one edit and the bytes that stand at its address. */
typedef int (*check_edit)(const struct df_site *site, const struct df_edit *edit,
			  const uint8_t *code, struct df_err *err);

/* The bytes from the first edit on that one load takes: up to the last instruction that fits. */
static size_t window_size(const struct df_module *module, const struct df_edit *edits, size_t count,
			  size_t limit)
{
	size_t size = 0;
	for (size_t i = 0; i < count; i++) {
		const uint64_t from = edits[i].addr - edits[0].addr;
		const size_t length = df_insn_size(module->sites[edits[i].site].style);
		if (from + length > limit)
			break;
		size = (size_t)from + length;
	}
	return size;
}

/* Edits are in ascending order, so neighbours share a load. A window of a page spans no hole. */
static int for_each_edit(const struct df_mem *mem, const struct df_module *module,
			 const struct df_plan *plan, check_edit check, struct df_err *err)
{
	uint8_t window[4096];
	uint64_t start = 0;
	size_t size = 0;
	for (size_t i = 0; i < plan->edit_count; i++) {
		const struct df_edit *edit = &plan->edits[i];
		const struct df_site *site = &module->sites[edit->site];
		int status = 0;
		/* Differences, since a sum could pass the end of all addresses. */
		if (i == 0 || edit->addr - start + df_insn_size(site->style) > size) {
			start = edit->addr;
			size = window_size(module, edit, plan->edit_count - i, sizeof(window));
			status = mem->load(mem->context, start, window, size, err);
		}
		if (status == 0)
			status = check(site, edit, window + (edit->addr - start), err);
		if (status < 0)
			return status;
	}
	return 0;
}

static int is_before(const struct df_site *site, const struct df_edit *edit, const uint8_t *code,
		     struct df_err *err)
{
	if (df_insn_fit(site, code) > DF_FIT_JUMP || code[0] != edit->before[0])
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

static int is_after(const struct df_site *site, const struct df_edit *edit, const uint8_t *code,
		    struct df_err *err)
{
	return read_back(site, code[0], edit->after[0], err);
}

static int is_undone(const struct df_site *site, const struct df_edit *edit, const uint8_t *code,
		     struct df_err *err)
{
	return read_back(site, code[0], edit->before[0], err);
}

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
	return for_each_edit(mem, module, plan, is_before, err);
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
	const int status =
		a->mem->patch(a->mem->context, a->plan->edits, a->plan->edit_count, undo, err);
	return status < 0 ? status
			  : for_each_edit(a->mem, a->module, a->plan, undo ? is_undone : is_after,
					  err);
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
