/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply.h - carrying out a plan, edit by edit.
 *
 * The caller owns the module for the whole call: every thread of the program
 * is stopped, or the module's lock or claim is held. Addresses are run-time
 * addresses. Nothing here allocates.
 */
#ifndef DF_APPLY_H
#define DF_APPLY_H

#include "control.h"
#include "err.h"
#include "mem.h"
#include "module.h"
#include "plan.h"

/*
 * Whether the module is still as the plan found it. Returns 0, DF_E_CHANGED if
 * it is not idle, another operation was committed, or a byte differs, or what
 * `load` returns.
 */
int df_plan_recheck(const struct df_mem *mem, const struct df_module *module,
		    const struct df_plan *plan, struct df_err *err);

/* Carries out a closed plan. Returns what df_commit() does. */
int df_plan_apply(const struct df_mem *mem, const struct df_module *module,
		  const struct df_plan *plan, const struct df_stamp *stamp, struct df_err *err);

#endif
