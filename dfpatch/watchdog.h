/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watchdog.h - a process that ends us when we hold up a target for too long.
 *
 * Whatever keeps us from letting go - SIGSTOP, a page of ours that must come from a file
 * system which the stopped target serves, a bug - it does not keep the watchdog: that is a
 * process in a session of its own, which touches nothing but a pipe. When a tracer dies, the
 * kernel lets all its threads go.
 */
#ifndef DFPATCH_WATCHDOG_H
#define DFPATCH_WATCHDOG_H

#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct watchdog {
	pid_t pid; /* 0 for none */
	int pipe;  /* to it */
};

/*
 * Starts it; before anything of a target is opened, since it inherits what is open.
 * watchdog_end() ends it. Returns 0 or DF_E_SYSTEM.
 */
int watchdog_start(struct watchdog *watchdog, struct df_err *err);

/*
 * From `deadline` on (CLOCK_MONOTONIC, ns) it kills us, and says on standard error what for,
 * and that `target` goes on; or, if we have not ended some seconds later (stand_in.h), that we
 * have not. `what` is the beginning of a sentence about the target, of less than 80 bytes. The
 * calling thread is the one at work, which has to die for that. May be called again. Returns 0,
 * or DF_E_SYSTEM if the watchdog does not listen any more.
 */
int watchdog_arm(const struct watchdog *watchdog, uint64_t deadline, pid_t target, const char *what,
		 struct df_err *err);
void watchdog_disarm(const struct watchdog *watchdog);

void watchdog_end(struct watchdog *watchdog);

#endif
