/* SPDX-License-Identifier: Apache-2.0 */
/* apply.c - the commit protocol. */
#include "apply.h"

#include <inttypes.h>
#include <string.h>

#include "insn.h"

#define STATES_AT_ONCE 256
#define CONTROL_FIELD(MODULE, MEMBER) ((MODULE)->control + offsetof(struct df_control_v1, MEMBER))

int df_control_load(const struct df_mem *mem, uint64_t control, struct df_control_v1 *to,
		    struct df_err *err)
{
	const int status = mem->load(mem->context, control, to, sizeof(*to), err);
	if (status < 0)
		return status;
	if (memcmp(to->magic, DF_CONTROL_MAGIC, sizeof(to->magic)) != 0)
		return df_fail(err, DF_E_TABLE, "control block at %#" PRIx64 ": its magic is gone",
			       control);
	return 0;
}

int df_states_load(const struct df_mem *mem, const struct df_site *sites, size_t count,
		   struct df_state_v1 *states, struct df_err *err)
{
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count; end++)
			if (sites[end].state != sites[end - 1].state + DF_STATE_SIZE)
				break;
		const int status = mem->load(mem->context, sites[first].state, &states[first],
					     (end - first) * DF_STATE_SIZE, err);
		if (status < 0)
			return status;
	}
	return 0;
}

static int store_phase(const struct df_mem *mem, const struct df_module *module, uint32_t phase,
		       struct df_err *err)
{
	return mem->store(mem->context, CONTROL_FIELD(module, phase), &phase, sizeof(phase), err);
}

/* Takes the intent to initialise to its end, or back. */
static int settle_initialised(const struct df_mem *mem, const struct df_module *module,
			      bool forward, struct df_err *err)
{
	struct df_control_v1 control;
	const int status = df_control_load(mem, module->control, &control, err);
	if (status < 0 || !(control.initialised & DF_INITIALISING))
		return status;
	const uint32_t initialised = forward ? DF_INITIALISED : 0;
	return mem->store(mem->context, CONTROL_FIELD(module, initialised), &initialised,
			  sizeof(initialised), err);
}

static bool initialises(const struct df_plan *plan)
{
	return plan->will_initialise != plan->was_initialised;
}

/* Generation, time and process of a commit, then the phase that makes it good. */
static int close_commit(const struct df_mem *mem, const struct df_module *module,
			const struct df_stamp *stamp, struct df_err *err)
{
	struct df_control_v1 control;
	int status = df_control_load(mem, module->control, &control, err);
	if (status < 0)
		return status;
	control.generation++;
	control.changed_at = stamp->now;
	control.changed_by = stamp->pid;
	const size_t from = offsetof(struct df_control_v1, generation);
	const size_t to = offsetof(struct df_control_v1, reserved);
	status = mem->store(mem->context, module->control + from, (const uint8_t *)&control + from,
			    to - from, err);
	return status < 0 ? status : store_phase(mem, module, DF_PHASE_IDLE, err);
}

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

/* Which counts stand in `current` and in `next`. */
struct side {
	const struct df_count *current;
	const struct df_count *next;
};

/*
 * Writes the states of all changed sites. `current` is written with `next` even
 * where only that changes: so neighbours make one store.
 */
static int store_states(const struct df_mem *mem, const struct df_module *module,
			const struct df_plan *plan, struct side side, struct df_err *err)
{
	struct df_state_v1 run[STATES_AT_ONCE];
	size_t length = 0;
	uint64_t start = 0;
	for (size_t i = 0; i < plan->change_count; i++) {
		const uint32_t index = plan->changes[i];
		const struct df_site *site = &module->sites[index];
		if (length == STATES_AT_ONCE || site->state != start + length * DF_STATE_SIZE) {
			const int status = length == 0 ? 0
						       : mem->store(mem->context, start, run,
								    length * DF_STATE_SIZE, err);
			if (status < 0)
				return status;
			start = site->state;
			length = 0;
		}
		run[length].current = df_count_encode(site, &side.current[index]);
		run[length].next = df_count_encode(site, &side.next[index]);
		length++;
	}
	return length == 0 ? 0 : mem->store(mem->context, start, run, length * DF_STATE_SIZE, err);
}

static int prepare(const struct df_mem *mem, const struct df_module *module,
		   const struct df_plan *plan, struct df_err *err)
{
	const uint32_t intent = DF_INITIALISING;
	int status = store_phase(mem, module, DF_PHASE_PREPARING, err);
	if (status == 0 && initialises(plan))
		status = mem->store(mem->context, CONTROL_FIELD(module, initialised), &intent,
				    sizeof(intent), err);
	if (status < 0)
		return status;
	return store_states(mem, module, plan, (struct side){plan->was, plan->will}, err);
}

static int write_bytes(const struct df_mem *mem, const struct df_module *module,
		       const struct df_plan *plan, struct df_err *err)
{
	int status = store_phase(mem, module, DF_PHASE_WRITING, err);
	if (status < 0 || plan->edit_count == 0)
		return status;
	status = mem->patch(mem->context, plan->edits, plan->edit_count, false, err);
	if (status == 0)
		status = for_each_edit(mem, module, plan, is_after, err);
	if (status == 0)
		status = mem->serialise(mem->context, err);
	return status;
}

static int close_up(const struct df_mem *mem, const struct df_module *module,
		    const struct df_plan *plan, const struct df_stamp *stamp, struct df_err *err)
{
	int status = store_phase(mem, module, DF_PHASE_CLOSING, err);
	if (status == 0)
		status =
			store_states(mem, module, plan, (struct side){plan->will, plan->will}, err);
	if (status == 0 && initialises(plan))
		status = settle_initialised(mem, module, true, err);
	return status < 0 ? status : close_commit(mem, module, stamp, err);
}

static int undo(const struct df_mem *mem, const struct df_module *module,
		const struct df_plan *plan, bool bytes, struct df_err *err)
{
	int status = 0;
	if (bytes) {
		status = store_phase(mem, module, DF_PHASE_UNDOING, err);
		if (status == 0)
			status = mem->patch(mem->context, plan->edits, plan->edit_count, true, err);
		if (status == 0)
			status = for_each_edit(mem, module, plan, is_undone, err);
		if (status == 0)
			status = mem->serialise(mem->context, err);
	}
	if (status == 0)
		status = store_states(mem, module, plan, (struct side){plan->was, plan->was}, err);
	if (status == 0 && initialises(plan))
		status = settle_initialised(mem, module, false, err);
	return status < 0 ? status : store_phase(mem, module, DF_PHASE_IDLE, err);
}

/* `cause` is why the operation failed; says in *err how the undo went as well. */
static int give_up(const struct df_mem *mem, const struct df_module *module,
		   const struct df_plan *plan, bool bytes, const struct df_err *cause,
		   struct df_err *err)
{
	struct df_err second;
	if (cause->code == DF_E_NO_PROCESS)
		return df_fail(err, DF_E_NO_PROCESS, "%s", cause->text);
	if (undo(mem, module, plan, bytes, &second) == 0)
		return df_fail(err, DF_E_WRITE, "%s; undone, its flags are as before", cause->text);
	if (second.code == DF_E_NO_PROCESS)
		return df_fail(err, DF_E_NO_PROCESS, "%s", second.text);
	return df_fail(err, DF_E_UNDO,
		       "%.400s; undoing it failed as well: %.400s; the next operation will finish "
		       "it or undo it",
		       cause->text, second.text);
}

int df_plan_apply(const struct df_mem *mem, const struct df_module *module, const struct df_plan *plan,
	     const struct df_stamp *stamp, struct df_err *err)
{
	struct df_err cause;
	if (prepare(mem, module, plan, &cause) < 0)
		return give_up(mem, module, plan, false, &cause, err);
	if (write_bytes(mem, module, plan, &cause) < 0)
		return give_up(mem, module, plan, true, &cause, err);
	if (close_up(mem, module, plan, stamp, &cause) < 0)
		/* The bytes are right: the next controller goes on from here. */
		return df_fail(err, cause.code == DF_E_NO_PROCESS ? DF_E_NO_PROCESS : DF_E_UNDO,
			       "%s; the flags are switched, and the next operation will put their "
			       "counts right",
			       cause.text);
	return 0;
}

/* Writes one site's opcode and reads it back. */
static int patch_site(const struct df_mem *mem, const struct df_edit *edit,
		      const struct df_site *site, struct df_err *err)
{
	uint8_t found = 0;
	int status = mem->patch(mem->context, edit, 1, false, err);
	if (status == 0)
		status = mem->load(mem->context, edit->addr, &found, 1, err);
	return status < 0 ? status : read_back(site, found, edit->after[0], err);
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
		status = store_phase(mem, module, DF_PHASE_CLOSING, err);
	if (status == 0)
		status = for_each_open(mem, module, current_from_next, err);
	if (status == 0)
		status = settle_initialised(mem, module, true, err);
	return status < 0 ? status : close_commit(mem, module, stamp, err);
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
		status = settle_initialised(mem, module, false, err);
	return status < 0 ? status : store_phase(mem, module, DF_PHASE_IDLE, err);
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
