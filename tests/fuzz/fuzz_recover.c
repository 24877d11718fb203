/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_recover.c - what recovery and an operation make of any control block, states and bytes.
 *
 * input: number of sites, their shapes, control block, states, opcodes, the call
 * that fails, and one operation with its selection
 */
#include "apply.h"
#include "fake_module.h"
#include "fuzz.h"
#include "insn.h"
#include "recover.h"

#define SITES_MAX 24
#define BASE UINT64_C(0x555555000000)

struct program {
	struct fake_module module;
	struct df_module sites;
	struct df_mem mem;
	unsigned calls_left; /* until one fails; 0: none does */
	unsigned writes;
	bool failed;
};

static int fails(struct program *p, struct df_err *err)
{
	if (p->calls_left == 0 || --p->calls_left > 0)
		return 0;
	p->failed = true;
	return df_fail(err, DF_E_SYSTEM, "this call fails");
}

static int load(void *context, uint64_t addr, void *to, size_t size, struct df_err *err)
{
	struct program *p = context;
	const uint8_t *from = fake_module_bytes(&p->module, addr, size);
	MUST(from && size > 0);
	memcpy(to, from, size);
	return fails(p, err);
}

/* States, and what lies behind the fixed fields of the control block: nothing else is data. */
static bool may_be_stored(const struct program *p, uint64_t addr)
{
	if (addr - p->sites.control < DF_CONTROL_SIZE)
		return addr - p->sites.control >= offsetof(struct df_control_v1, external);
	for (size_t i = 0; i < p->sites.count; i++)
		if (addr - p->sites.sites[i].state < DF_STATE_SIZE)
			return true;
	return false;
}

static int store(void *context, uint64_t addr, const void *from, size_t size, struct df_err *err)
{
	struct program *p = context;
	uint8_t *to = fake_module_bytes(&p->module, addr, size);
	MUST(to && size > 0);
	for (size_t i = 0; i < size; i++)
		MUST(may_be_stored(p, addr + i));
	p->writes++;
	const int status = fails(p, err);
	memcpy(to, from, status < 0 ? size / 2 : size);
	return status;
}

static void patch_one(struct program *p, const struct df_edit *edit, bool undo)
{
	const uint8_t byte = undo ? edit->before[0] : edit->after[0];
	MUST(edit->site < p->sites.count && edit->size == 1);
	const struct df_site *site = &p->sites.sites[edit->site];
	MUST(edit->addr == site->addr);
	MUST(byte == df_insn_opcode(site->style, false) ||
	     byte == df_insn_opcode(site->style, true));
	*fake_module_bytes(&p->module, edit->addr, 1) = byte;
	p->writes++;
}

static int patch(void *context, const struct df_edit *edits, size_t count, bool undo,
		 struct df_err *err)
{
	struct program *p = context;
	for (size_t i = 0; i < count; i++) {
		const int status = fails(p, err);
		if (status < 0)
			return status;
		patch_one(p, &edits[i], undo);
	}
	return 0;
}

static int serialise(void *context, struct df_err *err)
{
	return fails(context, err);
}

static void read_shapes(struct input *in, struct df_site *like, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint8_t shape = input_byte(in);
		like[i] = (struct df_site){
			.style = shape & 8 ? DF_STYLE_X86_CARRY : DF_STYLE_X86_GOTO,
			.flags = shape & 7,
			.activation = input_byte(in),
			.unhook = input_byte(in),
			.kind = "kind",
			.name = "name",
			.file = "file",
			.doc = "",
			.line = (uint32_t)i,
		};
	}
}

static void read_opcode(struct input *in, struct fake_module *m, const struct df_site *site)
{
	uint8_t *code = fake_module_bytes(m, site->addr, 1);
	const uint8_t choice = input_byte(in);
	if (choice < 0xc0)
		*code = df_insn_opcode(site->style, choice & 1);
	else
		*code = choice;
}

static void read_program(struct input *in, struct program *p)
{
	struct df_site like[SITES_MAX];
	const size_t count = input_byte(in) % SITES_MAX + 1u;
	*p = (struct program){0};
	read_shapes(in, like, count);
	fake_module_build(&p->module, BASE, like, count);
	p->sites = (struct df_module){
		.control = fake_module_addr(&p->module, FAKE_DATA, FAKE_CONTROL),
		.sites = p->module.sites,
		.count = count,
	};
	p->mem = (struct df_mem){p, load, store, patch, serialise};
	struct df_control_v1 *control = fake_module_control(&p->module);
	const size_t fixed = offsetof(struct df_control_v1, lock);
	control->phase = 0;
	input_take(in, (uint8_t *)control + fixed, sizeof(*control) - fixed);
	for (size_t i = 0; i < count; i++)
		input_take(in, fake_module_state(&p->module, i), DF_STATE_SIZE);
	for (size_t i = 0; i < count; i++)
		read_opcode(in, &p->module, &p->sites.sites[i]);
}

static bool is_open(struct program *p, size_t i)
{
	const struct df_state_v1 *state = fake_module_state(&p->module, i);
	return memcmp(&state->current, &state->next, sizeof(state->next)) != 0;
}

static enum df_fit fit_of(struct program *p, size_t i)
{
	const struct df_site *site = &p->sites.sites[i];
	return df_insn_fit(site, fake_module_bytes(&p->module, site->addr, DF_INSN_MAX));
}

static void follows_counts(struct program *p, size_t i)
{
	const struct df_site *site = &p->sites.sites[i];
	const struct df_state_v1 *state = fake_module_state(&p->module, i);
	const struct df_count count = df_count_decode(site, &state->current);
	const bool jumps = df_insn_jumps(site, df_count_active(&count));
	MUST(!is_open(p, i));
	MUST(fit_of(p, i) == (jumps ? DF_FIT_JUMP : DF_FIT_STRAIGHT));
}

/* Recovers; with a call that fails, and then again without. */
static int recover(struct program *p)
{
	static const struct df_stamp stamp = {.now = 1, .pid = 2};
	struct df_err err = {0};
	const uint32_t phase = fake_module_control(&p->module)->phase;
	bool open[SITES_MAX], own = true;
	for (size_t i = 0; i < p->sites.count; i++) {
		open[i] = is_open(p, i);
		own = own && (!open[i] || fit_of(p, i) <= DF_FIT_JUMP);
	}
	int status = df_recover(&p->mem, &p->sites, &stamp, &err);
	if (p->failed) {
		p->calls_left = 0;
		status = df_recover(&p->mem, &p->sites, &stamp, &err);
	} else if (phase == DF_PHASE_IDLE || phase > DF_PHASE_UNDOING) {
		MUST((status == 0) == (phase == DF_PHASE_IDLE) && p->writes == 0);
		return status;
	} else if (status < 0) {
		MUST(!own && phase != DF_PHASE_PREPARING && p->writes == 0);
		return status;
	}
	if (status < 0)
		return status;
	MUST(fake_module_control(&p->module)->phase == DF_PHASE_IDLE);
	MUST(!(fake_module_control(&p->module)->initialised & DF_INITIALISING) ||
	     phase == DF_PHASE_IDLE);
	for (size_t i = 0; i < p->sites.count && phase != DF_PHASE_IDLE; i++) {
		MUST(!is_open(p, i));
		if (open[i] && phase != DF_PHASE_PREPARING && !p->failed)
			follows_counts(p, i);
	}
	return 0;
}

static int make_plan(struct program *p, struct input *in, struct df_plan *plan, struct df_err *err)
{
	struct df_state_v1 states[SITES_MAX];
	struct df_control_v1 control;
	bool selected[SITES_MAX];
	uint8_t opcodes[SITES_MAX];
	int status = df_control_load(&p->mem, p->sites.control, &control, err);
	if (status == 0)
		status = df_states_load(&p->mem, p->sites.sites, p->sites.count, states, err);
	if (status == 0)
		status = df_plan_begin(plan, p->sites.sites, p->sites.count, states, &control, err);
	if (status < 0)
		return status;
	for (size_t i = 0; i < p->sites.count; i++) {
		/* What verify.c does: an operation on a site that is not its own does not begin. */
		selected[i] = (input_byte(in) & 1) && fit_of(p, i) <= DF_FIT_JUMP;
		opcodes[i] = *fake_module_bytes(&p->module, p->sites.sites[i].addr, 1);
	}
	df_plan_do(plan, input_byte(in) % DF_INIT, selected);
	return df_plan_close(plan, opcodes, err);
}

static void operate(struct program *p, struct input *in)
{
	static const struct df_stamp stamp = {.now = 3, .pid = 4};
	struct df_plan plan = {0};
	struct df_err err = {0};
	const uint64_t generation = fake_module_control(&p->module)->generation;
	int status = make_plan(p, in, &plan, &err);
	if (status == 0)
		status = df_plan_recheck(&p->mem, &p->sites, &plan, &err);
	if (status == 0)
		status = df_plan_apply(&p->mem, &p->sites, &plan, &stamp, &err);
	MUST(status == 0 || p->failed);
	if (status == 0) {
		MUST(fake_module_control(&p->module)->generation == generation + 1);
		for (size_t i = 0; i < plan.change_count; i++)
			follows_counts(p, plan.changes[i]);
		for (size_t i = 0; i < plan.edit_count; i++)
			MUST(fit_of(p, plan.edits[i].site) <= DF_FIT_JUMP);
	}
	df_plan_free(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct program p;
	read_program(&in, &p);
	p.calls_left = input_byte(&in);
	const int status = recover(&p);
	p.failed = false;
	p.calls_left = input_byte(&in);
	if (status == 0)
		operate(&p, &in);
	fake_module_free(&p.module);
	return 0;
}
