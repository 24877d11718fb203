/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof_audit.h - the functions around the sites of a module: what prove.h finds,
 * as findings.
 */
#ifndef DFPATCH_PROOF_AUDIT_H
#define DFPATCH_PROOF_AUDIT_H

#include <stddef.h>

#include "err.h"
#include "finding.h"
#include "inventory.h"
#include "site_bytes.h"

/* What was looked at. */
struct proof_totals {
	size_t functions; /* that carry sites */
	size_t proven;	  /* sites of which nothing is wrong, and nothing unknown */
};

/*
 * Tells what is wrong with the sites in their functions. inventory->order is as site_audit() leaves
 * it, and `places` as there. Returns 0, DF_E_MEMORY or DF_E_SYSTEM (Capstone cannot be started).
 */
int proof_audit(const struct inventory *inventory, const struct places *places,
		struct proof_totals *totals, struct findings *findings, struct df_err *err);

#endif
