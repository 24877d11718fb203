/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_audit.h - each site of a module by itself: its bytes, its state, its
 * strings, and that it shares none of these with another.
 *
 * What the function around it makes of it is not looked at here.
 */
#ifndef DFPATCH_SITE_AUDIT_H
#define DFPATCH_SITE_AUDIT_H

#include <stdbool.h>

#include "err.h"
#include "finding.h"
#include "inventory.h"
#include "site_bytes.h"
#include "window.h"

/* The sites by their order in inventory->order, and where their bytes come from. */
struct places site_places(const struct inventory *inventory);
struct window_source site_source(const struct inventory *inventory);

/*
 * Tells what is wrong with the sites of `inventory`. Sets its order to all sound records
 * by address, which stays until inventory_group(); `places` are site_places() with
 * whatever progress. `placed` says that addresses are those that the module is linked to,
 * so that cache lines and pages mean something. Of a live image, `states` is filled.
 * Returns 0, DF_E_MEMORY or DF_E_SYSTEM (Capstone cannot be started).
 */
int site_audit(struct inventory *inventory, const struct places *places, bool placed,
	       struct findings *findings, struct df_err *err);

#endif
