/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - the rules of state, and what an operation comes to.
 *
 * A plan is made from the counts that a module has, takes any number of
 * operations, each on its own selection of sites, and then says which counts
 * and which bytes must change. Making it touches nothing.
 *
 *   activate    activation + 1                    unhook > 0: nothing
 *   deactivate  activation - 1; at 0, a held site loses its hold
 *   unhook      unhook + 1
 *   rehook      unhook - 1, not below 0
 *   enable      activation at least 1             unhook > 0: nothing
 *   disable     activation 0, no hold
 *   init        no hold; once per module
 *
 * A site is active while its activation is above 0 or it is held. Unhooking
 * does not switch an active site off.
 */
#ifndef DF_PLAN_H
#define DF_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "mem.h"
#include "site.h"

enum df_op {
	DF_ACTIVATE,
	DF_DEACTIVATE,
	DF_ENABLE,
	DF_DISABLE,
	DF_UNHOOK,
	DF_REHOOK,
	DF_INIT,
};

#define DF_ACTIVATION_MAX UINT32_MAX
#define DF_UNHOOK_MAX (UINT32_C(0x7fffffff))

/* A site's counts as they are, not as they are stored. */
struct df_count {
	uint32_t activation;
	uint32_t unhook; /* at most DF_UNHOOK_MAX */
	bool held;
};

struct df_count df_count_decode(const struct df_site *site, const struct df_count_v1 *stored);
struct df_count_v1 df_count_encode(const struct df_site *site, const struct df_count *count);
bool df_count_active(const struct df_count *count);

/* What an operation did to a site; of several operations on one, the greatest counts. */
enum df_outcome {
	DF_NOT_SELECTED,
	DF_SAME,      /* it was so already */
	DF_CHANGED,   /* some count or the hold changed */
	DF_SATURATED, /* a count is at its top and could not be raised */
	DF_UNHOOKED,  /* nothing done because the site is unhooked */
};

/* The rules: changes *count as `op` says. Never DF_NOT_SELECTED. */
enum df_outcome df_rule(enum df_op op, struct df_count *count);

/*
 * A plan for one module. All but the two inputs is owned by the plan; arrays
 * `was`, `will` and `outcome` have one entry per site. `changes` and `edits`
 * are empty until df_plan_close().
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
 * site, which the caller found to be one of the site's two. Returns 0 or
 * DF_E_MEMORY.
 */
int df_plan_close(struct df_plan *plan, const uint8_t *opcodes, struct df_err *err);

/* Whether there is nothing to write at all. */
bool df_plan_empty(const struct df_plan *plan);

void df_plan_free(struct df_plan *plan);

#endif
