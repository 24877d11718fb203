/* SPDX-License-Identifier: Apache-2.0 */
/* self.h - this very process as the core sees programs: its memory, its stamp. */
#ifndef DF_SELF_H
#define DF_SELF_H

#include "control.h"
#include "mem.h"

/*
 * All of df_mem on this process. Addresses are those of loaded modules, checked by
 * their reader: what is not mapped ends the program.
 */
extern const struct df_mem self_memory;

/* For a commit that happens now. */
struct df_stamp self_stamp(void);

#endif
