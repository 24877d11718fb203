/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn.h - the two instructions that may stand at a site.
 *
 * Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual,
 * volume 2, TEST, JMP, CLC, STC. The byte that a breakpoint puts there is INT3.
 */
#ifndef DF_INSN_H
#define DF_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "site.h"

#define DF_INSN_MAX 5
#define DF_INSN_INT3 0xcc

/* Length in bytes of both instructions of a style; 0 for a style that is not known. */
size_t df_insn_size(uint8_t style);

/* The first byte of the style's instruction: the jump, or the one that goes straight on. */
uint8_t df_insn_opcode(uint8_t style, bool jump);

/* Whether a site that is active, or not, has the jump. */
bool df_insn_jumps(const struct df_site *site, bool active);

enum df_fit {
	DF_FIT_STRAIGHT,   /* the instruction that goes straight on */
	DF_FIT_JUMP,	   /* the jump */
	DF_FIT_BREAKPOINT, /* INT3 and, behind it, a site's own bytes */
	DF_FIT_NEITHER,	   /* anything else */
};

/* What the df_insn_size() bytes at `code`, read from the site's address, are. */
enum df_fit df_insn_fit(const struct df_site *site, const uint8_t *code);

#endif
