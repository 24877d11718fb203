/* SPDX-License-Identifier: Apache-2.0 */
/* announce.h - flips within this process, told to whoever looks at its probes (probe.h). */
#ifndef DF_ANNOUNCE_H
#define DF_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>

#include "loaded.h"
#include "mem.h"
#include "self_mem.h"

/*
 * Edits of a module that were written, in ascending order; whose records have been checked. Nearly
 * free while nobody looks.
 */
void announce_edits(const struct loaded *module, const struct self_edit *edits, size_t count,
		    bool undo);

/*
 * self_memory, by which each edit is of a site in `sites`: what is written through it is
 * announced. For one thread at a time that owns a module.
 */
struct announced {
	const struct df_site *sites;
};
struct df_mem announced_memory(struct announced *announced);

#endif
