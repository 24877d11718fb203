/* SPDX-License-Identifier: Apache-2.0 */
/* draft.c - what an operation comes to in a module of this process. */
#include "draft.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commit.h"
#include "insn.h"
#include "self.h"

/* How far ahead text is fetched into the cache: sites mostly lie on lines of their own. */
#define AHEAD 12

void draft_begin(struct draft *draft, struct loaded *module)
{
	*draft = (struct draft){.module = module};
}

void draft_free(struct draft *d)
{
	free(d->changes);
	free(d->edits);
	free(d->counts);
	free(d->touched);
	*d = (struct draft){0};
}

bool draft_is_empty(const struct draft *d)
{
	return d->change_count == 0 && d->edit_count == 0 && !d->initialises;
}

static int make_room(struct draft *d, size_t room, struct df_err *err)
{
	d->room = room;
	d->changes = malloc((room + 1) * sizeof(*d->changes));
	d->edits = malloc((room + 1) * sizeof(*d->edits));
	return d->changes && d->edits ? 0 : df_fail_memory(err);
}

static struct df_state_v1 *state_of(const struct df_site *site)
{
	return (struct df_state_v1 *)(uintptr_t)site->state;
}

/* States are multiples of their size; the control block is where the linker put it. */
static uintptr_t state_base(const struct loaded *m)
{
	return (uintptr_t)m->control & ~(uintptr_t)(DF_STATE_SIZE - 1);
}

static int bad_site(const struct loaded *m, uint32_t index, enum df_fit fit, struct df_err *err)
{
	struct df_site site;
	const int status = loaded_site(m, index, &site, err);
	if (status < 0)
		return status;
	const uint8_t *code = (const uint8_t *)(uintptr_t)site.addr;
	if (fit == DF_FIT_BREAKPOINT)
		return df_fail(err, DF_E_BREAKPOINT,
			       "site of %.200s:%.200s at %#" PRIx64
			       ": a breakpoint stands there (of "
			       "a debugger or a uprobe); remove it first",
			       site.kind, site.name, site.addr);
	return df_fail(err, DF_E_SITE,
		       "site of %.200s:%.200s at %#" PRIx64 ": what begins with byte %02x there is "
		       "none of its two instructions; something else has changed the text",
		       site.kind, site.name, site.addr, code[0]);
}

static bool differs(const struct df_count *a, const struct df_count *b)
{
	return a->activation != b->activation || a->unhook != b->unhook || a->held != b->held;
}

/* Notes what becomes of a site: its counts, and its byte if that is another one now. */
static int note(struct draft *d, uint32_t index, const struct df_site *site,
		const struct df_count *was, const struct df_count *will, struct df_err *err)
{
	const uint8_t *code = (const uint8_t *)(uintptr_t)site->addr;
	const enum df_fit fit = df_insn_fit(site, code);
	if (fit > DF_FIT_JUMP)
		return bad_site(d->module, index, fit, err);
	if (differs(was, will))
		d->changes[d->change_count++] = (struct change){
			.state = (int32_t)((intptr_t)(site->state - state_base(d->module)) /
					   DF_STATE_SIZE),
			.will = df_count_encode(site, will),
		};
	const bool jumps = df_insn_jumps(site, df_count_active(will));
	if (jumps != (fit == DF_FIT_JUMP))
		d->edits[d->edit_count++] = (struct self_edit){
			.offset = (uint32_t)(site->addr - (uintptr_t)d->module->base),
			.before = code[0],
			.after = df_insn_opcode(site->style, jumps),
		};
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const uint32_t x = ((const struct self_edit *)a)->offset,
		       y = ((const struct self_edit *)b)->offset;
	return (x > y) - (x < y);
}

/* Linkers mostly leave tables in the order of addresses. */
static void sort_edits(struct draft *d)
{
	for (size_t i = 1; i < d->edit_count; i++)
		if (d->edits[i - 1].offset > d->edits[i].offset) {
			qsort(d->edits, d->edit_count, sizeof(*d->edits), by_offset);
			return;
		}
}

static void fetch_ahead(const struct draft *d, const struct picks *picks, uint32_t i)
{
	if (i + AHEAD < picks->count)
		__builtin_prefetch((const void *)record_follow(
			&d->module->records[pick_at(picks, i + AHEAD)].site));
}

int draft_one(struct draft *d, enum df_op op, const struct picks *picks, struct df_err *err)
{
	int status = make_room(d, picks->count, err);
	for (uint32_t i = 0; status == 0 && i < picks->count; i++) {
		const uint32_t index = pick_at(picks, i);
		struct df_site site;
		fetch_ahead(d, picks, i);
		status = loaded_code(d->module, index, &site, err);
		if (status < 0)
			break;
		const struct df_count was = df_count_decode(&site, &state_of(&site)->current);
		struct df_count will = was;
		df_rule(op, &will);
		status = note(d, index, &site, &was, &will, err);
	}
	if (status == 0)
		sort_edits(d);
	return status;
}

/* ---- several operations ---- */

int draft_several(struct draft *d, struct df_err *err)
{
	d->counts = malloc((d->module->count + 1) * sizeof(*d->counts));
	d->touched = calloc(d->module->count / 64 + 1, sizeof(*d->touched));
	return d->counts && d->touched ? 0 : df_fail_memory(err);
}

int draft_add(struct draft *d, enum df_op op, const struct picks *picks, struct df_err *err)
{
	for (uint32_t i = 0; i < picks->count; i++) {
		const uint32_t index = pick_at(picks, i);
		const uint64_t bit = UINT64_C(1) << (index % 64);
		if (!(d->touched[index / 64] & bit)) {
			struct df_site site;
			const int status = loaded_code(d->module, index, &site, err);
			if (status < 0)
				return status;
			d->touched[index / 64] |= bit;
			d->counts[index] = df_count_decode(&site, &state_of(&site)->current);
			d->room++;
		}
		df_rule(op, &d->counts[index]);
	}
	return 0;
}

int draft_settle(struct draft *d, struct df_err *err)
{
	int status = make_room(d, d->room, err);
	for (uint32_t i = 0; status == 0 && i < d->module->count; i++) {
		struct df_site site;
		if (!((d->touched[i / 64] >> (i % 64)) & 1))
			continue;
		status = loaded_code(d->module, i, &site, err);
		if (status < 0)
			break;
		const struct df_count was = df_count_decode(&site, &state_of(&site)->current);
		status = note(d, i, &site, &was, &d->counts[i], err);
	}
	if (status == 0)
		sort_edits(d);
	return status;
}

/* ---- carried out ---- */

/* A draft being committed. */
struct effort {
	struct draft *draft;
	bool denied; /* the system left no way to write text */
};

static uint64_t as_word(struct df_count_v1 count)
{
	uint64_t word;
	memcpy(&word, &count, sizeof(word));
	return word;
}

/*
 * Of the two counts only one is ever written at a time: `next` before the bytes,
 * `current` behind them, and `next` again when they are undone. In whole words,
 * because df_list() reads `current` without the module's lock.
 */
static int store_states(void *context, enum df_side current, enum df_side next, struct df_err *err)
{
	const struct effort *e = context;
	const struct draft *d = e->draft;
	struct df_state_v1 *states = (struct df_state_v1 *)state_base(d->module);
	(void)err;
	for (size_t i = 0; i < d->change_count; i++) {
		struct df_state_v1 *state = states + d->changes[i].state;
		struct df_count_v1 *to = current == DF_WAS ? &state->next : &state->current;
		const struct df_count_v1 count =
			next == DF_WAS ? state->current : d->changes[i].will;
		__atomic_store_n((uint64_t *)(void *)to, as_word(count), __ATOMIC_RELAXED);
	}
	return 0;
}

/* Whether undoing has nothing to write, as when the system let us write nothing at all. */
static bool is_as_before(const struct draft *d)
{
	for (size_t i = 0; i < d->edit_count; i++)
		if (*(const volatile uint8_t *)(d->module->base + d->edits[i].offset) !=
		    d->edits[i].before)
			return false;
	return true;
}

static int write_text(void *context, enum df_side side, struct df_err *err)
{
	struct effort *e = context;
	const struct draft *d = e->draft;
	if (side == DF_WAS && is_as_before(d))
		return 0;
	const int status =
		self_mem_write(d->module->base, d->edits, d->edit_count, side == DF_WAS, err);
	if (side == DF_WILL)
		e->denied = status == -(int)DF_E_PERMISSION;
	return status;
}

int draft_commit(struct draft *d, struct df_err *err)
{
	struct effort effort = {.draft = d};
	struct df_err reason;
	const struct df_stamp stamp = self_stamp();
	const struct df_work work = {
		.context = &effort,
		.initialises = d->initialises,
		.writes_text = d->edit_count > 0,
		.states = store_states,
		.text = write_text,
	};
	const int status =
		df_commit(&self_memory, (uintptr_t)d->module->control, &work, &stamp, &reason);
	if (status == 0)
		return 0;
	const bool denied = effort.denied && reason.code == DF_E_WRITE;
	return df_fail(err, denied ? DF_E_PERMISSION : reason.code, "%s", reason.text);
}
