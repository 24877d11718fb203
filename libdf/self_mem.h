/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_mem.h - writing one's own text.
 *
 * Two writers. /proc/self/mem costs about a microsecond a write, opens no window
 * of writable and executable pages, and is the only one that the kernel leaves
 * under PR_SET_MDWE or a seccomp filter on mprotect. mprotect costs more to begin
 * with and next to nothing for each site after that. Which one is chosen by cost,
 * per run of edits that lie near each other; where the system denies one, the other
 * does its work. What was denied is remembered and tried last from then on.
 *
 * Callers hold the latch (latch.h) around every function here: there is one descriptor, and
 * protections are found, changed and put back. They also see to it that nobody else
 * writes the same text or changes its protection meanwhile, and that it stays
 * mapped. Bytes change one by one: no thread ever sees half of a change. Not every
 * processor runs the new bytes at once: see sync_cores().
 */
#ifndef DF_SELF_MEM_H
#define DF_SELF_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* One byte of text. `offset` counts from a base that the caller chooses. */
struct self_edit {
	uint32_t offset;
	uint8_t before;
	uint8_t after;
	uint16_t reserved;
};

/*
 * Writes `after` of each edit, or `before` of each if `undo`, and reads each back
 * through its own mapping. Edits are in ascending order of offsets. Protections
 * are afterwards what they were. Returns 0; DF_E_PERMISSION if the system leaves no
 * way to write, with the reason for each; DF_E_WRITE if a byte does not read as
 * written, or a protection could not be put back. Some edits may be written when it
 * fails.
 */
int self_mem_write(const uint8_t *base, const struct self_edit *edits, size_t count, bool undo,
		   struct df_err *err);

/*
 * Opens /proc/self/mem with the privileges and the root directory that the process has
 * now, and keeps it. Without it the first write does so. It returns nothing.
 */
void self_mem_prepare(void);

/* Whether pages may be writable and executable at once; they may unless told otherwise. */
void self_mem_allow_wx(bool allowed);

/*
 * Closes the descriptor, if it is still ours. In a forked child, where it leads to the
 * parent's memory; a child that runs no handler (a raw clone) is safe as well: what the
 * descriptor leads to is found out before each use. And when this copy is unloaded.
 */
void self_mem_forget(void);

/*
 * Copies what lies at `from` if it is mapped, and the descriptor of /proc/self/mem is open;
 * says whether it did.
 */
bool self_mem_peek(const void *from, void *to, size_t size);

#endif
