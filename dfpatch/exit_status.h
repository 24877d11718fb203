/* SPDX-License-Identifier: Apache-2.0 */
/* exit_status.h - what a command came to, as the number that dfpatch ends with. */
#ifndef DFPATCH_EXIT_STATUS_H
#define DFPATCH_EXIT_STATUS_H

#include "audit_run.h"
#include "err.h"
#include "several.h"

/* dfpatch(1) promises these. */
enum exit_status {
	EXIT_DONE = 0,	      /* also when there was nothing left to do */
	EXIT_NOTHING = 1,     /* no flag was meant; or audit or diff found something */
	EXIT_USAGE = 2,	      /* nothing was attempted */
	EXIT_TARGET = 3,      /* unusable, untrusted or busy; nothing was changed */
	EXIT_VERIFY = 4,      /* a site or table is not what it should be; nothing was changed */
	EXIT_SEVERAL = 5,     /* several targets ended in different ways */
	EXIT_WRITE = 6,	      /* a write failed half-way, or the report of what was done */
	EXIT_NOT_REACHED = 7, /* some flags are unhooked */
};

int exit_status_of(enum df_errc code);
int exit_status_of_several(const struct several *several);
int exit_status_of_audit(const struct audit_totals *totals);

#endif
