/* SPDX-License-Identifier: Apache-2.0 */
/* self_maps.h - the mappings of this process, one at a time. */
#ifndef DF_SELF_MAPS_H
#define DF_SELF_MAPS_H

#include <stdbool.h>
#include <stdint.h>

/* Run-time addresses, `end` not included. */
struct self_mapping {
	uintptr_t start;
	uintptr_t end;
	int prot;   /* PROT_*, as mprotect(2) takes them */
	bool known; /* false where nothing told the protection */
};

/*
 * The mapping that holds `addr`. False if there is none, or /proc tells nothing; then
 * *mapping may hold another one. Allocates nothing.
 */
bool self_mapping_find(uintptr_t addr, struct self_mapping *mapping);

#endif
