/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loaded.h - the modules of this process that carry flags.
 *
 * They are found by dl_iterate_phdr(3) and kept from one look to the next; the
 * loader's counts of modules loaded and unloaded say when to look again. Whoever
 * works on a module does it from within loaded_visit(): the loader unloads nothing
 * meanwhile. Callers hold the mutex of this copy of libdf (guard.h).
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
	char *path; /* as the loader has it; "" for the executable */
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
	void (*free_names)(struct names *names);
	void (*free_kinds)(struct kinds *kinds);
	unsigned searches; /* how often sites were searched by name */
	/* What stood in `external` and its nonce when this process was forked off; else 0. */
	uint64_t inherited_claim;
	uint64_t claim_before_fork;
	uint64_t serial;    /* tells it from every other that was ever loaded */
	uint64_t operation; /* the last one that was done here (operate.c) */
	bool seen;	    /* by the look that is under way */
};

static inline bool span_holds(struct span s, uintptr_t addr)
{
	return addr - s.from < s.to - s.from;
}

/*
 * Decodes record `index`, with all that it leads to checked. Returns 0, DF_E_TABLE or
 * DF_E_VERSION, the text naming the module. loaded_code() leaves the strings unchecked.
 */
int loaded_site(const struct loaded *module, uint32_t index, struct df_site *site,
		struct df_err *err);

/* What loaded_code() does for the few that do not lie where most do. */
int loaded_code_elsewhere(const struct loaded *module, uint32_t index, struct df_site *site,
			  struct df_err *err);

static inline bool loaded_code_plain(const struct loaded *m, const struct df_site *site)
{
	const unsigned known = DF_SITE_INVERTED | DF_SITE_HELD | DF_SITE_JUMP_BUILT;
	return span_holds(m->text, site->addr) && !(site->flags & ~known) &&
	       (site->style == DF_STYLE_X86_GOTO ? span_holds(m->text, site->target)
						 : site->style == DF_STYLE_X86_CARRY) &&
	       span_holds(m->data, site->state) && site->state % DF_STATE_SIZE == 0 &&
	       site->state - (uintptr_t)m->control >= DF_CONTROL_SIZE;
}

static inline int loaded_code(const struct loaded *m, uint32_t index, struct df_site *site,
			      struct df_err *err)
{
	*site = record_site(&m->records[index]);
	return loaded_code_plain(m, site) ? 0 : loaded_code_elsewhere(m, index, site, err);
}

/* Called for a module; 0 to go on with the next, 1 to end the visit. */
typedef int (*loaded_visitor)(struct loaded *module, void *context);

/*
 * Visits every module that carries flags, the executable first. A module whose table
 * is damaged is not visited: its error is returned when all others were, unless
 * the visit was ended. Returns 0; 1 if it was ended; DF_E_TABLE, DF_E_VERSION,
 * DF_E_MEMORY.
 */
int loaded_visit(loaded_visitor visit, void *context, struct df_err *err);

/*
 * Around fork(2): notes the claims that the child inherits, and tells the child's
 * modules of them. The second touches no module and takes no lock.
 */
void loaded_before_fork(void);
void loaded_in_child(void);

#endif
