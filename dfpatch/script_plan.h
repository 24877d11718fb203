/* SPDX-License-Identifier: Apache-2.0 */
/* script_plan.h - what the lines of a script come to in the plans of modules. */
#ifndef DFPATCH_SCRIPT_PLAN_H
#define DFPATCH_SCRIPT_PLAN_H

#include "err.h"
#include "image.h"
#include "plan.h"
#include "script_source.h"
#include "select.h"

/*
 * Does each line, in their order, to the begun plans, one per image. *selection holds the sites
 * that lines may mean, and afterwards those that some line means. Returns 0; DF_E_NO_MATCH (a
 * line that means no site in any image) or DF_E_MATCH_FAILED, with source and line; or
 * DF_E_MEMORY. After an error plans and selection are worth nothing.
 */
int script_plan(const struct scripts *scripts, const struct images *images, struct df_plan *plans,
		struct selection *selection, struct df_err *err);

#endif
