/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets.h - which processes are meant.
 *
 * A process runs an executable if its file is that one (by device and inode), whatever name
 * it was started by; or if its file was deleted or replaced since and had that name, as
 * that of a server does after an upgrade. Descendants are found by who is whose parent, so
 * one whose parent exited before anybody looked is none.
 */
#ifndef DFPATCH_TARGETS_H
#define DFPATCH_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct target_wish {
	const pid_t *pids;
	size_t pid_count;
	const char *exe; /* NULL if none is named */
	bool tree;	 /* their descendants, too */
};

struct target_id {
	pid_t pid;
	uint64_t started; /* as in roster.h; 0 if it was not there */
	bool named;	  /* by its number, so that it must not be missing */
	bool by_exe;
	char name[64]; /* not escaped; "" if it was not there */
};

/* Those named by number first, in their order; parents before children. Never ourselves. */
struct targets {
	struct target_id *list; /* owned */
	size_t count;
	size_t unseen; /* processes whose executable we may not know, as of the last look */
	struct executable *exe; /* owned: the file named, as it was at the first look */
};

/*
 * Looks until two looks find the same, and adds what is not in *targets yet, which is
 * all zero at first. Returns 0 or DF_E_SYSTEM, DF_E_MEMORY. targets_free() ends it, also
 * after a failure.
 */
int targets_find(const struct target_wish *wish, struct targets *targets, struct df_err *err);

/*
 * 0 if the process whose directory below /proc is `dir` is still what was found, else
 * DF_E_NO_PROCESS, or DF_E_EXEC if it was found by its executable and runs another one;
 * or DF_E_PERMISSION or DF_E_SYSTEM if that cannot be told.
 */
int target_check(const struct targets *targets, const struct target_id *target, int dir,
		 struct df_err *err);

/* Forgets one, so that the list does not grow with those that are gone. */
void targets_forget(struct targets *targets, pid_t pid, uint64_t started);

void targets_free(struct targets *targets);

#endif
