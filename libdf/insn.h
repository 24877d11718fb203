/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn.h - the two instructions that may stand at a site. All of it is inline:
 * libdf looks at 100,000 sites in the time of a page fault or two hundred.
 *
 * Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual,
 * volume 2, TEST, JMP, CLC, STC. The byte that a breakpoint puts there is INT3.
 */
#ifndef DF_INSN_H
#define DF_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "site.h"

#define DF_INSN_MAX 5
#define DF_INSN_INT3 0xcc

/* Length in bytes of both instructions of a style; 0 for a style that is not known. */
static inline size_t df_insn_size(uint8_t style)
{
	switch (style) {
	case DF_STYLE_X86_GOTO:
		return 5;
	case DF_STYLE_X86_CARRY:
		return 1;
	default:
		return 0;
	}
}

/* The first byte of the style's instruction: the jump, or the one that goes straight on. */
static inline uint8_t df_insn_opcode(uint8_t style, bool jump)
{
	if (style == DF_STYLE_X86_GOTO)
		return jump ? 0xe9 : 0xa9;
	return jump ? 0xf9 : 0xf8;
}

/* Whether a site that is active, or not, has the jump. */
static inline bool df_insn_jumps(const struct df_site *site, bool active)
{
	return active != ((site->flags & DF_SITE_INVERTED) != 0);
}

enum df_fit {
	DF_FIT_STRAIGHT,   /* the instruction that goes straight on */
	DF_FIT_JUMP,	   /* the jump */
	DF_FIT_BREAKPOINT, /* INT3 and, behind it, a site's own bytes */
	DF_FIT_NEITHER,	   /* anything else */
};

/* What the df_insn_size() bytes at `code`, read from the site's address, are. */
static inline enum df_fit df_insn_fit(const struct df_site *site, const uint8_t *code)
{
	/* Both instructions of the GOTO style hold the same four bytes: target minus their own end.
	 */
	if (site->style == DF_STYLE_X86_GOTO) {
		int32_t displacement;
		memcpy(&displacement, code + 1, sizeof(displacement));
		if (site->addr + 5 + (uint64_t)(int64_t)displacement != site->target)
			return DF_FIT_NEITHER;
	}
	if (code[0] == df_insn_opcode(site->style, false))
		return DF_FIT_STRAIGHT;
	if (code[0] == df_insn_opcode(site->style, true))
		return DF_FIT_JUMP;
	return code[0] == DF_INSN_INT3 ? DF_FIT_BREAKPOINT : DF_FIT_NEITHER;
}

#endif
