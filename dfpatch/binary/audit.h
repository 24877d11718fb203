/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - whether every site of a module is sound, and what the module carries.
 *
 * Modules are audited one after the other and shown to whoever reports them, so
 * that any number of files takes the memory of the largest.
 */
#ifndef DFPATCH_AUDIT_H
#define DFPATCH_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "finding.h"
#include "image.h"
#include "inventory.h"

enum audit_form {
	AUDIT_EXECUTABLE, /* of fixed addresses */
	AUDIT_SHARED,	  /* position-independent: shared objects, and most executables */
	AUDIT_OBJECT,	  /* relocatable */
	AUDIT_LIVE,	  /* a module of a process: addresses are run-time addresses */
};

/* What a module carries. */
struct audit_summary {
	size_t records; /* damaged or not */
	size_t sites;	/* that could be decoded */
	size_t kinds;
	size_t flags;
	size_t on, off, held, mixed; /* flags by their default: as built */
	size_t docs;		     /* flags that have one */
	size_t functions;	     /* that carry sites; 0 if they were not looked at */
};

struct audit_module {
	struct image *image; /* owned; has no sites, order and flags: see inventory.h */
	enum audit_form form;
	struct inventory inventory;
	struct audit_summary summary;
	struct findings findings;
};

/* The first site of a flag, for its names, place and doc. */
static inline void audit_flag(const struct audit_module *module, size_t flag, struct df_site *site)
{
	const struct inventory *inventory = &module->inventory;
	inventory_site(inventory, inventory->order[inventory->flags[flag].first], site);
}

#endif
