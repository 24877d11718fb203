/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_mem.h - the memory of another process, through /proc/PID/mem.
 *
 * The descriptor belongs to the address space that was there when it was opened
 * (fs/proc/base.c): after exec or exit every transfer gives 0 and touches
 * nothing. So it is opened first, and nothing is written in any other way.
 * Writing to text goes through the mapping's protection and makes a private
 * copy of the page, as a debugger's breakpoint does.
 */
#ifndef DFPATCH_PROC_MEM_H
#define DFPATCH_PROC_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "mem.h"

#define PROC_MEM_WINDOW 65536

/*
 * Writes bytes of text in another way, for a kernel that forbids this one (the parameter
 * proc_mem.force_override, Linux 6.12).
 */
typedef int (*proc_mem_poke)(void *context, uint64_t addr, const void *bytes, size_t size,
			     struct df_err *err);

/*
 * Begins with proc_mem_begin(); the members may be changed between calls.
 */
struct proc_mem {
	int fd;		/* borrowed */
	bool together;	/* every thread is stopped: neighbouring edits may be written together */
	bool denied;	/* the kernel turned out to forbid writing text through the descriptor */
	uint64_t until; /* CLOCK_MONOTONIC, ns: nothing is written after that; 0 for no limit */
	bool late;	/* something was not written for that reason */
	proc_mem_poke poke; /* NULL for none */
	void *poke_context;
	uint8_t window[PROC_MEM_WINDOW];
};

/* All zero but for the descriptor, and for the window, which is large. */
void proc_mem_begin(struct proc_mem *memory, int fd);

/*
 * A df_mem on `memory`, which must outlive it. Errors: DF_E_NO_PROCESS, DF_E_SYSTEM,
 * DF_E_TIMEOUT (past `until`). Its `serialise` needs no stopped threads, and fails if
 * there is a processor that we may not use, unless `together`.
 */
struct df_mem proc_mem_interface(struct proc_mem *memory);

/*
 * Whether the kernel lets us write text through the descriptor: writes the byte that stands
 * at a run-time address once more. Sets `denied`. Returns 0, DF_E_NO_PROCESS, DF_E_SYSTEM,
 * DF_E_TIMEOUT (past `until`).
 */
int proc_mem_probe(struct proc_mem *memory, uint64_t addr, uint8_t byte, struct df_err *err);

/* Reads exactly `size` bytes at a run-time address. Returns 0, DF_E_NO_PROCESS or DF_E_SYSTEM. */
int proc_mem_read(int fd, uint64_t addr, void *buffer, size_t size, struct df_err *err);

#endif
