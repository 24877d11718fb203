/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newborn.h - a process that becomes a program, held at the last moment at which nothing of the
 * program has run: when the kernel has mapped it, if it is static; else when its loader has mapped
 * all that it needs, and called no constructor yet (loader.h).
 *
 * Signals reach it meanwhile, and job control stops and continues it, as they would otherwise.
 */
#ifndef DFPATCH_NEWBORN_H
#define DFPATCH_NEWBORN_H

#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "process.h"

struct newborn {
	pid_t pid;
	uint64_t mask;	    /* of signals, as the program begins with it */
	bool ignores_traps; /* likewise SIGTRAP, by which we stop it */
};

/*
 * Waits until a process, of which we are the tracer (tracee_adopt), is another program, before its
 * first instruction. Returns 1; or 0 if it ended, by itself or by a signal.
 */
int newborn_await(pid_t pid, struct newborn *newborn);

/*
 * Lets it run until all of it is mapped. `process` is this process since newborn_await(). Returns
 * 1; 0 if it ended, as one does that cannot be loaded; or what loader.h gives, DF_E_SYSTEM, or
 * DF_E_EXEC (what its loader runs first became another program): it stands still all the same then.
 */
int newborn_load(struct newborn *newborn, const struct process *process, struct df_err *err);

/* Makes it end with an exit status, before it has begun. */
void newborn_end(const struct newborn *newborn, int status);

/*
 * From now on it goes on as soon as we end, as if nobody had been there. Returns 0, DF_E_SYSTEM (it
 * would not be the same), or DF_E_NO_PROCESS: it ended.
 */
int newborn_release(const struct newborn *newborn, struct df_err *err);

#endif
