/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.h - where the functions of a module lie: ranges of text that begin with an instruction.
 *
 * Cold parts that the compiler put elsewhere are ranges of their own. By what
 * the unwinder knows (eh_frame.h), which also stripped modules have, and by
 * symbols where it knows nothing, as of assembler code.
 */
#ifndef DFPATCH_FUNCTIONS_H
#define DFPATCH_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf_file.h"
#include "err.h"
#include "window.h"

/* Eight bytes each: a program may have a million. */
struct function {
	uint32_t start;	    /* from the base of its list */
	uint32_t size : 31; /* at least 1 */
	uint32_t open : 1;  /* nothing says where it ends: that is where something else begins */
};

struct functions {
	uint64_t base;	       /* of the window's space: where the lowest text begins */
	struct function *list; /* owned; ascending, not overlapping, within executable segments */
	size_t count;
	bool frames_damaged;  /* so that functions may be missing; */
	bool symbols_damaged; /* likewise */
};

/*
 * Finds the functions of the module that `source` reads. `bias` is what its view adds to ELF
 * addresses. `fd` is its file, for the symbols, or -1. Returns 0 (released by functions_free), also
 * if there are none, or DF_E_MEMORY. Text more than 4 GB above the base has none.
 */
int functions_find(const struct window_source *source, const struct elf_info *elf, uint64_t bias,
		   int fd, struct functions *functions, struct df_err *err);

void functions_free(struct functions *functions);

#endif
