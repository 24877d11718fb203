/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loaded.h - the modules of this process that carry flags.
 *
 * They are found by dl_iterate_phdr(3) and kept from one look to the next; the
 * loader's counts of modules loaded and unloaded say when to look again. Whoever
 * works on a module does it from within loaded_visit(): the loader unloads nothing
 * meanwhile, and the latch is held. Callers have entered the guard (guard.h).
 */
#ifndef DF_LOADED_H
#define DF_LOADED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../include/df_abi.h"
#include "err.h"
#include "mem.h"
#include "record.h"
#include "site.h"
#include "table.h"

struct names;
struct kinds;

/* Addresses from `from` on, `to` not included. */
struct span {
	uintptr_t from;
	uintptr_t to;
};

struct loaded {
	const char *path; /* as the loader has it; "" for the executable */
	bool executable;
	struct df_table table;
	struct df_view view;
	struct df_range *ranges; /* of the view */
	struct df_control_v1 *control;
	const struct df_site_v1 *records;
	uint32_t count;
	uint8_t *base;	   /* lowest address of all segments; offsets count from here */
	struct span text;  /* where instructions of most sites lie, */
	struct span data;  /* and states, */
	struct span texts; /* and strings: one that begins here is terminated */
	/*
	 * What was worked out about the names, when somebody first asked (names.h, kinds.h),
	 * and how it is freed: by modules that stand above this one.
	 */
	struct names *names;
	struct kinds *kinds;
	void (*free_names)(struct names *names, bool spelled);
	void (*free_kinds)(struct kinds *kinds);
	unsigned searches; /* how often sites were searched by name */
	/* What stood in `external` and its nonce when this process was forked off; else 0. */
	uint64_t inherited_claim;
	uint64_t claim_before_fork;
	bool checked;	     /* every record was found right, with all that it leads to */
	uint64_t serial;     /* tells it from every other that was ever loaded */
	bool seen;	     /* by the look that is under way */
	uint64_t generation; /* as its last visitor left it, */
	uint64_t changed_at; /* and this; together no other load has the same */
};

static inline bool span_holds(struct span s, uintptr_t addr)
{
	return addr - s.from < s.to - s.from;
}

/*
 * Decodes record `index`, with all that it leads to checked. Returns 0, DF_E_TABLE or
 * DF_E_VERSION, the text naming the module.
 */
int loaded_site(const struct loaded *module, uint32_t index, struct df_site *site,
		struct df_err *err);

/*
 * Checks every record, once: a table is read-only, and what was right stays so. From
 * then on records may be read as they lie (record.h). Errors as above.
 */
int loaded_check(struct loaded *module, struct df_err *err);

/* Called for a module; 0 to go on with the next, 1 to end the visit. */
typedef int (*loaded_visitor)(struct loaded *module, void *context);

/*
 * Visits every module that carries flags, the executable first. A module whose table
 * is damaged is not visited: its error is returned when all others were, unless
 * the visit was ended. Returns 0; 1 if it was ended; DF_E_TABLE, DF_E_VERSION,
 * DF_E_MEMORY.
 */
int loaded_visit(loaded_visitor visit, void *context, struct df_err *err);

/* Frees all that is kept; the next visit looks anew. */
void loaded_forget(void);

/*
 * Around fork(2): notes the claims that the child inherits, and tells the child's
 * modules of them. The second touches no module and takes no lock.
 */
void loaded_before_fork(void);
void loaded_in_child(void);

#endif
