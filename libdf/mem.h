/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h - how the core reaches the bytes of a module.
 *
 * A `df_view` is for reading what does not change: headers, note, table,
 * strings. A `df_mem` is for the words and bytes that an operation reads and
 * writes. libdf implements both on its own process, dfpatch on a file and on
 * another process, tests on arrays; the core does not know which.
 */
#ifndef DF_MEM_H
#define DF_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define DF_READ 4 /* as PF_R, PF_W, PF_X in a program header (gABI) */
#define DF_WRITE 2
#define DF_EXEC 1

/* Addresses from `addr` on, `size` bytes, the end not included. */
struct df_range {
	uint64_t addr;
	uint64_t size;
	unsigned prot; /* DF_READ | DF_WRITE | DF_EXEC; 0 for a note */
};

/*
 * The loaded parts of one module. All addresses in it, and all addresses that
 * table.h derives from it, are of one space: ELF addresses for a file, run-time
 * addresses for a process.
 */
struct df_view {
	const struct df_range *segments; /* PT_LOAD */
	size_t segment_count;
	const struct df_range *notes; /* PT_NOTE */
	size_t note_count;
	uint64_t ehdr; /* address of the ELF header, 0 if it is not loaded */
	/*
	 * The `size` bytes at `addr`, which df_view_within() has found to lie in one
	 * segment, or NULL if they cannot be had (not in the file, not mapped). Valid
	 * as long as the view; for rising sizes at one address the pointer stays the same.
	 */
	const void *(*at)(const struct df_view *view, uint64_t addr, size_t size);
	void *context;
};

/* Whether one segment has all of `prot` and holds `size` (at least 1) bytes at `addr`. */
static inline const struct df_range *df_view_within(const struct df_view *view, uint64_t addr,
						    uint64_t size, unsigned prot)
{
	for (size_t i = 0; i < view->segment_count; i++) {
		const struct df_range *s = &view->segments[i];
		if ((s->prot & prot) == prot && addr >= s->addr && size <= s->size &&
		    addr - s->addr <= s->size - size)
			return s;
	}
	return NULL;
}

/*
 * One change of text: `size` (1 to 4) bytes at `addr` go from `before` to
 * `after`. `site` is the index of the site in its table.
 */
struct df_edit {
	uint64_t addr;
	uint32_t site;
	uint8_t size;
	uint8_t before[4];
	uint8_t after[4];
};

/*
 * Words and bytes of one running program. Each function does all that it is
 * asked or returns a negative error; a transfer that ends early is an error.
 */
struct df_mem {
	void *context;
	int (*load)(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err);
	/* Data: control block and states. */
	int (*store)(void *context, uint64_t addr, const void *buffer, size_t size,
		     struct df_err *err);
	/*
	 * Text: writes `after` of each edit, or `before` of each if `undo`. Edits are
	 * in ascending order of addresses and do not overlap. May leave some written
	 * when it fails.
	 */
	int (*patch)(void *context, const struct df_edit *edits, size_t count, bool undo,
		     struct df_err *err);
	/* When it returns, no thread of the program still executes bytes from before the call. */
	int (*serialise)(void *context, struct df_err *err);
};

#endif
