/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.h - who may change a module: its lock, among the threads of the process,
 * and the claim of a controller outside (design: commit protocol, step 1).
 *
 * `lock` in the control block is a futex word: the id of the owner's thread
 * (DF_LOCK_OWNER) and whether anybody sleeps on it (DF_LOCK_WAITERS). Every copy of
 * libdf in the process meets there. `external` and `external_nonce` are eight
 * aligned bytes that only a controller outside sets. Each side writes its own word,
 * then reads the other's: so never do both go on.
 *
 * A lock whose owner is no thread of this process any more is taken over; so is a
 * claim that stands with the same nonce for longer than a live controller may take.
 * Whoever takes over finds the module in any phase and recovers it (apply.h).
 *
 * What it cannot tell: a thread that ended and whose number another thread of the
 * process bears by now, and the first thread of a process that goes on without it,
 * pass for alive. A process that shares our memory, as the child of a vfork does,
 * may not come here: its threads are none of ours, and ours are none of its.
 */
#ifndef DF_SYNC_H
#define DF_SYNC_H

#include <stdint.h>

#include "../include/df_abi.h"
#include "err.h"

/* How long a controller outside may hold a claim: five times its budget of 200 ms. */
#define SYNC_CLAIM_MAX_NS UINT64_C(1000000000)

/*
 * What one operation remembers of the claims it met. Starts as all zero. Times are
 * those in which we looked again and again: while the whole machine or container
 * stands still, so may the controller outside, and no time counts against it.
 */
struct sync_patience {
	uint64_t claim;	 /* external and nonce as last seen */
	uint64_t looked; /* when: CLOCK_MONOTONIC, ns */
	uint64_t stood;	 /* for how long it has been the same, ns */
	uint64_t waited; /* for all claims together, ns */
};

/*
 * Takes the lock of a module; sleeps while another thread has it. Returns 1 if the
 * module is ours, 0 if a controller outside has claimed it: then no lock is held,
 * and the caller gives back all others, calls sync_pause() and tries again. Returns
 * DF_E_BUSY, and holds no lock, if claims followed one another for ten seconds.
 * A thread does not take a lock that it has, not through another copy of libdf
 * either: its own number would be taken for one that was left behind. Without a claim
 * and another thread in the way it makes no system call but that of sync_thread().
 */
int sync_own(struct df_control_v1 *control, struct sync_patience *patience, struct df_err *err);

/* Gives it back; wakes a sleeper. */
void sync_disown(struct df_control_v1 *control);

/* A moment for a controller outside to finish: about a millisecond. The only cancellation point. */
void sync_pause(void);

/*
 * When it returns, every thread of the process runs the instructions that stand in
 * memory now: by membarrier(2), or where that is denied, by the interrupts that
 * taking a page away sends to every processor that runs the process. Returns 0, or
 * DF_E_SYSTEM if that is denied too.
 *
 * The second is how Linux does it and no promise of its own. Where the kernel has
 * the processors tell one another instead (INVLPGB of AMD, from Linux 6.15 on, for
 * programs that run on four or more of them), nobody is interrupted, and what is
 * left is that x86 fetches no instruction that was overwritten before the fetch:
 * a thread may still be in those few that were on their way.
 */
int sync_cores(struct df_err *err);

/* The id of the calling thread, as gettid(2); after some calls without asking the kernel. */
uint32_t sync_thread(void);

/*
 * To be called where an operation makes no other system call: from now on sync_thread() of
 * this thread makes none. It costs as much as a flip, so not where there are others anyway.
 */
void sync_keep_thread(void);

/* In a forked child: thread ids are new. */
void sync_forked(void);

#endif
