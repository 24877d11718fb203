/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carry.h - the plans of all modules, carried out. The caller owns every module that they
 * concern (own.h). Nothing here allocates.
 */
#ifndef DFPATCH_CARRY_H
#define DFPATCH_CARRY_H

#include "control.h"
#include "work.h"

/* Whether all is still as it was planned. Returns 0, DF_E_CHANGED, or what reading gives. */
int carry_recheck(struct work *work, struct df_err *err);

/*
 * Carries them out, module by module. Returns 0 or what df_plan_apply() does, with a text
 * that names the module, and those that were changed before and stay so.
 */
int carry_out(struct work *work, const struct df_stamp *stamp, struct df_err *err);

/* Who does it, and when. */
struct df_stamp carry_stamp(void);

#endif
