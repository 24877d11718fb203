/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_audit.h - what leads to the table of a module: note, control block, and
 * the section headers, where there are any.
 */
#ifndef DFPATCH_TABLE_AUDIT_H
#define DFPATCH_TABLE_AUDIT_H

#include "err.h"
#include "finding.h"
#include "image.h"

/*
 * Finds image->table and reads image->control, and tells what is wrong with what leads there. A
 * table that cannot be found is empty, and told. Returns 0, or DF_E_NO_FLAGS if there is none,
 * DF_E_MEMORY.
 */
int table_audit(struct image *image, struct findings *findings, struct df_err *err);

#endif
