/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carry.h - the plans of all modules, carried out. The caller owns every module that they
 * concern (own.h). Nothing here allocates.
 */
#ifndef DFPATCH_CARRY_H
#define DFPATCH_CARRY_H

#include "control.h"
#include "work.h"

/* Whether all is still as it was planned, from work->next on. Returns 0, DF_E_CHANGED, or what
 * reading gives. */
int carry_recheck(struct work *work, struct df_err *err);

/*
 * Remembers that a module is about to be changed from a generation on, for processes that are
 * forked with that (marks.h).
 */
void carry_note(const struct work *work, uint64_t control, uint64_t generation,
		const struct df_stamp *stamp);

/*
 * Carries them out, module by module, from work->next on, which it moves. Returns 0 or what
 * df_plan_apply() does, with a text that names the module. If the time of a claim was over in
 * the middle of one, work->left_open says so.
 */
int carry_out(struct work *work, const struct df_stamp *stamp, struct df_err *err);

/*
 * That module is at rest again, by us or by libdf: what was begun there is done, or was undone.
 */
void carry_closed(struct work *work);

/*
 * After a failure: *err names the modules that were changed before and stay so, if there are any.
 * Returns -code, which is that of a change that was carried out in part then.
 */
int carry_tell_done(const struct work *work, struct df_err *err);

/* Who does it, and when. */
struct df_stamp carry_stamp(void);

#endif
