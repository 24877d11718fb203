/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo.h - what a change adds to the counts of one process, and a plan that takes just that back.
 *
 * A record holds, of each site, the counts before and after. What is taken back is the difference,
 * from whatever the counts have become: so it does not matter what others did meanwhile, but where
 * they took away what was added. A count does not go below 0, and a flag that somebody unhooked
 * meanwhile is not switched on. A hold that was released comes back, unless the module was
 * initialised meanwhile. What a module that was unloaded had, is gone with it.
 *
 * A record also outlives whoever made it: where it is not sure that a change was carried out,
 * because who was at it was killed, the module itself tells (undo_plan()).
 */
#ifndef DFPATCH_UNDO_H
#define DFPATCH_UNDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "change.h"
#include "err.h"

struct undo_site {
	uint32_t site; /* its index in the table */
	struct df_count was;
	struct df_count will;
};

/* One module to which something was to be written. */
struct undo_module {
	uint64_t control;	 /* run-time address of its control block */
	uint64_t generation;	 /* before the change */
	size_t table_count;	 /* sites in its table */
	bool sure;		 /* it was changed; if not, that has yet to be found out */
	struct undo_site *sites; /* owned; those whose counts were to change */
	size_t count;
};

struct undo {
	pid_t pid;
	int pidfd;     /* owned; readable when the process has ended */
	int mem;       /* owned: the memory of the program that was changed, and of no later one */
	uint32_t by;   /* the process that was to make the change */
	char name[64]; /* as in struct process */
	struct undo_module *modules; /* owned; in the order in which they are changed */
	size_t count;
};

/*
 * Records what the plans of a change will do, before they are carried out, and keeps the process
 * open. Returns 0, DF_E_NO_PROCESS, DF_E_SYSTEM or DF_E_MEMORY. undo_free() ends it, also after a
 * failure.
 */
int undo_begin(struct undo *undo, const struct change_result *result, struct df_err *err);

/*
 * What became of it: the first `committed` modules were changed, of the next it is not known if
 * `open`, and all others are as they were, and forgotten.
 */
void undo_settle(struct undo *undo, size_t committed, bool open);

/*
 * A question for process_open_checked(), of a struct undo: 0 if the process still runs the program
 * that was changed, else DF_E_NO_PROCESS or DF_E_EXEC.
 */
int undo_check(const void *undo, const struct process *process, struct df_err *err);

/* From now on `process`, which undo_check() found to be the same, has the memory of that program,
 * even if it runs another one by then. Returns 0 or DF_E_SYSTEM. */
int undo_take_memory(const struct undo *undo, struct process *process, struct df_err *err);

struct undo_request {
	const struct undo *undo;
	const struct undo *tried; /* records of earlier undos of it, of which nobody knows whether
				     they were carried out */
	size_t tried_count;
};

/*
 * Plans to take back what was added, in the begun plans, one per image; *selection, empty, gets the
 * sites. A module in which a controller is at work, or died, is left out if anything has to be
 * found out: all is to be planned anew then in any case.
 */
void undo_plan(const struct undo_request *request, const struct images *images,
	       struct df_plan *plans, struct selection *selection);

void undo_free(struct undo *undo);

#endif
