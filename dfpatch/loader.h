/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader.h - the dynamic loader of a program that has just been started, by the interface that it
 * has for debuggers: a function that does nothing, which it calls whenever the list of modules has
 * changed, and a structure (struct r_debug, link.h) that says whether the list is whole.
 *
 * When it is for the first time, every module that the program starts with is mapped, and no
 * constructor has run. All of it is read from the memory of the process, which may lie; what a lie
 * gains is that a program is not started.
 */
#ifndef DFPATCH_LOADER_H
#define DFPATCH_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "process.h"

/* Run-time addresses. */
struct loader {
	bool present;	 /* a static program has none, and the rest is 0 then */
	uint64_t notify; /* the function */
	uint64_t entry;	 /* of the program: where the loader goes when it is done; 0: not known */
	uint64_t state;	 /* struct r_debug, */
	uint64_t state_pointer; /* or what will point to it: one of the two is 0 */
	bool announces;		/* the list is said to be in change before it is whole */
};

/*
 * Of a process that has just become another program, before its first instruction. Returns 0;
 * DF_E_ARCH (it has no 64-bit code), DF_E_NOT_ELF (its loader has no such interface),
 * DF_E_SYSTEM, DF_E_NO_PROCESS, DF_E_MEMORY.
 */
int loader_find(const struct process *process, struct loader *loader, struct df_err *err);

/*
 * Whether the list is whole, at a call of `notify`. *announced is for these calls to remember, and
 * false at first. Returns 1, 0, or what reading memory gives.
 */
int loader_is_done(const struct loader *loader, const struct process *process, bool *announced,
		   struct df_err *err);

#endif
