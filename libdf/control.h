/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - reading and writing a module's control block.
 *
 * `control` is its run-time address. Each function returns 0, or what `mem` returns.
 */
#ifndef DF_CONTROL_H
#define DF_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "../include/df_abi.h"
#include "err.h"
#include "mem.h"

/* What a commit leaves in the control block about its controller. */
struct df_stamp {
	uint64_t now; /* wall clock, ns since the epoch */
	uint32_t pid;
};

/* Reads it. DF_E_TABLE if its magic is gone. */
int df_control_load(const struct df_mem *mem, uint64_t control, struct df_control_v1 *to,
		    struct df_err *err);

/* Writes the phase. */
int df_control_phase(const struct df_mem *mem, uint64_t control, uint32_t phase,
		     struct df_err *err);

/* Writes down the intent to initialise. */
int df_control_intend(const struct df_mem *mem, uint64_t control, struct df_err *err);

/* Takes the intent to initialise, if it stands there, to its end or back. */
int df_control_settle(const struct df_mem *mem, uint64_t control, bool forward, struct df_err *err);

/* Generation, time and process of a commit, then the phase that makes it good. */
int df_control_close(const struct df_mem *mem, uint64_t control, const struct df_stamp *stamp,
		     struct df_err *err);

#endif
