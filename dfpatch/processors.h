/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processors.h - making every processor serialise.
 *
 * The Intel manual (volume 3, "Handling Self- and Cross-Modifying Code") asks
 * for a serialising instruction on every processor before it executes modified
 * code, and returning from a system call is none. Loading another address space
 * is one, and that is what running on a processor makes it do.
 */
#ifndef DFPATCH_PROCESSORS_H
#define DFPATCH_PROCESSORS_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

/* What the calling thread was before priority_raise(). */
struct priority {
	bool raised;
	bool known;
	int policy;
	struct sched_param param;
	struct sched_param lowest; /* of the real-time ones */
};

/* Finds that out, so that the rest is quick. */
void priority_look(struct priority *before);

/*
 * Gives the calling thread the lowest real-time priority, where that is allowed,
 * so that nobody stands still for want of a processor for us.
 */
void priority_raise(struct priority *before);
void priority_restore(struct priority *before);

/*
 * Runs the calling thread once on each processor that it can be given but the one it is
 * on, also where its affinity leaves some out, and restores that. False if some could not
 * be visited. Where real-time priority is allowed, nobody keeps us from it. Allocates nothing.
 */
bool processors_pass(void);

/* Has a thread run where the caller does, though it may be kept from running where it is. */
void processors_fetch(pid_t thread);

/* Whether that is every processor there is: no cpuset(7) keeps us from any. */
bool processors_reach_all(void);

/* Whether it is every processor that a thread may use now; true if the thread is gone. */
bool processors_reach(pid_t thread);

#endif
