/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_signals.h - our own signals while a target stands still: those that would
 * end or stop us are held back, and SIGALRM breaks off waiting from time to time.
 */
#ifndef DFPATCH_OWN_SIGNALS_H
#define DFPATCH_OWN_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "err.h"

struct own_signals {
	timer_t timer;
	bool has_timer;
	sigset_t mask; /* the caller's signal mask while ours is in force */
	bool held;
};

/* Returns 0 or DF_E_SYSTEM. own_signals_end() ends it, also after a failure. */
int own_signals_begin(struct own_signals *signals, struct df_err *err);
void own_signals_end(struct own_signals *signals);

void own_signals_hold(struct own_signals *signals);

/*
 * For calls that an alarm does not break off: what it calls, in the signal's handler, while
 * signals are held; NULL for nothing. For one thread at a time.
 */
void own_signals_tick(void (*tick)(void *context), void *context);

/* What came meanwhile takes effect. Harmless if none are held. */
void own_signals_release(struct own_signals *signals);

#endif
