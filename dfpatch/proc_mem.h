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

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "mem.h"

#define PROC_MEM_WINDOW 65536

/* Neighbouring edits are written together through the window: only while every thread is stopped.
 */
struct proc_mem {
	int fd; /* borrowed */
	uint8_t window[PROC_MEM_WINDOW];
};

/* A df_mem on `memory`, which must outlive it. Errors: DF_E_NO_PROCESS, DF_E_SYSTEM. */
struct df_mem proc_mem_interface(struct proc_mem *memory);

/* Reads exactly `size` bytes at a run-time address. Returns 0, DF_E_NO_PROCESS or DF_E_SYSTEM. */
int proc_mem_read(int fd, uint64_t addr, void *buffer, size_t size, struct df_err *err);

#endif
