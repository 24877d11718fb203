/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - one thread at a time in this copy of libdf, and no fork meanwhile.
 *
 * Other copies in the process have guards of their own; they meet at the modules'
 * locks (sync.h). Nothing of the program's is called while the guard is held.
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
