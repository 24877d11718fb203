/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.h - the order in which an operation reaches a module's memory, so that it
 * happens wholly or not at all.
 *
 * What is in memory at each step, so that whoever comes after a controller
 * that died can tell what to do (df_abi.h, DF_PHASE_*; recover.h):
 *
 *   idle       next = current at every site
 *   preparing  `next` is being written; bytes and `current` are those before
 *   writing    bytes are on their way from `current` to `next`   <- commit point
 *   closing    bytes are those of `next`; `current` is being written
 *   undoing    bytes are on their way back to `current`
 *
 * How states and bytes are written in bulk is the caller's business: dfpatch has a
 * plan of edits for another process (apply.h), libdf works in its own memory.
 */
#ifndef DF_COMMIT_H
#define DF_COMMIT_H

#include <stdbool.h>

#include "control.h"
#include "err.h"
#include "mem.h"

/* Counts as they were, or as they will be. */
enum df_side { DF_WAS, DF_WILL };

/* What one operation changes in one module. */
struct df_work {
	void *context;
	bool initialises; /* releases the holds */
	bool writes_text;
	/* Writes both counts of every state that changes. */
	int (*states)(void *context, enum df_side current, enum df_side next, struct df_err *err);
	/* Writes every opcode byte, as it will be or was, and reads it back. May fail half-way. */
	int (*text)(void *context, enum df_side side, struct df_err *err);
};

/*
 * Carries it out; the caller owns the module for the whole call. Of `mem`, load, store
 * and serialise are used. Nothing here allocates. Returns 0; DF_E_WRITE if a
 * write failed and all was undone; DF_E_UNDO if the module could not be brought to rest: it is left
 * in its phase, and the next controller finishes or undoes the work; or DF_E_NO_PROCESS if the
 * program is gone.
 */
int df_commit(const struct df_mem *mem, uint64_t control, const struct df_work *work,
	      const struct df_stamp *stamp, struct df_err *err);

#endif
