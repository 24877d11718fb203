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
 * that lines may mean, and afterwards those that some line means; of these, the ones that are not
 * in `narrowed` are left out (NULL: none). Returns 0; DF_E_NO_MATCH (a line that means no site in
 * any image, left out or not) or DF_E_MATCH_FAILED, with source and line; or DF_E_MEMORY. After an
 * error plans and selection are worth nothing.
 */
int script_plan(const struct scripts *scripts, const struct images *images,
		const struct selection *narrowed, struct df_plan *plans,
		struct selection *selection, struct df_err *err);

#endif
