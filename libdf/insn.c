/* SPDX-License-Identifier: Apache-2.0 */
/* insn.c - the two instructions that may stand at a site. */
#include "insn.h"

#include <string.h>

size_t df_insn_size(uint8_t style)
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

uint8_t df_insn_opcode(uint8_t style, bool jump)
{
	if (style == DF_STYLE_X86_GOTO)
		return jump ? 0xe9 : 0xa9;
	return jump ? 0xf9 : 0xf8;
}

bool df_insn_jumps(const struct df_site *site, bool active)
{
	return active != ((site->flags & DF_SITE_INVERTED) != 0);
}

/* Both instructions of the GOTO style hold the same four bytes: target minus their own end. */
static bool displacement_fits(const struct df_site *site, const uint8_t *code)
{
	if (site->style != DF_STYLE_X86_GOTO)
		return true;
	int32_t displacement;
	memcpy(&displacement, code + 1, sizeof(displacement));
	return site->addr + 5 + (uint64_t)(int64_t)displacement == site->target;
}

enum df_fit df_insn_fit(const struct df_site *site, const uint8_t *code)
{
	if (!displacement_fits(site, code))
		return DF_FIT_NEITHER;
	if (code[0] == df_insn_opcode(site->style, false))
		return DF_FIT_STRAIGHT;
	if (code[0] == df_insn_opcode(site->style, true))
		return DF_FIT_JUMP;
	return code[0] == DF_INSN_INT3 ? DF_FIT_BREAKPOINT : DF_FIT_NEITHER;
}
