/* SPDX-License-Identifier: Apache-2.0 */
/* site.h - a site as the rest of the core sees it: a record with its distances resolved. */
#ifndef DF_SITE_H
#define DF_SITE_H

#include <stdint.h>

#include "../include/df_abi.h"

/*
 * Addresses are of the space of the view that the site was read from: ELF
 * addresses for a file, run-time addresses for a process. The strings belong to
 * that view and live as long as it does; they are terminated, and otherwise as
 * untrusted as the module.
 */
struct df_site {
	uint64_t addr;	 /* the instruction */
	uint64_t target; /* the cold path; 0 with the CARRY style */
	uint64_t state;	 /* its struct df_state_v1 */
	const char *kind;
	const char *name;
	const char *file;
	const char *doc; /* "" if it has none */
	uint32_t line;
	uint8_t style;	    /* DF_STYLE_* */
	uint8_t flags;	    /* DF_SITE_* */
	uint8_t activation; /* as built */
	uint8_t unhook;	    /* as built */
};

#endif
