/* SPDX-License-Identifier: Apache-2.0 */
/* recover.h - putting right what a controller that died left behind. */
#ifndef DF_RECOVER_H
#define DF_RECOVER_H

#include "control.h"
#include "err.h"
#include "mem.h"
#include "module.h"

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
