/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds.h - a module's sites by their kind, made when a kind is first asked for.
 * Four bytes a site.
 */
#ifndef DF_KINDS_H
#define DF_KINDS_H

#include <stdint.h>

#include "err.h"
#include "loaded.h"

/*
 * The sites of a kind, in the order of the table: *list points to *count of them, and
 * is the module's. Returns 1; 0 if the module has too many kinds to keep; DF_E_MEMORY,
 * DF_E_TABLE, DF_E_VERSION.
 */
int kinds_find(struct loaded *module, const char *kind, const uint32_t **list, uint32_t *count,
	       struct df_err *err);

#endif
