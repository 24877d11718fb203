/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/insn.c: which bytes are a site's own. */
#include <criterion/criterion.h>
#include <stdlib.h>

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

/* A distance is of 32 bits with a sign, and addresses wrap. */
Test(insn, far_targets)
{
	static const struct {
		const char *row;
		uint64_t addr, target;
		uint8_t code[DF_INSN_MAX];
		enum df_fit fit;
	} far[] = {
		{"2 GiB ahead", 0x1000, 0x80001004, {0xe9, 0xff, 0xff, 0xff, 0x7f}, DF_FIT_JUMP},
		{"2 GiB behind", 0x80000ffb, 0x1000, {0xe9, 0, 0, 0, 0x80}, DF_FIT_JUMP},
		{"4 GiB off", 0x1000, 0x100001105, {0xe9, 0x00, 0x01, 0, 0}, DF_FIT_NEITHER},
		{"over the end of all",
		 UINT64_MAX - 4,
		 0x10,
		 {0xa9, 0x10, 0, 0, 0},
		 DF_FIT_STRAIGHT},
		{"to itself", 0x1000, 0x1000, {0xe9, 0xfb, 0xff, 0xff, 0xff}, DF_FIT_JUMP},
	};
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		const struct df_site site = {
			.addr = far[i].addr, .target = far[i].target, .style = DF_STYLE_X86_GOTO};
		cr_expect_eq(df_insn_fit(&site, far[i].code), far[i].fit, "%s", far[i].row);
	}
}

/* What stands behind the instruction is not read: a sanitizer would see it. */
Test(insn, no_byte_more_is_read)
{
	const struct df_site *const sites[] = {&plain, &carry};
	for (size_t i = 0; i < 2; i++) {
		uint8_t *code = calloc(1, df_insn_size(sites[i]->style));
		cr_assert_not_null(code);
		cr_expect_eq(df_insn_fit(sites[i], code), DF_FIT_NEITHER);
		free(code);
	}
}

Test(insn, opcodes)
{
	cr_expect_eq(df_insn_opcode(DF_STYLE_X86_GOTO, false), 0xa9);
	cr_expect_eq(df_insn_opcode(DF_STYLE_X86_GOTO, true), 0xe9);
	cr_expect_eq(df_insn_opcode(DF_STYLE_X86_CARRY, false), 0xf8);
	cr_expect_eq(df_insn_opcode(DF_STYLE_X86_CARRY, true), 0xf9);
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
