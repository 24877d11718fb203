/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet.h - carrying a change out while the program runs: nobody is stopped, nobody is
 * traced.
 *
 * A claim keeps libdf away. Each opcode byte is written by itself, which every thread sees
 * before or after; then every processor is made to take up the new instructions.
 */
#ifndef DFPATCH_QUIET_H
#define DFPATCH_QUIET_H

#include "work.h"

/* More bytes than this might not be written in the time that a claim holds. */
#define QUIET_EDITS_MAX 10000

/*
 * Returns 0 or an error of own.h or carry.h; DF_E_CHANGED with memory->denied set if the
 * kernel lets only a tracer write text.
 */
int quiet_commit(struct work *work, struct df_err *err);

#endif
