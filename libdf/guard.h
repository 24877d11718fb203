/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - no fork while this copy of libdf is at work, so that a child finds modules,
 * latch and the loader's lock as nobody's.
 *
 * Any number of threads may be at work, and one thread more than once; a fork waits
 * for them, but not for ever: whoever forks inside a callback of dl_iterate_phdr(3) holds
 * up those it waits for. A thread that calls libdf from a handler of its own fork is let
 * in. Nothing of the program's is called between entering and leaving.
 */
#ifndef DF_GUARD_H
#define DF_GUARD_H

/* The calling thread must not be cancelled before it leaves. */
void guard_enter(void);
void guard_leave(void);

/* The same for a thread that can be cancelled: not until it leaves with what it got. */
int guard_enter_shielded(void);
void guard_leave_shielded(int state);

#endif
