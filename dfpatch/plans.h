/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plans.h - what a change comes to in each module of a process, worked out and verified
 * while the process runs.
 */
#ifndef DFPATCH_PLANS_H
#define DFPATCH_PLANS_H

#include <stdbool.h>
#include <stddef.h>

#include "module.h"
#include "work.h"

/*
 * Loads the modules and selects sites: all, if there are no patterns. Returns 0 or an error of
 * image_process.h or select.h. plans_unload() ends it, also after a failure.
 */
int plans_load(struct work *work, struct df_err *err);

/*
 * Reads counts, plans and verifies; of a script, the sites that its lines mean are the selected
 * ones then, and where criteria ask for states, only those in them. Returns 0 or an error of
 * image_process.h, script_plan.h, verify.h; DF_E_MEMORY; or DF_E_NO_MATCH if no flag is in these
 * states, or all there is to do was inherited.
 */
int plans_make(struct work *work, struct df_err *err);

/*
 * Whether an earlier change of this process is in the module, which was forked after it or in
 * the middle of it: request->inherits. In the middle, with the recovery that is due.
 */
bool plans_inherited(const struct work *work, const struct image *image);

/*
 * Whether a controller that died left a module in the middle of something: the plan is
 * worth nothing before that is put right.
 */
bool plans_need_recovery(const struct image *image);
size_t plans_count_recovery(const struct work *work);

/* Whether something is to be written to module i, and whether to any. */
bool plans_concern(const struct work *work, size_t i);
bool plans_concern_any(const struct work *work);

/* Module i as the core knows modules. */
struct df_module plans_module(const struct work *work, size_t i);

/* Everything that was loaded of the target, but for the target itself. */
void plans_unload(struct change_result *result);

#endif
