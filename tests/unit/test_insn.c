/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/insn.c: which bytes are a site's own. */
#include <criterion/criterion.h>
#include <string.h>

#include "insn.h"

static const struct df_site plain = {
	.addr = 0x1000, .target = 0x1105, .style = DF_STYLE_X86_GOTO, .flags = 0};
static const struct df_site inverted = {
	.addr = 0x1000, .target = 0x1105, .style = DF_STYLE_X86_GOTO, .flags = DF_SITE_INVERTED};
static const struct df_site carry = {.addr = 0x1000, .style = DF_STYLE_X86_CARRY};
static const struct df_site backwards = {
	.addr = 0x1000, .target = 0x0f00, .style = DF_STYLE_X86_GOTO};

static const struct {
	const char *row;
	const struct df_site *site;
	uint8_t code[DF_INSN_MAX];
	enum df_fit fit;
} rows[] = {
	{"test eax with the right target", &plain, {0xa9, 0x00, 0x01, 0, 0}, DF_FIT_STRAIGHT},
	{"jmp with the right target", &plain, {0xe9, 0x00, 0x01, 0, 0}, DF_FIT_JUMP},
	{"the inverted site has the same bytes", &inverted, {0xe9, 0x00, 0x01, 0, 0}, DF_FIT_JUMP},
	{"a wrong displacement", &plain, {0xe9, 0x01, 0x01, 0, 0}, DF_FIT_NEITHER},
	{"int3 before a site's own bytes", &plain, {0xcc, 0x00, 0x01, 0, 0}, DF_FIT_BREAKPOINT},
	{"int3 before foreign bytes", &plain, {0xcc, 0xcc, 0xcc, 0xcc, 0xcc}, DF_FIT_NEITHER},
	{"another opcode", &plain, {0xe8, 0x00, 0x01, 0, 0}, DF_FIT_NEITHER},
	{"the other style's opcode", &plain, {0xf9, 0x00, 0x01, 0, 0}, DF_FIT_NEITHER},
	{"a target behind", &backwards, {0xa9, 0xfb, 0xfe, 0xff, 0xff}, DF_FIT_STRAIGHT},
	{"clc", &carry, {0xf8}, DF_FIT_STRAIGHT},
	{"stc", &carry, {0xf9}, DF_FIT_JUMP},
	{"int3 on a carry site", &carry, {0xcc}, DF_FIT_BREAKPOINT},
	{"cmc is neither", &carry, {0xf5}, DF_FIT_NEITHER},
};

Test(insn, fit)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(df_insn_fit(rows[i].site, rows[i].code), rows[i].fit, "%s",
			     rows[i].row);
}

Test(insn, sizes_of_styles)
{
	cr_expect_eq(df_insn_size(DF_STYLE_X86_GOTO), 5);
	cr_expect_eq(df_insn_size(DF_STYLE_X86_CARRY), 1);
	for (unsigned style = 0; style < 256; style++)
		if (style != DF_STYLE_X86_GOTO && style != DF_STYLE_X86_CARRY)
			cr_expect_eq(df_insn_size((uint8_t)style), 0, "style %u", style);
}

Test(insn, inverted_sites_jump_when_inactive)
{
	cr_expect(df_insn_jumps(&plain, true));
	cr_expect_not(df_insn_jumps(&plain, false));
	cr_expect_not(df_insn_jumps(&inverted, true));
	cr_expect(df_insn_jumps(&inverted, false));
}
