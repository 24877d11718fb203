/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - what an operation comes to.
 *
 * A plan is made from the counts that a module has, takes any number of
 * operations, each on its own selection of sites, and then says which counts
 * and which bytes must change (rule.h). Making it touches nothing.
 */
#ifndef DF_PLAN_H
#define DF_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "mem.h"
#include "rule.h"
#include "site.h"

/*
 * A plan for one module. All but the two inputs is owned by the plan; arrays
 * `was`, `will` and `outcome` have one entry per site. `changes`, `edits` and
 * `looks` are empty until df_plan_close().
 */
struct df_plan {
	const struct df_site *sites; /* borrowed */
	size_t count;
	struct df_count *was;
	struct df_count *will;
	uint8_t *outcome;     /* enum df_outcome */
	uint64_t generation;  /* of the module when the counts were read */
	bool was_initialised; /* likewise */
	bool will_initialise;
	uint32_t *changes; /* sites whose counts change, in ascending order of their states */
	size_t change_count;
	struct df_edit *edits; /* in ascending order of addresses */
	size_t edit_count;
	uint32_t *looks; /* sites that change, in ascending order of addresses, */
	uint8_t *found;	 /* and the opcodes that the plan was made with */
	size_t look_count;
	size_t strayed; /* selected sites whose byte did not follow from their counts */
};

/*
 * Begins a plan from the states (one per site) and the control block as read.
 * Returns 0 or DF_E_MEMORY. df_plan_free() ends it, also after a failure.
 */
int df_plan_begin(struct df_plan *plan, const struct df_site *sites, size_t count,
		  const struct df_state_v1 *states, const struct df_control_v1 *control,
		  struct df_err *err);

/* Does `op` to each site for which `selected` is true; DF_INIT takes them all, whatever it says. */
void df_plan_do(struct df_plan *plan, enum df_op op, const bool *selected);

/*
 * Works out changes and edits. `opcodes` has the first byte at each selected
 * site, which the caller found to be one of the site's two. What a later
 * operation took back of an earlier one is no change. Returns 0 or
 * DF_E_MEMORY.
 */
int df_plan_close(struct df_plan *plan, const uint8_t *opcodes, struct df_err *err);

/* Whether there is nothing to write at all. */
bool df_plan_empty(const struct df_plan *plan);

void df_plan_free(struct df_plan *plan);

#endif
