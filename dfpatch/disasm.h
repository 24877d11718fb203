/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disasm.h - x86-64 instructions. The only user of Capstone.
 *
 * A decoder belongs to one thread at a time; several may exist. Addresses are
 * whatever space the caller means; targets are of the same.
 */
#ifndef DFPATCH_DISASM_H
#define DFPATCH_DISASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "site.h"

#define INSN_SIZE_MAX 15

struct disasm;

/* Returns 0 and sets *disasm (ended by disasm_free), or DF_E_SYSTEM, DF_E_MEMORY. */
int disasm_new(struct disasm **disasm, struct df_err *err);

/*
 * Whether the df_insn_size() bytes at `code` decode as exactly one instruction, the one of
 * the site's style that jumps or the one that does not, with the site's target. Capstone
 * decodes them each time.
 */
bool disasm_is_site(struct disasm *disasm, const struct df_site *site, const uint8_t *code,
		    bool jump);

/*
 * The same for audits, of up to a million sites: of those that begin with one opcode, Capstone
 * decodes the first that is sound; see there why the answer is the same.
 */
bool disasm_is_site_of_many(struct disasm *disasm, const struct df_site *site, const uint8_t *code,
			    bool jump);

/*
 * What the linear pass needs of one instruction. `target` is valid if it is a direct branch: a
 * jump, conditional or not, a call, a loop, or the beginning of a transaction.
 */
struct insn {
	uint64_t target;
	uint8_t size;
	bool direct;
	bool unknown; /* what could not be decoded may be an instruction all the same */
};

/*
 * Decodes the instruction at `addr`, of which `size` bytes are at `code`. False if they are none,
 * or only its beginning, or if nobody here knows; insn->unknown tells the last from the others. Of
 * instructions that Capstone does not know, the length is still told where their encoding has it
 * (insn_length.h).
 */
bool disasm_next(struct disasm *disasm, const uint8_t *code, size_t size, uint64_t addr,
		 struct insn *insn);

void disasm_free(struct disasm *disasm);

#endif
