/* SPDX-License-Identifier: Apache-2.0 */
/* draft.c - what an operation comes to in a module of this process. */
#include "draft.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "commit.h"
#include "insn.h"
#include "self.h"
#include "sync.h"

/*
 * How many sites ahead a record is fetched into the cache, and what it leads to: sites
 * of one kind mostly lie on lines, and pages, of their own.
 */
#define RECORDS_AHEAD 24
#define TEXT_AHEAD 12

/* Sites that are on average so few bytes apart share cache lines. */
#define CLOSE 100

#define STATE_SHIFT 4
_Static_assert(1 << STATE_SHIFT == DF_STATE_SIZE, "a state's index is its distance, shifted");

#define ALWAYS_INLINE inline __attribute__((__always_inline__))

void draft_begin(struct draft *draft, struct loaded *module)
{
	*draft = (struct draft){.module = module};
}

/*
 * Room that the last draft gave back, for the next one: malloc(3) would give back to the
 * kernel each time what an operation of middle size needs, and page by page ask for it
 * again. Only one draft is under way at a time (latch.h).
 */
#define KEPT_MAX 16384

static struct {
	struct change *changes;
	struct self_edit *edits;
	size_t room;
} kept;

void draft_forget(void)
{
	free(kept.changes);
	free(kept.edits);
	memset(&kept, 0, sizeof(kept));
}

void draft_free(struct draft *d)
{
	if (d->room > kept.room && d->room <= KEPT_MAX && d->changes && d->edits) {
		draft_forget();
		kept.changes = d->changes;
		kept.edits = d->edits;
		kept.room = d->room;
	} else {
		free(d->changes);
		free(d->edits);
	}
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
	d->room = room + 1;
	if (d->room <= kept.room) {
		d->changes = kept.changes;
		d->edits = kept.edits;
		d->room = kept.room;
		memset(&kept, 0, sizeof(kept));
		return 0;
	}
	d->changes = malloc(d->room * sizeof(*d->changes));
	d->edits = malloc(d->room * sizeof(*d->edits));
	return d->changes && d->edits ? 0 : df_fail_memory(err);
}

/* States are multiples of their size; the control block is where the linker put it. */
static uintptr_t state_base(const struct loaded *m)
{
	return (uintptr_t)m->control & ~(uintptr_t)(DF_STATE_SIZE - 1);
}

static int bad_site(const struct loaded *m, uint32_t index, struct df_err *err)
{
	const struct df_site site = record_site(&m->records[index]);
	const uint8_t *code = (const uint8_t *)(uintptr_t)site.addr;
	if (df_insn_fit(&site, code) == DF_FIT_BREAKPOINT)
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

static ALWAYS_INLINE uint64_t as_word(struct df_count_v1 count)
{
	uint64_t word;
	memcpy(&word, &count, sizeof(word));
	return word;
}

static ALWAYS_INLINE struct df_count_v1 stored_count(const struct df_site *site)
{
	return ((const struct df_state_v1 *)(uintptr_t)site->state)->current;
}

/* Where the next entries of a draft go. In registers, while a loop runs. */
struct pen {
	struct change *change;
	struct self_edit *edit;
	uintptr_t states; /* state_base() */
	uintptr_t base;	  /* of the offsets */
};

static struct pen pen_begin(const struct draft *d)
{
	return (struct pen){
		.change = d->changes,
		.edit = d->edits,
		.states = state_base(d->module),
		.base = (uintptr_t)d->module->base,
	};
}

static void pen_end(struct draft *d, const struct pen *pen)
{
	d->change_count = (size_t)(pen->change - d->changes);
	d->edit_count = (size_t)(pen->edit - d->edits);
}

/*
 * Notes what becomes of a site: its counts, and its byte if that is another one now.
 * False if its bytes are not its own. What is written behind the last entry does not
 * count: so there is no jump to mispredict.
 */
static ALWAYS_INLINE bool note(struct pen *pen, const struct df_site *site, struct df_count_v1 was,
			       const struct df_count *count)
{
	const uint8_t *code = (const uint8_t *)(uintptr_t)site->addr;
	const enum df_fit fit = df_insn_fit(site, code);
	const bool jumps = df_insn_jumps(site, df_count_active(count));
	const struct df_count_v1 will = df_count_encode(site, count);
	pen->change->state = (int32_t)((int64_t)(site->state - pen->states) >> STATE_SHIFT);
	pen->change->will = will;
	pen->edit->offset = (uint32_t)(site->addr - pen->base);
	pen->edit->before = code[0];
	pen->edit->after = df_insn_opcode(site->style, jumps);
	pen->change += as_word(was) != as_word(will);
	pen->edit += jumps != (fit == DF_FIT_JUMP);
	return fit <= DF_FIT_JUMP;
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

static ALWAYS_INLINE const struct df_site_v1 *record_at(const struct draft *d, const uint32_t *list,
							uint32_t i)
{
	return &d->module->records[list ? list[i] : i];
}

/*
 * What is fetched ahead. Of a whole table whose sites lie close together the processor
 * fetches all by itself; of one whose sites lie apart, not their text.
 */
enum ahead { NOTHING, TEXT, EVERYTHING };

static ALWAYS_INLINE void fetch_ahead(const struct draft *d, enum ahead ahead, const uint32_t *list,
				      uint32_t i, uint32_t count)
{
	if (ahead == NOTHING || i + RECORDS_AHEAD >= count)
		return;
	const struct df_site_v1 *next = record_at(d, list, i + TEXT_AHEAD);
	__builtin_prefetch((const void *)record_follow(&next->site));
	if (ahead == TEXT)
		return;
	__builtin_prefetch((const void *)record_follow(&next->state));
	__builtin_prefetch(record_at(d, list, i + RECORDS_AHEAD));
}

/* Does `op` to the sites that `list` names, or to all; stops where bytes are not a site's own. */
static ALWAYS_INLINE uint32_t loop(struct draft *d, enum df_op op, enum ahead ahead,
				   const uint32_t *list, uint32_t count)
{
	struct pen pen = pen_begin(d);
	uint32_t i = 0;
	for (; i < count; i++) {
		fetch_ahead(d, ahead, list, i, count);
		const struct df_site site = record_site(record_at(d, list, i));
		const struct df_count_v1 was = stored_count(&site);
		struct df_count will = df_count_decode(&site, &was);
		df_rule(op, &will);
		if (!note(&pen, &site, was, &will))
			break;
	}
	pen_end(d, &pen);
	return i;
}

static bool lie_close(const struct loaded *m)
{
	return (m->text.to - m->text.from) / m->count < CLOSE;
}

/* What programs do most has loops of its own, which take half the time of one for everything. */
static ALWAYS_INLINE uint32_t run_op(struct draft *d, enum df_op op, const struct picks *picks)
{
	if (!picks->all)
		return loop(d, op, EVERYTHING, picks->list, picks->count);
	if (lie_close(d->module))
		return loop(d, op, NOTHING, NULL, picks->count);
	return loop(d, op, TEXT, NULL, picks->count);
}

static uint32_t run(struct draft *d, enum df_op op, const struct picks *picks)
{
	switch (op) {
	case DF_ACTIVATE:
		return run_op(d, DF_ACTIVATE, picks);
	case DF_DEACTIVATE:
		return run_op(d, DF_DEACTIVATE, picks);
	case DF_ENABLE:
	case DF_DISABLE:
	case DF_UNHOOK:
	case DF_REHOOK:
	case DF_INIT:
		break;
	}
	return run_op(d, op, picks);
}

int draft_one(struct draft *d, enum df_op op, const struct picks *picks, struct df_err *err)
{
	int status = picks_check(d->module, picks, err);
	if (status == 0)
		status = make_room(d, picks->count, err);
	if (status < 0)
		return status;
	const uint32_t done = picks->count == 0 ? 0 : run(d, op, picks);
	if (done < picks->count)
		return bad_site(d->module, pick_at(picks, done), err);
	sort_edits(d);
	return 0;
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
	const int status = picks_check(d->module, picks, err);
	for (uint32_t i = 0; status == 0 && i < picks->count; i++) {
		const uint32_t index = pick_at(picks, i);
		const uint64_t bit = UINT64_C(1) << (index % 64);
		if (!(d->touched[index / 64] & bit)) {
			const struct df_site site = record_site(&d->module->records[index]);
			d->touched[index / 64] |= bit;
			const struct df_count_v1 stored = stored_count(&site);
			d->counts[index] = df_count_decode(&site, &stored);
			d->touched_count++;
		}
		df_rule(op, &d->counts[index]);
	}
	return status;
}

int draft_settle(struct draft *d, struct df_err *err)
{
	const int status = make_room(d, d->touched_count, err);
	if (status < 0)
		return status;
	struct pen pen = pen_begin(d);
	for (uint32_t i = 0; i < d->module->count; i++) {
		if (!((d->touched[i / 64] >> (i % 64)) & 1))
			continue;
		const struct df_site site = record_site(&d->module->records[i]);
		if (!note(&pen, &site, stored_count(&site), &d->counts[i]))
			return bad_site(d->module, i, err);
	}
	pen_end(d, &pen);
	sort_edits(d);
	return 0;
}

/* ---- carried out ---- */

/* A draft being committed. */
struct effort {
	struct draft *draft;
	bool denied; /* the system left no way to write text */
};

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
	if (status == 0)
		announce_edits(d->module, d->edits, d->edit_count, side == DF_WAS);
	if (side == DF_WILL)
		e->denied = status == -(int)DF_E_PERMISSION;
	return status;
}

int draft_commit(struct draft *d, struct df_err *err)
{
	struct effort effort = {.draft = d};
	struct df_err reason;
	if (d->edit_count == 0 && !d->initialises)
		sync_keep_thread();
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
