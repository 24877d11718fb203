/* SPDX-License-Identifier: Apache-2.0 */
/* recover.c - putting right what a controller that died left behind. */
#include "recover.h"

#include <inttypes.h>
#include <string.h>

#include "insn.h"
#include "rule.h"

#define STATES_AT_ONCE 256

/* Writes one site's opcode and reads it back. */
static int patch_site(const struct df_mem *mem, const struct df_edit *edit,
		      const struct df_site *site, struct df_err *err)
{
	uint8_t found = 0;
	int status = mem->patch(mem->context, edit, 1, false, err);
	if (status == 0)
		status = mem->load(mem->context, edit->addr, &found, 1, err);
	if (status < 0 || found == edit->after[0])
		return status;
	return df_fail(err, DF_E_WRITE,
		       "the byte at %#" PRIx64 " reads %02x after %02x was written", site->addr,
		       found, edit->after[0]);
}

static int recover_byte(const struct df_mem *mem, const struct df_module *module, uint32_t index,
			const struct df_count *count, struct df_err *err)
{
	const struct df_site *site = &module->sites[index];
	uint8_t code[DF_INSN_MAX];
	const int status =
		mem->load(mem->context, site->addr, code, df_insn_size(site->style), err);
	if (status < 0)
		return status;
	const struct df_edit edit = {
		.addr = site->addr,
		.site = index,
		.size = 1,
		.before = {code[0]},
		.after = {df_insn_opcode(site->style, df_insn_jumps(site, df_count_active(count)))},
	};
	return edit.before[0] == edit.after[0] ? 0 : patch_site(mem, &edit, site, err);
}

/* One step of recovery for a site whose `next` is not its `current`. */
typedef int (*recover_step)(const struct df_mem *mem, const struct df_module *module,
			    uint32_t index, const struct df_state_v1 *state, struct df_err *err);

static int for_each_open(const struct df_mem *mem, const struct df_module *module,
			 recover_step step, struct df_err *err)
{
	struct df_state_v1 states[STATES_AT_ONCE];
	for (size_t first = 0; first < module->count; first += STATES_AT_ONCE) {
		const size_t left = module->count - first;
		const size_t count = left < STATES_AT_ONCE ? left : STATES_AT_ONCE;
		int status = df_states_load(mem, module->sites + first, count, states, err);
		for (size_t i = 0; status == 0 && i < count; i++)
			if (memcmp(&states[i].current, &states[i].next, sizeof(states[i].next)) !=
			    0)
				status = step(mem, module, (uint32_t)(first + i), &states[i], err);
		if (status < 0)
			return status;
	}
	return 0;
}

/* Before anything is written: one site that is not a site's own, and nothing is. */
static int expect_site(const struct df_mem *mem, const struct df_module *module, uint32_t index,
		       const struct df_state_v1 *state, struct df_err *err)
{
	(void)state;
	const struct df_site *site = &module->sites[index];
	uint8_t code[DF_INSN_MAX];
	const int status =
		mem->load(mem->context, site->addr, code, df_insn_size(site->style), err);
	if (status < 0)
		return status;
	const enum df_fit fit = df_insn_fit(site, code);
	if (fit <= DF_FIT_JUMP)
		return 0;
	return df_fail(err, fit == DF_FIT_BREAKPOINT ? DF_E_BREAKPOINT : DF_E_SITE,
		       "site of %.200s:%.200s at %#" PRIx64 ": what a controller that died left "
		       "behind cannot be put right, since %s %02x stands there",
		       site->kind, site->name, site->addr,
		       fit == DF_FIT_BREAKPOINT ? "a breakpoint" : "the byte", code[0]);
}

static int byte_from_next(const struct df_mem *mem, const struct df_module *module, uint32_t index,
			  const struct df_state_v1 *state, struct df_err *err)
{
	const struct df_count count = df_count_decode(&module->sites[index], &state->next);
	return recover_byte(mem, module, index, &count, err);
}

static int byte_from_current(const struct df_mem *mem, const struct df_module *module,
			     uint32_t index, const struct df_state_v1 *state, struct df_err *err)
{
	const struct df_count count = df_count_decode(&module->sites[index], &state->current);
	return recover_byte(mem, module, index, &count, err);
}

static int current_from_next(const struct df_mem *mem, const struct df_module *module,
			     uint32_t index, const struct df_state_v1 *state, struct df_err *err)
{
	return mem->store(mem->context,
			  module->sites[index].state + offsetof(struct df_state_v1, current),
			  &state->next, sizeof(state->next), err);
}

static int next_from_current(const struct df_mem *mem, const struct df_module *module,
			     uint32_t index, const struct df_state_v1 *state, struct df_err *err)
{
	return mem->store(mem->context,
			  module->sites[index].state + offsetof(struct df_state_v1, next),
			  &state->current, sizeof(state->current), err);
}

static int recover_forward(const struct df_mem *mem, const struct df_module *module,
			   const struct df_stamp *stamp, struct df_err *err)
{
	int status = for_each_open(mem, module, expect_site, err);
	if (status == 0)
		status = for_each_open(mem, module, byte_from_next, err);
	if (status == 0)
		status = mem->serialise(mem->context, err);
	if (status == 0)
		status = df_control_phase(mem, module->control, DF_PHASE_CLOSING, err);
	if (status == 0)
		status = for_each_open(mem, module, current_from_next, err);
	if (status == 0)
		status = df_control_settle(mem, module->control, true, err);
	return status < 0 ? status : df_control_close(mem, module->control, stamp, err);
}

static int recover_back(const struct df_mem *mem, const struct df_module *module, bool bytes,
			struct df_err *err)
{
	int status = 0;
	if (bytes)
		status = for_each_open(mem, module, expect_site, err);
	if (bytes && status == 0)
		status = for_each_open(mem, module, byte_from_current, err);
	if (bytes && status == 0)
		status = mem->serialise(mem->context, err);
	if (status == 0)
		status = for_each_open(mem, module, next_from_current, err);
	if (status == 0)
		status = df_control_settle(mem, module->control, false, err);
	return status < 0 ? status : df_control_phase(mem, module->control, DF_PHASE_IDLE, err);
}

int df_recover(const struct df_mem *mem, const struct df_module *module,
	       const struct df_stamp *stamp, struct df_err *err)
{
	struct df_control_v1 control;
	const int status = df_control_load(mem, module->control, &control, err);
	if (status < 0)
		return status;
	switch (control.phase) {
	case DF_PHASE_IDLE:
		return 0;
	case DF_PHASE_PREPARING:
		return recover_back(mem, module, false, err);
	case DF_PHASE_WRITING:
	case DF_PHASE_CLOSING:
		return recover_forward(mem, module, stamp, err);
	case DF_PHASE_UNDOING:
		return recover_back(mem, module, true, err);
	default:
		return df_fail(err, DF_E_TABLE,
			       "control block at %#" PRIx64 ": phase %" PRIu32 " is none of 0 to 4",
			       module->control, control.phase);
	}
}
