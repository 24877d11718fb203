/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.h - a change under way: what the steps of the pipeline share.
 *
 * plans.h fills the result while the target runs; stopped.h or quiet.h owns the modules
 * (own.h) and carries the plans out (carry.h). Nothing in between allocates, prints or
 * opens a file of the target's.
 */
#ifndef DFPATCH_WORK_H
#define DFPATCH_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "change.h"
#include "claim.h"
#include "journal.h"
#include "mem.h"
#include "proc_mem.h"
#include "threads.h"
#include "verify.h"
#include "watchdog.h"

struct work {
	const struct change_request *request;
	struct change_result *result;
	struct verifier *verifier;
	struct threads threads;
	struct watchdog watchdog;
	struct proc_mem *memory;
	struct journal journal; /* by way of `memory` */
	struct df_mem mem;	/* by way of `journal` */
	struct claims claims;
	size_t next;		 /* the first module whose plan was not carried out */
	bool left_open;		 /* that was begun with, and then the time was over; */
	bool forward;		 /* whoever goes on there finishes it, and does not undo it */
	size_t inherited;	 /* modules that were forked with this change in them */
	uint64_t claimed_since;	 /* CLOCK_MONOTONIC, ns: the first claim of this call; 0 for none */
	uint64_t deadline;	 /* likewise: of this call */
	bool told;		 /* a recorder knows that something may be changed */
	size_t recovered_before; /* modules, by earlier attempts */
	struct df_err unrecorded; /* why what is made all the same cannot be recorded */
};

#endif
