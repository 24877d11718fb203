/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft.h - what an operation comes to in a module of this process.
 *
 * The counterpart of plan.h and apply.h for one's own memory: the same rules and the
 * same commit, but nothing is decoded or copied that an operation does not change, so
 * that 100,000 sites take about as long as reading and writing them.
 */
#ifndef DF_DRAFT_H
#define DF_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "loaded.h"
#include "pick.h"
#include "rule.h"
#include "self_mem.h"

/* New counts, as they are stored. */
struct change {
	int32_t state; /* distance from the control block, in units of DF_STATE_SIZE */
	struct df_count_v1 will;
};

struct draft {
	struct loaded *module;
	struct change *changes;
	size_t change_count;
	struct self_edit *edits; /* in ascending order once closed */
	size_t edit_count;
	size_t room; /* of both */
	bool initialises;
	/* Several operations at once: counts and touched sites, one per site; else NULL. */
	struct df_count *counts;
	uint64_t *touched;
	size_t touched_count;
};

/* Begins a draft with nothing in it; draft_free() ends it. */
void draft_begin(struct draft *draft, struct loaded *module);

/*
 * A draft of one operation on the picked sites. Every one of them is verified: its
 * bytes must be one of its two instructions. Returns 0; DF_E_SITE, DF_E_BREAKPOINT,
 * DF_E_TABLE, DF_E_VERSION, DF_E_MEMORY.
 */
int draft_one(struct draft *draft, enum df_op op, const struct picks *picks, struct df_err *err);

/*
 * A draft of several operations: draft_several() once, draft_add() for each in turn,
 * draft_settle() at the end. Errors as above.
 */
int draft_several(struct draft *draft, struct df_err *err);
int draft_add(struct draft *draft, enum df_op op, const struct picks *picks, struct df_err *err);
int draft_settle(struct draft *draft, struct df_err *err);

bool draft_is_empty(const struct draft *draft);

/*
 * Carries it out; the caller owns the module (sync.h) and it is idle. Returns what
 * df_commit() does, and DF_E_PERMISSION where that is why nothing could be written.
 */
int draft_commit(struct draft *draft, struct df_err *err);

/* Ends it. Some of its memory is kept for the next one, until draft_forget(). */
void draft_free(struct draft *draft);
void draft_forget(void);

#endif
