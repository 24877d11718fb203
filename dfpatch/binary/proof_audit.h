/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof_audit.h - the functions around the sites of a module: what prove.h finds,
 * as findings.
 */
#ifndef DFPATCH_PROOF_AUDIT_H
#define DFPATCH_PROOF_AUDIT_H

#include "err.h"
#include "finding.h"
#include "inventory.h"
#include "site_bytes.h"

/*
 * Tells what is wrong with the sites in their functions, and how many functions carry some.
 * inventory->order is as site_audit() leaves it, and `places` as there. Returns 0, DF_E_MEMORY or
 * DF_E_SYSTEM (Capstone cannot be started).
 */
int proof_audit(const struct inventory *inventory, const struct places *places, size_t *functions,
		struct findings *findings, struct df_err *err);

#endif
