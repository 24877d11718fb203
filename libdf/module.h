/* SPDX-License-Identifier: Apache-2.0 */
/* module.h - a module in a running program, as the commit protocol sees it; and its states. */
#ifndef DF_MODULE_H
#define DF_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "mem.h"
#include "site.h"

/* Addresses, those of the sites included, are run-time addresses. */
struct df_module {
	uint64_t control;
	const struct df_site *sites;
	size_t count;
};

/* Reads the states of `count` sites into `states`; neighbours in memory in one load. */
int df_states_load(const struct df_mem *mem, const struct df_site *sites, size_t count,
		   struct df_state_v1 *states, struct df_err *err);

#endif
