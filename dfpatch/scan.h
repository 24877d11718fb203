/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h - which processes here carry flags, and which of them could be changed.
 *
 * Nothing is stopped, traced, locked or written. What could be changed is what a dry
 * run of activating every flag finds, and what stands in its way besides.
 */
#ifndef DFPATCH_SCAN_H
#define DFPATCH_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct scan_row {
	pid_t pid;
	char name[64];	    /* not escaped */
	bool counted;	    /* flags, sites and modules are known */
	bool current;	    /* so is what they are now */
	size_t modules;	    /* with flags */
	size_t initialised; /* of these */
	size_t flags;
	size_t sites;
	size_t active;	   /* flags that are on at one site or more */
	size_t changed;	   /* flags that are not as built */
	uint64_t changes;  /* operations since the start of the process */
	bool stop;	   /* only with every thread stopped; `why` says the reason */
	struct df_err why; /* without a code: it could be changed */
};

struct scan {
	struct scan_row *list; /* owned; in ascending order of process ids */
	size_t count;
	size_t processes; /* looked at */
	size_t denied;	  /* not permitted to be looked at */
};

/* Returns 0, DF_E_SYSTEM, DF_E_MEMORY. scan_free() ends it, also after a failure. */
int scan_run(struct scan *scan, struct df_err *err);

void scan_free(struct scan *scan);

/* "yes", "no" or "partly"; "" if it is not known. */
static inline const char *scan_initialised(const struct scan_row *row)
{
	if (!row->current)
		return "";
	if (row->initialised == 0)
		return "no";
	return row->initialised == row->modules ? "yes" : "partly";
}

/* Whether it could be changed: "yes", "stop" or "no". */
static inline const char *scan_verdict(const struct scan_row *row)
{
	if (row->why.code != DF_E_NONE)
		return "no";
	return row->stop ? "stop" : "yes";
}

#endif
