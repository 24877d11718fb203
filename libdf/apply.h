/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply.h - the commit protocol: an operation happens wholly or not at all.
 *
 * The caller owns the module for the whole call: every thread of the program
 * is stopped, or the module's lock or claim is held. Addresses are run-time
 * addresses. Nothing here allocates.
 *
 * What is in memory at each step, so that whoever comes after a controller
 * that died can tell what to do (df_abi.h, DF_PHASE_*):
 *
 *   idle       next = current at every site
 *   preparing  `next` is being written; bytes and `current` are those before
 *   writing    bytes are on their way from `current` to `next`   <- commit point
 *   closing    bytes are those of `next`; `current` is being written
 *   undoing    bytes are on their way back to `current`
 */
#ifndef DF_APPLY_H
#define DF_APPLY_H

#include <stdint.h>

#include "err.h"
#include "mem.h"
#include "plan.h"
#include "site.h"

/* A module in a running program. */
struct df_module {
	uint64_t control;
	const struct df_site *sites;
	size_t count;
};

/* What a commit leaves in the control block about its controller. */
struct df_stamp {
	uint64_t now; /* wall clock, ns since the epoch */
	uint32_t pid;
};

/* Reads the control block. Returns 0, DF_E_TABLE if its magic is gone, or what `load` returns. */
int df_control_load(const struct df_mem *mem, uint64_t control, struct df_control_v1 *to,
		    struct df_err *err);

/* Reads the states of `count` sites into `states`; neighbours in memory in one load. */
int df_states_load(const struct df_mem *mem, const struct df_site *sites, size_t count,
		   struct df_state_v1 *states, struct df_err *err);

/*
 * Whether the module is still as the plan found it. Returns 0, DF_E_CHANGED if
 * it is not idle, another operation was committed, or a byte differs, or what
 * `load` returns.
 */
int df_plan_recheck(const struct df_mem *mem, const struct df_module *module,
		    const struct df_plan *plan, struct df_err *err);

/*
 * Carries out a closed plan. Returns 0; DF_E_WRITE if a write failed and all was
 * undone; DF_E_UNDO if the module could not be brought to rest: it is left in its
 * phase, and the next controller finishes or undoes the work; or DF_E_NO_PROCESS
 * if the program is gone.
 */
int df_plan_apply(const struct df_mem *mem, const struct df_module *module, const struct df_plan *plan,
	     const struct df_stamp *stamp, struct df_err *err);

/*
 * Puts right what a controller that died left behind: forward from phase
 * writing or closing, back from preparing or undoing. Idempotent. Returns 0 (also
 * if the module was idle), DF_E_TABLE for a phase that is none, DF_E_SITE or
 * DF_E_BREAKPOINT for a site whose bytes are not its own (nothing was written
 * then), or what `mem` returns; the module then stays in its phase.
 */
int df_recover(const struct df_mem *mem, const struct df_module *module,
	       const struct df_stamp *stamp, struct df_err *err);

#endif
