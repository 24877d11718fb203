/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latch.h - what this copy of libdf keeps (loaded.h, self_mem.h, draft.h, wishes.h) is one
 * thread's at a time.
 *
 * The latch is taken inside dl_iterate_phdr(3), after the loader's own lock, and nothing
 * below it takes that lock: so a program may call libdf from callbacks of its own.
 */
#ifndef DF_LATCH_H
#define DF_LATCH_H

#include <stdbool.h>

void latch_lock(void);
bool latch_try(void); /* takes it only if it is free */
void latch_unlock(void);

/* In a forked child, whose parent had nobody in it. */
void latch_reset(void);

#endif
