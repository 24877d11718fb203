/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of libdf/apply.c: an operation happens wholly or not at all.
 *
 * The program is a module in arrays. Its memory can refuse any one call or all
 * from some call on, with or without half of the call's effect, and it can lose
 * its controller at any byte that is written. The tests try every such point.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "fake_module.h"
#include "insn.h"
#include "recover.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define BASE UINT64_C(0x555555000000)
#define GENERATION UINT64_C(0xff) /* so that one more carries into the next byte */
#define NEVER LONG_MAX
#define PAGE 4096

static const struct df_stamp stamp = {.now = 0x1122334455667788, .pid = 4711};
static const struct df_stamp later = {.now = 0x2233445566778899, .pid = 4712};

/* ---- a program in arrays --------------------------------------------------------------- */

enum call { LOAD, STORE, PATCH, SERIALISE, CALLS };

struct program {
	struct fake_module module;
	struct df_mem mem;
	uint64_t hole; /* text address of a page that is not mapped, 0 for none */

	/* What goes wrong. */
	long fail_call; /* calls that still succeed */
	bool fail_on;	/* and then all fail, not only one */
	bool fail_half; /* a failing call does half of its work */
	enum df_errc fail_code;
	long budget;  /* bytes that the controller lives to write */
	bool mistake; /* patch reports success and leaves the first byte as it was */

	/* What went on. */
	long calls, written;
	long by_kind[CALLS];
	bool dirty; /* patched since the last serialise */
	bool misused;
};

/* Bytes of the program, or NULL (and the test fails) where none may be touched. */
static uint8_t *bytes_at(struct program *p, uint64_t addr, size_t size)
{
	uint8_t *bytes = fake_module_bytes(&p->module, addr, size);
	if (!bytes || (p->hole && addr < p->hole + PAGE && p->hole < addr + size)) {
		p->misused = true;
		return NULL;
	}
	return bytes;
}

/* Counts a call; an error if it is to fail. *half says whether to do part of the work first. */
static int meter(struct program *p, enum call kind, bool *half, struct df_err *err)
{
	*half = false;
	p->calls++;
	p->by_kind[kind]++;
	if (p->budget <= 0)
		return df_fail(err, DF_E_NO_PROCESS, "the controller is dead");
	if (p->fail_call-- > 0)
		return 0;
	if (!p->fail_on)
		p->fail_call = NEVER;
	*half = p->fail_half;
	return df_fail(err, p->fail_code, "call %ld fails", p->calls);
}

/* Copies as much as the controller lives to write. */
static int copy_in(struct program *p, uint8_t *to, const void *from, size_t size,
		   struct df_err *err)
{
	const size_t lives = p->budget < (long)size ? (size_t)p->budget : size;
	memcpy(to, from, lives);
	p->budget -= (long)lives;
	p->written += (long)lives;
	return lives == size ? 0 : df_fail(err, DF_E_NO_PROCESS, "the controller died");
}

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	struct program *p = context;
	bool half;
	const int status = meter(p, LOAD, &half, err);
	const uint8_t *from = bytes_at(p, addr, size);
	if (!from)
		return df_fail(err, DF_E_SYSTEM, "load outside");
	if (status == 0)
		memcpy(buffer, from, size);
	return status;
}

static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	struct program *p = context;
	bool half;
	const int status = meter(p, STORE, &half, err);
	uint8_t *to = bytes_at(p, addr, size);
	const struct df_range *data = &p->module.segments[FAKE_DATA];
	if (!to || addr < data->addr) {
		p->misused = true;
		return df_fail(err, DF_E_SYSTEM, "store outside");
	}
	if (status == 0)
		return copy_in(p, to, buffer, size, err);
	if (half && copy_in(p, to, buffer, size / 2, NULL) < 0)
		return df_fail(err, DF_E_NO_PROCESS, "the controller died");
	return status;
}

/* One edit: only the first byte of a site may change, and only from one of its two to the other. */
static int patch_one(struct program *p, const struct df_edit *edit, bool undo, struct df_err *err)
{
	const struct df_site *site = &p->module.sites[edit->site];
	const uint8_t byte = undo ? edit->before[0] : edit->after[0];
	uint8_t *to = bytes_at(p, edit->addr, edit->size);
	if (!to || edit->addr != site->addr || edit->size != 1 ||
	    (byte != df_insn_opcode(site->style, false) &&
	     byte != df_insn_opcode(site->style, true))) {
		p->misused = true;
		return df_fail(err, DF_E_SYSTEM, "no edit of a site");
	}
	p->dirty = true;
	return copy_in(p, to, &byte, 1, err);
}

static int patch(void *context, const struct df_edit *edits, size_t count, bool undo,
		 struct df_err *err)
{
	struct program *p = context;
	bool half;
	const int status = meter(p, PATCH, &half, err);
	const size_t done = status == 0 ? count : half ? count / 2 : 0;
	for (size_t i = p->mistake && !undo ? 1 : 0; i < done; i++) {
		if (i > 0 && edits[i].addr <= edits[i - 1].addr)
			p->misused = true;
		const int one = patch_one(p, &edits[i], undo, err);
		if (one < 0)
			return one;
	}
	return status;
}

static int serialise(void *context, struct df_err *err)
{
	struct program *p = context;
	bool half;
	const int status = meter(p, SERIALISE, &half, err);
	if (status == 0)
		p->dirty = false;
	return status;
}

static void start(struct program *p, const struct df_site *like, size_t count)
{
	*p = (struct program){.mem = {p, load, store, patch, serialise},
			      .fail_call = NEVER,
			      .fail_code = DF_E_SYSTEM,
			      .budget = NEVER};
	fake_module_build(&p->module, BASE, like, count);
	fake_module_control(&p->module)->generation = GENERATION;
}

static void stop(struct program *p)
{
	cr_expect_not(p->misused);
	fake_module_free(&p->module);
}

/* From now on everything works; the counters begin anew. */
static void heal(struct program *p)
{
	p->fail_call = NEVER;
	p->fail_on = p->fail_half = p->mistake = false;
	p->budget = NEVER;
	p->calls = p->written = 0;
	memset(p->by_kind, 0, sizeof(p->by_kind));
}

static struct df_module module_of(const struct program *p)
{
	return (struct df_module){.control = fake_module_addr(&p->module, FAKE_DATA, FAKE_CONTROL),
				  .sites = p->module.sites,
				  .count = p->module.count};
}

static struct df_control_v1 *control_of(struct program *p)
{
	return fake_module_control(&p->module);
}

static uint8_t *code_of(struct program *p, size_t site)
{
	return fake_module_bytes(&p->module, p->module.sites[site].addr, 1);
}

/* ---- snapshots ------------------------------------------------------------------------- */

struct snapshot {
	uint8_t *text, *data;
};

static struct snapshot take(const struct program *p)
{
	const struct df_range *s = p->module.segments;
	struct snapshot snapshot = {malloc(s[FAKE_TEXT].size), malloc(s[FAKE_DATA].size)};
	cr_assert(snapshot.text && snapshot.data);
	memcpy(snapshot.text, p->module.bytes[FAKE_TEXT], s[FAKE_TEXT].size);
	memcpy(snapshot.data, p->module.bytes[FAKE_DATA], s[FAKE_DATA].size);
	return snapshot;
}

static void put_back(struct program *p, const struct snapshot *snapshot)
{
	const struct df_range *s = p->module.segments;
	memcpy(p->module.bytes[FAKE_TEXT], snapshot->text, s[FAKE_TEXT].size);
	memcpy(p->module.bytes[FAKE_DATA], snapshot->data, s[FAKE_DATA].size);
}

/* Whether text, and data with or without the control block's stamp, are as they were. */
static bool is_as(const struct program *p, const struct snapshot *snapshot)
{
	const struct df_range *s = p->module.segments;
	return memcmp(p->module.bytes[FAKE_TEXT], snapshot->text, s[FAKE_TEXT].size) == 0 &&
	       memcmp(p->module.bytes[FAKE_DATA], snapshot->data, s[FAKE_DATA].size) == 0;
}

static void drop(struct snapshot *snapshot)
{
	free(snapshot->text);
	free(snapshot->data);
}

/* ---- plans ----------------------------------------------------------------------------- */

/* Plans one or more operations from what is in memory now. */
struct step {
	enum df_op op;
	const bool *selected;
};

static struct df_plan plan_of(struct program *p, const struct step *steps, size_t count)
{
	const struct df_module module = module_of(p);
	struct df_state_v1 *states = calloc(module.count + 1, sizeof(*states));
	uint8_t *opcodes = calloc(module.count + 1, 1);
	struct df_plan plan;
	cr_assert(states && opcodes);
	cr_assert_eq(df_states_load(&p->mem, module.sites, module.count, states, NULL), 0);
	for (size_t i = 0; i < module.count; i++)
		opcodes[i] = *code_of(p, i);
	cr_assert_eq(df_plan_begin(&plan, module.sites, module.count, states, control_of(p), NULL),
		     0);
	for (size_t i = 0; i < count; i++)
		df_plan_do(&plan, steps[i].op, steps[i].selected);
	cr_assert_eq(df_plan_close(&plan, opcodes, NULL), 0);
	free(states);
	free(opcodes);
	return plan;
}

enum side { TORN, BEFORE, AFTER };

/* On which side of the plan one site is: both pairs of counts, and the byte that follows. */
static bool site_is(struct program *p, const struct df_plan *plan, size_t i,
		    const struct df_count *counts)
{
	const struct df_site *site = &plan->sites[i];
	const struct df_state_v1 *state = fake_module_state(&p->module, i);
	const struct df_count current = df_count_decode(site, &state->current);
	const bool on = df_count_active(&counts[i]);
	return memcmp(&state->current, &state->next, sizeof(state->next)) == 0 &&
	       current.activation == counts[i].activation && current.unhook == counts[i].unhook &&
	       current.held == counts[i].held &&
	       *code_of(p, i) == df_insn_opcode(site->style, df_insn_jumps(site, on));
}

/* On which side the whole module is; TORN also if it is not idle. */
static enum side side_of(struct program *p, const struct df_plan *plan)
{
	bool before = true, after = true;
	for (size_t i = 0; i < plan->count; i++) {
		before = before && site_is(p, plan, i, plan->was);
		after = after && site_is(p, plan, i, plan->will);
	}
	if (control_of(p)->phase != DF_PHASE_IDLE || before == after)
		return TORN;
	return before ? BEFORE : AFTER;
}

/* What recovery must come to, by the phase that it finds. */
static enum side destiny(uint32_t phase)
{
	return phase == DF_PHASE_WRITING || phase == DF_PHASE_CLOSING ? AFTER : BEFORE;
}

/* Every byte of text but the first ones of sites is never touched. */
static void expect_text_intact(struct program *p, const struct snapshot *was)
{
	const struct df_range *text = &p->module.segments[FAKE_TEXT];
	uint8_t *copy = malloc(text->size);
	cr_assert_not_null(copy);
	memcpy(copy, p->module.bytes[FAKE_TEXT], text->size);
	for (size_t i = 0; i < p->module.count; i++) {
		const uint64_t at = p->module.sites[i].addr - text->addr;
		copy[at] = was->text[at];
	}
	cr_expect_arr_eq(copy, was->text, text->size);
	free(copy);
}

/* What else the control block must say on each side. */
static void expect_control(struct program *p, const struct df_plan *plan, enum side side)
{
	const struct df_control_v1 *c = control_of(p);
	cr_expect_arr_eq(c->magic, DF_CONTROL_MAGIC, sizeof(c->magic));
	cr_expect_eq(c->lock, 0x10c);
	cr_expect_eq(c->external, 0xe81);
	cr_expect_eq(c->external_nonce, 5);
	if (side == BEFORE) {
		cr_expect_eq(c->generation, plan->generation);
		cr_expect_eq(c->changed_at, 0);
		cr_expect_eq(c->changed_by, 0);
		cr_expect_eq(c->initialised, plan->was_initialised ? DF_INITIALISED : 0);
		return;
	}
	/* One more, or two if the first controller died at its last word; a torn one is another. */
	cr_expect_neq(c->generation, plan->generation);
	cr_expect(c->changed_by == stamp.pid || c->changed_by == later.pid);
	cr_expect(c->changed_at == stamp.now || c->changed_at == later.now);
	cr_expect_eq(c->initialised, plan->will_initialise ? DF_INITIALISED : 0);
}

static void mark_control(struct program *p)
{
	control_of(p)->lock = 0x10c;
	control_of(p)->external = 0xe81;
	control_of(p)->external_nonce = 5;
}

/* ---- the module most tests use --------------------------------------------------------- */

enum { FEATURE, DEFAULT, SLOW, OPT, CARRY, SHIELD, OTHER, SAME, SITES };
#define GOTO DF_STYLE_X86_GOTO
#define SITE(NAME, TEXT, STATE, STYLE, FLAGS, ACTIVATION, UNHOOK)                                  \
	{                                                                                          \
		.kind = "k", .name = NAME, .file = "f.c", .doc = "", .line = 1, .addr = TEXT,      \
		.state = STATE, .style = STYLE, .flags = FLAGS, .activation = ACTIVATION,          \
		.unhook = UNHOOK                                                                   \
	}

/* States of three runs, and text of two windows, in an order that is not that of the table. */
static const struct df_site mixed[SITES] = {
	[FEATURE] = SITE("feature", 0x20, 0x100, GOTO, 0, 0, 0),
	[DEFAULT] = SITE("default", 0x10, 0x110, GOTO, DF_SITE_INVERTED, 1, 0),
	[SLOW] = SITE("slow", 0x1820, 0x150, GOTO, DF_SITE_JUMP_BUILT, 1, 0),
	[OPT] = SITE("opt", 0x1830, 0x140, GOTO, DF_SITE_JUMP_BUILT | DF_SITE_HELD, 0, 0),
	[CARRY] = SITE("carry", 0x60, 0x120, DF_STYLE_X86_CARRY, 0, 0, 0),
	[SHIELD] = SITE("shield", 0x30, 0x200, GOTO, 0, 0, 3),
	[OTHER] = SITE("other", 0x1850, 0x130, GOTO, DF_SITE_JUMP_BUILT, 200, 0),
	[SAME] = SITE("same", 0x40, 0x160, GOTO, 0, 0, 0),
};

static const bool on[SITES] = {[FEATURE] = true, [CARRY] = true, [DEFAULT] = true};
static const bool off[SITES] = {[SLOW] = true, [SAME] = true};
static const bool shielded[SITES] = {[SHIELD] = true};

/* Bytes one way and the other, a count without a byte, a hold, and what is as it was. */
static const struct step wishes[] = {
	{DF_ACTIVATE, on}, {DF_DISABLE, off}, {DF_REHOOK, shielded}, {DF_INIT, NULL}};

/* The same from where that led, so that no state begins as zero bytes. */
static const struct step returns[] = {{DF_DISABLE, on}, {DF_ACTIVATE, off}, {DF_UNHOOK, shielded}};

/* Runs `wishes` first if `second`, so that the operation in question is `returns`. */
static struct df_plan begin(struct program *p, bool second)
{
	start(p, mixed, SITES);
	if (!second) {
		mark_control(p);
		return plan_of(p, wishes, COUNT(wishes));
	}
	struct df_plan first = plan_of(p, wishes, COUNT(wishes));
	const struct df_module module = module_of(p);
	cr_assert_eq(df_plan_apply(&p->mem, &module, &first, &stamp, NULL), 0);
	df_plan_free(&first);
	control_of(p)->changed_at = 0;
	control_of(p)->changed_by = 0;
	mark_control(p);
	heal(p);
	return plan_of(p, returns, COUNT(returns));
}

/* ---- success --------------------------------------------------------------------------- */

Test(apply, the_whole_of_it)
{
	for (int second = 0; second < 2; second++) {
		struct program p;
		struct df_plan plan = begin(&p, second);
		const struct df_module module = module_of(&p);
		const struct snapshot was = take(&p);
		struct df_err err = {0};
		cr_expect_eq(side_of(&p, &plan), BEFORE);
		cr_expect_eq(df_plan_recheck(&p.mem, &module, &plan, &err), 0, "%s", err.text);
		cr_expect(is_as(&p, &was));
		cr_expect_eq(df_plan_apply(&p.mem, &module, &plan, &stamp, &err), 0, "%s",
			     err.text);
		cr_expect_eq(side_of(&p, &plan), AFTER);
		expect_control(&p, &plan, AFTER);
		expect_text_intact(&p, &was);
		cr_expect_eq(control_of(&p)->generation, plan.generation + 1);
		cr_expect_eq(control_of(&p)->changed_at, stamp.now);
		cr_expect_eq(control_of(&p)->changed_by, stamp.pid);
		cr_expect_eq(control_of(&p)->initialised, DF_INITIALISED);
		cr_expect_not(p.dirty, "bytes were written and not serialised");
		cr_expect_eq(p.by_kind[SERIALISE], 1);
		cr_expect_eq(p.by_kind[PATCH], 1);
		drop((struct snapshot *)&was);
		df_plan_free(&plan);
		stop(&p);
	}
}

Test(apply, recover_of_an_idle_module_writes_nothing)
{
	struct program p;
	struct df_plan plan = begin(&p, true);
	const struct df_module module = module_of(&p);
	heal(&p);
	cr_expect_eq(df_recover(&p.mem, &module, &later, NULL), 0);
	cr_expect_eq(p.written, 0);
	cr_expect_eq(p.by_kind[STORE] + p.by_kind[PATCH] + p.by_kind[SERIALISE], 0);
	df_plan_free(&plan);
	stop(&p);
}

/* A strayed byte is mended without any count changing. */
Test(apply, a_byte_alone)
{
	struct program p;
	start(&p, mixed, SITES);
	const struct df_module module = module_of(&p);
	*code_of(&p, SAME) = 0xe9;
	const struct step step = {DF_DISABLE, off};
	struct df_plan plan = plan_of(&p, &step, 1);
	cr_expect_eq(plan.strayed, 1);
	cr_expect_eq(df_plan_apply(&p.mem, &module, &plan, &stamp, NULL), 0);
	cr_expect_eq(*code_of(&p, SAME), 0xa9);
	cr_expect_eq(side_of(&p, &plan), AFTER);
	df_plan_free(&plan);
	stop(&p);
}

/* ---- failing calls --------------------------------------------------------------------- */

/* The operation failed in the way set up in `p`; whatever is left, the next controller mends. */
static void check_failed(struct program *p, const struct df_plan *plan, int status,
			 const struct df_err *err, const struct snapshot *was, const char *row)
{
	const struct df_module module = module_of(p);
	const uint32_t phase = control_of(p)->phase;
	cr_expect_eq(err->code, -status, "%s", row);
	cr_expect_neq(err->text[0], '\0', "%s", row);
	heal(p);
	if (status == -(int)DF_E_WRITE) {
		cr_expect_eq(side_of(p, plan), BEFORE, "%s", row);
		expect_control(p, plan, BEFORE);
		cr_expect_not(p->dirty, "%s", row);
	} else {
		const bool gone = p->fail_code == DF_E_NO_PROCESS;
		cr_expect_eq(status, gone ? -(int)DF_E_NO_PROCESS : -(int)DF_E_UNDO, "%s", row);
	}
	cr_expect_eq(df_recover(&p->mem, &module, &later, NULL), 0, "%s", row);
	const enum side side = side_of(p, plan);
	cr_expect_neq(side, TORN, "%s", row);
	cr_expect(phase == DF_PHASE_IDLE || side == destiny(phase), "%s: phase %u", row, phase);
	cr_expect_not(p->dirty, "%s: bytes were written and not serialised", row);
	expect_control(p, plan, side);
	expect_text_intact(p, was);
}

/* Fails at each call there is, until one run has no failure. Returns how many calls that takes. */
static long sweep_calls(bool second, bool fail_on, bool half, enum df_errc code)
{
	for (long n = 0;; n++) {
		struct program p;
		struct df_plan plan = begin(&p, second);
		const struct df_module module = module_of(&p);
		struct snapshot was = take(&p);
		struct df_err err = {0};
		char row[96];
		snprintf(row, sizeof(row), "call %ld, second %d, on %d, half %d, %s", n, second,
			 fail_on, half, df_err_name(code));
		heal(&p);
		p.fail_call = n;
		p.fail_on = fail_on;
		p.fail_half = half;
		p.fail_code = code;
		const int status = df_plan_apply(&p.mem, &module, &plan, &stamp, &err);
		const bool over = p.calls <= n;
		if (over)
			cr_expect_eq(status, 0, "%s", row);
		else
			check_failed(&p, &plan, status, &err, &was, row);
		drop(&was);
		df_plan_free(&plan);
		stop(&p);
		if (over)
			return n;
	}
}

Test(apply, any_call_may_fail, .timeout = 120)
{
	static const enum df_errc codes[] = {DF_E_SYSTEM, DF_E_PERMISSION, DF_E_NO_PROCESS};
	for (size_t i = 0; i < COUNT(codes); i++)
		for (int second = 0; second < 2; second++)
			for (int half = 0; half < 2; half++) {
				/* One for each phase and the serialising, at the least. */
				cr_expect_gt(sweep_calls(second, false, half, codes[i]), 8);
				cr_expect_gt(sweep_calls(second, true, half, codes[i]), 8);
			}
}

/* One failure that is over when the undo begins leaves nothing to be mended. */
Test(apply, a_passing_failure_before_the_bytes_stand_is_undone)
{
	for (int half = 0; half < 2; half++)
		for (long n = 0;; n++) {
			struct program p;
			struct df_plan plan = begin(&p, true);
			const struct df_module module = module_of(&p);
			struct df_err err = {0};
			heal(&p);
			p.fail_call = n;
			p.fail_half = half;
			const int status = df_plan_apply(&p.mem, &module, &plan, &stamp, &err);
			const bool closing = status == 0 || err.code == DF_E_UNDO;
			if (!closing) {
				cr_expect_eq(status, -(int)DF_E_WRITE, "call %ld", n);
				cr_expect_eq(side_of(&p, &plan), BEFORE, "call %ld", n);
				cr_expect(strstr(err.text, "undone"), "%s", err.text);
			} else {
				/* The bytes are those of `will`; only counts are behind. */
				for (size_t i = 0; i < plan.edit_count; i++)
					cr_expect_eq(*code_of(&p, plan.edits[i].site),
						     plan.edits[i].after[0], "call %ld", n);
			}
			df_plan_free(&plan);
			stop(&p);
			if (status == 0)
				break;
		}
}

/* An undo that never began is not announced: the next controller goes forward then. */
Test(apply, the_message_foretells_what_the_next_controller_does)
{
	for (long n = 0;; n++) {
		struct program p;
		struct df_plan plan = begin(&p, false);
		const struct df_module module = module_of(&p);
		struct df_err err = {0};
		heal(&p);
		p.fail_call = n;
		p.fail_on = true;
		const int status = df_plan_apply(&p.mem, &module, &plan, &stamp, &err);
		heal(&p);
		cr_expect_eq(df_recover(&p.mem, &module, &later, NULL), 0);
		const enum side side = side_of(&p, &plan);
		cr_expect_neq(side, TORN, "call %ld", n);
		if (strstr(err.text, "finish it or undo it"))
			cr_expect_eq(status, -(int)DF_E_UNDO, "call %ld: %s", n, err.text);
		else if (strstr(err.text, "undo"))
			cr_expect_eq(side, BEFORE, "call %ld: %s", n, err.text);
		else
			cr_expect_eq(side, AFTER, "call %ld: %s", n, err.text);
		df_plan_free(&plan);
		stop(&p);
		if (status == 0)
			break;
	}
}

Test(apply, a_write_that_did_not_take_is_noticed)
{
	struct program p;
	struct df_plan plan = begin(&p, false);
	const struct df_module module = module_of(&p);
	struct df_err err;
	p.mistake = true;
	cr_expect_eq(df_plan_apply(&p.mem, &module, &plan, &stamp, &err), -(int)DF_E_WRITE);
	cr_expect(strstr(err.text, "was written"), "%s", err.text);
	cr_expect_eq(side_of(&p, &plan), BEFORE);
	df_plan_free(&plan);
	stop(&p);
}

Test(apply, a_process_that_is_gone_is_not_undone)
{
	for (long n = 0;; n++) {
		struct program p;
		struct df_plan plan = begin(&p, false);
		const struct df_module module = module_of(&p);
		struct df_err err;
		heal(&p);
		p.fail_call = n;
		p.fail_on = true;
		p.fail_code = DF_E_NO_PROCESS;
		const int status = df_plan_apply(&p.mem, &module, &plan, &stamp, &err);
		cr_expect(status == 0 || status == -(int)DF_E_NO_PROCESS, "call %ld: %d", n,
			  status);
		cr_expect(status == 0 || p.calls == n + 1, "call %ld: more calls followed", n);
		df_plan_free(&plan);
		stop(&p);
		if (status == 0)
			break;
	}
}

Test(apply, an_error_may_go_nowhere)
{
	struct program p;
	struct df_plan plan = begin(&p, false);
	const struct df_module module = module_of(&p);
	p.fail_call = 3;
	p.fail_on = true;
	cr_expect_lt(df_plan_apply(&p.mem, &module, &plan, &stamp, NULL), 0);
	df_plan_free(&plan);
	stop(&p);
}

/* ---- controllers that die -------------------------------------------------------------- */

/* Init that was cut off is done again by the next controller, and then it is said. */
static void expect_init_completes(struct program *p)
{
	const struct df_module module = module_of(p);
	const struct step init = {DF_INIT, NULL};
	struct df_plan plan = plan_of(p, &init, 1);
	cr_expect_eq(df_plan_apply(&p->mem, &module, &plan, &later, NULL), 0);
	cr_expect_eq(control_of(p)->initialised, DF_INITIALISED);
	cr_expect_not(plan.will[OPT].held);
	df_plan_free(&plan);
}

/* Mends what a dead controller left, and looks at every promise. */
static void expect_mended(struct program *p, const struct df_plan *plan, enum side wanted,
			  const struct snapshot *was, const char *row)
{
	const struct df_module module = module_of(p);
	struct df_err err = {0};
	cr_expect_neq(wanted, TORN, "%s", row);
	heal(p);
	/* The dead one may have patched without serialising. */
	p->dirty = control_of(p)->phase == DF_PHASE_WRITING ||
		   control_of(p)->phase == DF_PHASE_UNDOING;
	cr_expect_eq(df_recover(&p->mem, &module, &later, &err), 0, "%s: %s", row, err.text);
	cr_expect_eq(side_of(p, plan), wanted, "%s", row);
	cr_expect_not(p->dirty, "%s: not serialised", row);
	expect_control(p, plan, wanted);
	expect_text_intact(p, was);
	struct snapshot mended = take(p);
	heal(p);
	cr_expect_eq(df_recover(&p->mem, &module, &stamp, NULL), 0, "%s", row);
	cr_expect(is_as(p, &mended), "%s: recovery is not idempotent", row);
	drop(&mended);
}

/* The controller that recovers dies too, at each byte it would write; then a third one comes. */
static void sweep_second_death(struct program *p, const struct df_plan *plan,
			       const struct snapshot *was, const struct snapshot *left, long first)
{
	const struct df_module module = module_of(p);
	for (long m = 0;; m++) {
		char row[64];
		snprintf(row, sizeof(row), "died at %ld and %ld", first, m);
		put_back(p, left);
		const uint32_t phase = control_of(p)->phase;
		/* A whole commit was closed up but for its last word. */
		const enum side wanted = phase == DF_PHASE_IDLE ? side_of(p, plan) : destiny(phase);
		heal(p);
		p->budget = m;
		const int status = df_recover(&p->mem, &module, &later, NULL);
		const bool over = p->written < m || status == 0;
		expect_mended(p, plan, wanted, was, row);
		if (over)
			return;
	}
}

/* Lets the controller die at each byte of `apply`. Returns how many bytes there are. */
static long sweep_deaths(bool second, bool failing, long fail_call)
{
	for (long n = 0;; n++) {
		struct program p;
		struct df_plan plan = begin(&p, second);
		const struct df_module module = module_of(&p);
		struct snapshot was = take(&p);
		heal(&p);
		p.budget = n;
		p.fail_call = failing ? fail_call : NEVER;
		p.fail_half = true;
		const int status = df_plan_apply(&p.mem, &module, &plan, &stamp, NULL);
		const bool over = p.written < n || status == 0;
		if (p.budget == 0 && !over) {
			struct snapshot left = take(&p);
			sweep_second_death(&p, &plan, &was, &left, n);
			if (!second)
				expect_init_completes(&p);
			drop(&left);
		}
		drop(&was);
		df_plan_free(&plan);
		stop(&p);
		if (over)
			return n;
	}
}

Test(apply, a_controller_may_die_at_any_byte, .timeout = 300)
{
	/* Seven changed sites: two writings of 16 bytes for each, and the words of control. */
	cr_expect_gt(sweep_deaths(false, false, 0), 150);
	cr_expect_gt(sweep_deaths(true, false, 0), 150);
}

/* Likewise while it undoes, after each call that may fail. */
Test(apply, a_controller_may_die_while_it_undoes, .timeout = 600)
{
	for (long call = 0; call < 12; call++)
		sweep_deaths(true, true, call);
}

/* ---- many sites ------------------------------------------------------------------------ */

#define MANY 700

/* Many sites, whose states make one run, or have a gap behind every third. */
static void start_many(struct program *p, bool gaps, uint64_t stride)
{
	static struct df_site like[MANY];
	for (size_t i = 0; i < MANY; i++) {
		/* The table's order is that of neither text nor states. */
		const size_t at = i * 333 % MANY;
		like[i] = (struct df_site)SITE("n", 16 + at * stride, 0, GOTO, 0, 0, 0);
		like[i].state = FAKE_STATES + 16 * (at + (gaps ? at / 3 : 0));
		if (at % 2) {
			like[i].flags = DF_SITE_INVERTED;
			like[i].activation = 1;
		}
	}
	start(p, like, MANY);
	mark_control(p);
}

static struct df_plan plan_many(struct program *p)
{
	static bool selected[MANY];
	for (size_t i = 0; i < MANY; i++)
		selected[i] = i % 10 != 9;
	const struct step step = {DF_ACTIVATE, selected};
	return plan_of(p, &step, 1);
}

Test(apply, more_sites_than_fit_at_once)
{
	for (int gaps = 0; gaps < 2; gaps++) {
		struct program p;
		start_many(&p, gaps, 16);
		struct df_plan plan = plan_many(&p);
		const struct df_module module = module_of(&p);
		heal(&p);
		cr_assert_gt(plan.change_count, 512);
		cr_expect_eq(df_plan_recheck(&p.mem, &module, &plan, NULL), 0);
		cr_expect_eq(df_plan_apply(&p.mem, &module, &plan, &stamp, NULL), 0);
		cr_expect_eq(side_of(&p, &plan), AFTER);
		expect_control(&p, &plan, AFTER);
		df_plan_free(&plan);
		stop(&p);
	}
}

/* Neighbours share a load: a window of a page takes hundreds of sites. */
Test(apply, neighbours_share_calls)
{
	struct program p;
	start_many(&p, false, 16);
	struct df_plan plan = plan_many(&p);
	const struct df_module module = module_of(&p);
	struct df_state_v1 states[MANY];
	heal(&p);
	cr_expect_eq(df_plan_recheck(&p.mem, &module, &plan, NULL), 0);
	cr_expect_leq(p.by_kind[LOAD], 1 + MANY * 16 / PAGE + 1);
	heal(&p);
	struct df_site sorted[MANY];
	for (size_t i = 0; i < MANY; i++)
		sorted[(p.module.sites[i].state - p.module.sites[0].state) / 16] =
			p.module.sites[i];
	cr_expect_eq(df_states_load(&p.mem, sorted, MANY, states, NULL), 0);
	cr_expect_eq(p.by_kind[LOAD], 1);
	df_plan_free(&plan);

	static bool every[MANY];
	memset(every, true, sizeof(every));
	const struct step step = {DF_ACTIVATE, every};
	plan = plan_of(&p, &step, 1);
	heal(&p);
	cr_expect_eq(df_plan_apply(&p.mem, &module, &plan, &stamp, NULL), 0);
	/* Four phases, the stamp, and the states twice in runs of 256 at the most. */
	cr_expect_leq(p.by_kind[STORE], 4 + 1 + 2 * (MANY / 256 + 1));
	df_plan_free(&plan);
	stop(&p);
}

Test(apply, states_are_loaded_each_to_its_place)
{
	struct program p;
	start_many(&p, true, 16);
	const struct df_module module = module_of(&p);
	struct df_state_v1 states[MANY];
	for (uint32_t i = 0; i < MANY; i++)
		*fake_module_state(&p.module, i) = (struct df_state_v1){{i, ~i}, {2 * i, 3}};
	cr_expect_eq(df_states_load(&p.mem, module.sites, MANY, states, NULL), 0);
	for (uint32_t i = 0; i < MANY; i++) {
		cr_expect_eq(states[i].current.activation, i);
		cr_expect_eq(states[i].current.unhook, ~i);
		cr_expect_eq(states[i].next.activation, 2 * i);
	}
	cr_expect_eq(df_states_load(&p.mem, module.sites, 0, states, NULL), 0);
	p.fail_call = 2;
	cr_expect_lt(df_states_load(&p.mem, module.sites, MANY, states, NULL), 0);
	stop(&p);
}

/* Sites at every distance from the end of a window, with a page missing between two of them. */
Test(apply, windows_span_no_hole)
{
	for (uint64_t gap = PAGE - 12; gap <= PAGE + 12; gap++) {
		struct program p;
		struct df_site like[5];
		const uint64_t places[] = {8, 2 + gap, 8 + gap, 0x5ff8, 0x7000};
		for (size_t i = 0; i < COUNT(like); i++)
			like[i] = (struct df_site)SITE("n", places[i], FAKE_STATES + 16 * i, GOTO,
						       0, 0, 0);
		start(&p, like, COUNT(like));
		p.hole = fake_module_addr(&p.module, FAKE_TEXT, 0x6000);
		const bool selected[] = {true, true, true, true, true};
		const struct step step = {DF_ACTIVATE, selected};
		struct df_plan plan = plan_of(&p, &step, 1);
		const struct df_module module = module_of(&p);
		cr_expect_eq(df_plan_recheck(&p.mem, &module, &plan, NULL), 0, "gap %" PRIu64, gap);
		cr_expect_eq(df_plan_apply(&p.mem, &module, &plan, &stamp, NULL), 0, "gap %" PRIu64,
			     gap);
		cr_expect_eq(side_of(&p, &plan), AFTER, "gap %" PRIu64, gap);
		df_plan_free(&plan);
		stop(&p);
	}
}

/* The death of one who writes many: coarser than a byte, but in every run and window. */
Test(apply, a_controller_of_many_sites_may_die, .timeout = 300)
{
	for (int gaps = 0; gaps < 2; gaps++)
		for (long n = 0;; n += 1009) {
			struct program p;
			start_many(&p, gaps, 40);
			struct df_plan plan = plan_many(&p);
			const struct df_module module = module_of(&p);
			struct snapshot was = take(&p);
			heal(&p);
			p.budget = n;
			const int status = df_plan_apply(&p.mem, &module, &plan, &stamp, NULL);
			const uint32_t phase = control_of(&p)->phase;
			const enum side wanted = status == 0 ? AFTER : destiny(phase);
			expect_mended(&p, &plan, wanted, &was, "many");
			drop(&was);
			df_plan_free(&plan);
			stop(&p);
			if (status == 0)
				break;
		}
}

/* ---- what is refused ------------------------------------------------------------------- */

Test(apply, recheck_sees_every_change)
{
	enum { NOTHING, PHASE, GENERATION_, INIT, BYTE, TRAP, DISTANCE, OTHERS, MAGIC };
	static const struct {
		const char *row;
		int change;
		int status;
	} rows[] = {
		{"nothing", NOTHING, 0},
		{"somebody's phase", PHASE, -(int)DF_E_CHANGED},
		{"another operation", GENERATION_, -(int)DF_E_CHANGED},
		{"initialised meanwhile", INIT, -(int)DF_E_CHANGED},
		{"the other byte", BYTE, -(int)DF_E_CHANGED},
		{"a breakpoint", TRAP, -(int)DF_E_CHANGED},
		{"another distance", DISTANCE, -(int)DF_E_CHANGED},
		{"a site that is not concerned", OTHERS, 0},
		{"no control block any more", MAGIC, -(int)DF_E_TABLE},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct program p;
		struct df_plan plan = begin(&p, false);
		const struct df_module module = module_of(&p);
		struct df_err err = {0};
		heal(&p);
		switch (rows[i].change) {
		case PHASE:
			control_of(&p)->phase = DF_PHASE_PREPARING;
			break;
		case GENERATION_:
			control_of(&p)->generation++;
			break;
		case INIT:
			control_of(&p)->initialised = DF_INITIALISED;
			break;
		case BYTE:
			*code_of(&p, SLOW) = 0xa9;
			break;
		case TRAP:
			*code_of(&p, CARRY) = DF_INSN_INT3;
			break;
		case DISTANCE:
			code_of(&p, FEATURE)[2] ^= 1;
			break;
		case OTHERS:
			*code_of(&p, OTHER) = 0x90;
			break;
		case MAGIC:
			control_of(&p)->magic[7] ^= 1;
			break;
		default:
			break;
		}
		cr_expect_eq(df_plan_recheck(&p.mem, &module, &plan, &err), rows[i].status,
			     "%s: %s", rows[i].row, err.text);
		cr_expect_eq(p.written, 0);
		df_plan_free(&plan);
		stop(&p);
	}
}

/*
 * Another controller was in the middle of an operation when the opcode was read, had to
 * undo it, and left no trace in the control block.
 */
Test(apply, recheck_sees_an_opcode_that_was_undone_since)
{
	struct program p;
	bool selected[SITES] = {[FEATURE] = true};
	uint8_t opcodes[SITES] = {[FEATURE] = 0xe9}; /* on, as it is wanted: no edit */
	struct df_plan plan;
	struct df_state_v1 states[SITES] = {0};
	struct df_err err = {0};
	start(&p, mixed, SITES);
	const struct df_module module = module_of(&p);
	*code_of(&p, FEATURE) = 0xe9;
	cr_assert_eq(df_plan_begin(&plan, module.sites, SITES, states, control_of(&p), &err), 0);
	df_plan_do(&plan, DF_ACTIVATE, selected);
	cr_assert_eq(df_plan_close(&plan, opcodes, &err), 0);
	cr_expect_eq(plan.edit_count, 0);
	cr_expect_eq(df_plan_recheck(&p.mem, &module, &plan, &err), 0, "%s", err.text);
	*code_of(&p, FEATURE) = 0xa9;
	cr_expect_eq(df_plan_recheck(&p.mem, &module, &plan, &err), -(int)DF_E_CHANGED);
	df_plan_free(&plan);
	stop(&p);
}

Test(apply, recheck_hands_on_what_load_says)
{
	struct program p;
	struct df_plan plan = begin(&p, false);
	const struct df_module module = module_of(&p);
	for (long n = 0;; n++) {
		heal(&p);
		p.fail_call = n;
		p.fail_code = DF_E_PERMISSION;
		const int status = df_plan_recheck(&p.mem, &module, &plan, NULL);
		if (status == 0)
			break;
		cr_expect_eq(status, -(int)DF_E_PERMISSION, "call %ld", n);
		cr_assert_lt(n, 20);
	}
	df_plan_free(&plan);
	stop(&p);
}

/* Leaves the module as a controller that died right after the commit point. */
static struct df_plan die_writing(struct program *p)
{
	struct df_plan plan = begin(p, true);
	for (size_t i = 0; i < plan.change_count; i++) {
		const uint32_t index = plan.changes[i];
		fake_module_state(&p->module, index)->next =
			df_count_encode(&plan.sites[index], &plan.will[index]);
	}
	control_of(p)->phase = DF_PHASE_WRITING;
	return plan;
}

Test(apply, recovery_refuses_bytes_that_are_no_site)
{
	static const uint8_t bad[] = {DF_INSN_INT3, 0x90, 0x00};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct program p;
		struct df_plan plan = die_writing(&p);
		const struct df_module module = module_of(&p);
		struct df_err err = {0};
		const uint8_t own = *code_of(&p, SLOW);
		*code_of(&p, SLOW) = bad[i];
		struct snapshot was = take(&p);
		const enum df_errc code = bad[i] == DF_INSN_INT3 ? DF_E_BREAKPOINT : DF_E_SITE;
		cr_expect_eq(df_recover(&p.mem, &module, &later, &err), -(int)code);
		cr_expect(strstr(err.text, "cannot be put right"), "%s", err.text);
		struct snapshot now = take(&p);
		cr_expect_arr_eq(now.text, was.text, p.module.segments[FAKE_TEXT].size);
		cr_expect_arr_eq(now.data, was.data, p.module.segments[FAKE_DATA].size);
		drop(&was);
		drop(&now);
		cr_expect_eq(control_of(&p)->phase, DF_PHASE_WRITING);
		cr_expect_eq(*code_of(&p, SLOW), bad[i]);
		/* When the debugger has gone, the next one gets through. */
		*code_of(&p, SLOW) = own;
		cr_expect_eq(df_recover(&p.mem, &module, &later, NULL), 0);
		cr_expect_eq(side_of(&p, &plan), AFTER);
		df_plan_free(&plan);
		stop(&p);
	}
}

Test(apply, recovery_may_fail_at_any_call)
{
	for (int half = 0; half < 2; half++)
		for (long n = 0;; n++) {
			struct program p;
			struct df_plan plan = die_writing(&p);
			const struct df_module module = module_of(&p);
			heal(&p);
			p.fail_call = n;
			p.fail_half = half;
			p.fail_code = DF_E_PERMISSION;
			const int status = df_recover(&p.mem, &module, &later, NULL);
			cr_expect(status == 0 || status == -(int)DF_E_PERMISSION, "call %ld", n);
			heal(&p);
			cr_expect_eq(df_recover(&p.mem, &module, &later, NULL), 0);
			cr_expect_eq(side_of(&p, &plan), AFTER, "call %ld", n);
			df_plan_free(&plan);
			stop(&p);
			if (status == 0)
				break;
		}
}

Test(apply, phases_that_are_none_are_refused)
{
	static const uint32_t phases[] = {5, 255, 256, 0x01000000, UINT32_MAX};
	for (size_t i = 0; i < COUNT(phases); i++) {
		struct program p;
		struct df_plan plan = begin(&p, false);
		const struct df_module module = module_of(&p);
		struct df_err err = {0};
		heal(&p);
		control_of(&p)->phase = phases[i];
		cr_expect_eq(df_recover(&p.mem, &module, &later, &err), -(int)DF_E_TABLE);
		cr_expect(strstr(err.text, "phase"), "%s", err.text);
		cr_expect_eq(p.written, 0);
		df_plan_free(&plan);
		stop(&p);
	}
}

Test(apply, a_control_block_without_magic_is_refused)
{
	struct program p;
	struct df_plan plan = begin(&p, false);
	const struct df_module module = module_of(&p);
	struct df_control_v1 control;
	struct df_err err = {0};
	cr_expect_eq(df_control_load(&p.mem, module.control, &control, &err), 0);
	cr_expect_eq(control.generation, GENERATION);
	control_of(&p)->magic[0] = 0;
	cr_expect_eq(df_control_load(&p.mem, module.control, &control, &err), -(int)DF_E_TABLE);
	cr_expect_eq(df_recover(&p.mem, &module, &later, &err), -(int)DF_E_TABLE);
	p.fail_call = 0;
	p.fail_code = DF_E_NO_PROCESS;
	cr_expect_eq(df_control_load(&p.mem, module.control, &control, &err),
		     -(int)DF_E_NO_PROCESS);
	df_plan_free(&plan);
	stop(&p);
}

/* Sites may stand at the very end of all addresses, where an address plus a length is zero. */
Test(apply, the_end_of_all_addresses)
{
	struct program p;
	struct df_site like = SITE("n", 0x3b, FAKE_STATES, GOTO, 0, 0, 0);
	start(&p, &like, 1);
	struct df_range *text = &p.module.segments[FAKE_TEXT];
	text->size = 0x40;
	text->addr = UINT64_MAX - 0x3f;
	p.module.sites[0].addr = UINT64_MAX - 4;
	p.module.sites[0].target = (uint64_t)0;
	memset(p.module.bytes[FAKE_TEXT] + 0x3c, 0, 4);
	const bool selected = true;
	const struct step step = {DF_ACTIVATE, &selected};
	struct df_plan plan = plan_of(&p, &step, 1);
	const struct df_module module = module_of(&p);
	struct df_err err = {0};
	cr_expect_eq(df_plan_recheck(&p.mem, &module, &plan, &err), 0, "%s", err.text);
	cr_expect_eq(df_plan_apply(&p.mem, &module, &plan, &stamp, &err), 0, "%s", err.text);
	cr_expect_eq(side_of(&p, &plan), AFTER);
	df_plan_free(&plan);
	stop(&p);
}
