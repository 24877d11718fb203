/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own.h - making every module that a change concerns ours, or finding out that another
 * controller has it (design of the commit protocol: df_abi.h).
 */
#ifndef DFPATCH_OWN_H
#define DFPATCH_OWN_H

#include "control.h"
#include "work.h"

/*
 * Waits until no thread has a lock, without doing anything about it, but not beyond
 * `patience` (CLOCK_MONOTONIC, ns): so that nobody is stopped in vain. Returns 0,
 * DF_E_BUSY, or what reading gives.
 */
int own_await(struct work *work, uint64_t patience, struct df_err *err);

/*
 * While every thread stands still: finds locks free, ends the claims of controllers that
 * died, and puts their work right. Returns 0; DF_E_BUSY if a thread has a lock;
 * DF_E_CHANGED if something was put right, or another controller did it meanwhile, so that
 * all has to be planned anew; or what df_recover() returns.
 */
int own_stopped(struct work *work, const struct df_stamp *stamp, struct df_err *err);

/*
 * While the program runs: claims every module, waits for threads that have a lock, but not
 * beyond `patience` (CLOCK_MONOTONIC, ns), and puts the work of controllers that died right.
 * Returns what own_stopped() does, or what reading and writing gives; the claims are for the
 * caller to drop, also after a failure.
 */
int own_claimed(struct work *work, const struct df_stamp *stamp, uint64_t patience,
		struct df_err *err);

/*
 * When others were in the way: claims every module, so that libdf lets us go first when all
 * go on, and while we plan anew. Best effort.
 */
void own_ask_for_turn(struct work *work);

#endif
