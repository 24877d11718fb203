/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/disasm.c and insn_length.c: lengths, branches, and the sites' instructions.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "disasm.h"
#include "insn_length.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define ADDR UINT64_C(0x401000)
#define CODE(TEXT) TEXT, sizeof(TEXT) - 1

static struct disasm *begin(void)
{
	struct disasm *disasm;
	struct df_err err = {0};
	cr_assert_eq(disasm_new(&disasm, &err), 0, "%s", err.text);
	return disasm;
}

/* Each is the first of the bytes; `target` counts from its own address, NOWHERE if it has none. */
#define NOWHERE INT64_MIN
static const struct {
	const char *row;
	const char *code;
	size_t size; /* of the bytes */
	size_t length;
	int64_t target;
} rows[] = {
	{"ret", CODE("\xc3\x90"), 1, NOWHERE},
	{"endbr64", CODE("\xf3\x0f\x1e\xfa\x90"), 4, NOWHERE},
	{"jmp rel8", CODE("\xeb\x10"), 2, 0x12},
	{"jmp rel8 back", CODE("\xeb\xfe"), 2, 0},
	{"jmp rel32", CODE("\xe9\xfb\xff\xff\xff"), 5, 0},
	{"call rel32", CODE("\xe8\x00\x01\x00\x00"), 5, 0x105},
	{"je rel8", CODE("\x74\x01"), 2, 3},
	{"jg rel8", CODE("\x7f\x80"), 2, -126},
	{"jne rel32", CODE("\x0f\x85\x00\x00\x00\x80"), 6, 6 - (INT64_C(1) << 31)},
	{"jrcxz", CODE("\xe3\x05"), 2, 7},
	{"loop", CODE("\xe2\xf0"), 2, -14},
	{"xbegin", CODE("\xc7\xf8\x01\x00\x00\x00"), 6, 7},
	{"bnd jmp", CODE("\xf2\xe9\x00\x00\x00\x00"), 6, 6},
	{"jcc with a hint", CODE("\x3e\x74\x02"), 3, 5},
	{"rex jmp", CODE("\x48\xe9\x00\x00\x00\x00"), 6, 6},
	{"jmp through memory", CODE("\xff\x25\x00\x00\x00\x00"), 6, NOWHERE},
	{"jmp through a register", CODE("\xff\xe0"), 2, NOWHERE},
	{"notrack jmp", CODE("\x3e\xff\xe0"), 3, NOWHERE},
	{"call through memory", CODE("\xff\x15\x00\x00\x00\x00"), 6, NOWHERE},
	{"mov imm64", CODE("\x48\xb8\xe9\x00\x00\x00\x00\x00\x00\x00"), 10, NOWHERE},
	{"int3", CODE("\xcc\xcc"), 1, NOWHERE},
	{"cut", CODE("\xe9\x00\x00\x00"), 0, NOWHERE},
	{"none", CODE("\x06"), 0, NOWHERE},
	{"none, longer", CODE("\x0f\x04\x00\x00"), 0, NOWHERE},
	/* Unknown to Capstone 4, or not read as they are. */
	{"kmovq", CODE("\xc4\xe1\xfb\x92\xcb\x90"), 5, NOWHERE},
	{"vpcmpeqb", CODE("\x62\xf3\x7d\x20\x3f\x44\x17\xff\x00\x90"), 9, NOWHERE},
	{"vptestmb", CODE("\x62\xb2\x75\x20\x26\xd1\x90"), 6, NOWHERE},
	{"vfmadd213pd with rounding", CODE("\x62\xf2\xf5\x78\xa8\xe2\x62\x71"), 6, NOWHERE},
	{"evex with a displacement of 4", CODE("\x62\xf1\x7c\x48\x10\x05\x01\x02\x03\x04\x90"), 10,
	 NOWHERE},
	{"evex cut", CODE("\x62\xf1\x7c\x48\x10\x05\x01\x02\x03"), 0, NOWHERE},
	{"vaddph (fp16)", CODE("\x62\xf5\x74\x48\x58\xc2\x90"), 6, NOWHERE},
	{"rdpkru", CODE("\x0f\x01\xee\x90"), 3, NOWHERE},
	{"serialize", CODE("\x0f\x01\xe8\x90"), 3, NOWHERE},
	{"movdir64b", CODE("\x66\x0f\x38\xf8\x08\x90"), 5, NOWHERE},
	{"gf2p8affineqb", CODE("\x66\x0f\x3a\xce\xc1\x07\x90"), 6, NOWHERE},
	{"umonitor", CODE("\xf3\x0f\xae\xf0\x90"), 4, NOWHERE},
	{"rdpid", CODE("\xf3\x0f\xc7\xf8\x90"), 4, NOWHERE},
	{"xsha512", CODE("\xf3\x0f\xa6\xe0\x90"), 4, NOWHERE},
	{"ud1", CODE("\x0f\xb9\xc0\x90"), 3, NOWHERE},
	{"ud1 of clang's", CODE("\x67\x0f\xb9\x40\x01\xe8"), 5, NOWHERE},
	{"ud2", CODE("\x0f\x0b\xe8"), 2, NOWHERE},
	{"tdpbssd (amx)", CODE("\xc4\xe2\x73\x5e\xc2\x90"), 5, NOWHERE},
	{"add, three operands (apx)", CODE("\x62\xf4\x74\x18\x01\xd0\x90"), 6, NOWHERE},
	{"add imm32 (apx)", CODE("\x62\xf4\x74\x18\x81\xc0\x01\x02\x03\x04\x90"), 10, NOWHERE},
	{"add imm16 (apx)", CODE("\x62\xf4\x75\x18\x81\xc0\x01\x02\x90"), 8, NOWHERE},
	{"add imm32 of 64 bits (apx)", CODE("\x62\xf4\xf5\x18\x81\xc0\x01\x02\x03\x04\x90"), 10,
	 NOWHERE},
	{"ctest imm8 (apx)", CODE("\x62\xf4\x04\x04\xf6\xc0\x01\x90"), 7, NOWHERE},
	{"not (apx)", CODE("\x62\xf4\x7c\x18\xf7\xd0\x90"), 6, NOWHERE},
	{"ctest imm32 (apx)", CODE("\x62\xf4\x04\x04\xf7\xc0\x01\x02\x03\x04\x90"), 10, NOWHERE},
	{"push2 (apx)", CODE("\x62\xf4\x6c\x18\xff\xf1\x90"), 6, NOWHERE},
	{"urdmsr imm32", CODE("\xc4\xe7\x7b\xf8\xc0\x01\x02\x03\x04\x90"), 9, NOWHERE},
	{"vprotb imm8 (xop)", CODE("\x8f\xe8\x78\xc0\xc1\x03\x90"), 6, NOWHERE},
	{"bextr imm32 (xop)", CODE("\x8f\xea\x78\x10\xc1\x01\x02\x03\x04\x90"), 9, NOWHERE},
	{"pop to memory, no xop", CODE("\x8f\x00\x90"), 2, NOWHERE},
	{"udb", CODE("\xd6\x90"), 1, NOWHERE},
	{"aesenc128kl", CODE("\xf3\x0f\x38\xdc\x00\x90"), 5, NOWHERE},
};

Test(disasm, one_after_another)
{
	struct disasm *disasm = begin();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct insn insn = {0};
		const uint8_t *code = (const uint8_t *)rows[i].code;
		const bool is = disasm_next(disasm, code, rows[i].size, ADDR, &insn);
		cr_expect_eq(is, rows[i].length > 0, "%s", rows[i].row);
		if (!is)
			continue;
		cr_expect_eq(insn.size, rows[i].length, "%s: %u", rows[i].row, insn.size);
		cr_expect_eq(insn.direct, rows[i].target != NOWHERE, "%s", rows[i].row);
		if (insn.direct)
			cr_expect_eq(insn.target, ADDR + (uint64_t)rows[i].target, "%s: %#lx",
				     rows[i].row, (unsigned long)insn.target);
	}
	disasm_free(disasm);
}

/* What is not decoded: an instruction that may be known one day, or none. */
static const struct {
	const char *row;
	const char *code;
	size_t size;
	bool unknown;
} others[] = {
	{"push es", CODE("\x06"), false},
	{"aam, behind prefixes", CODE("\x66\x48\xd4\x0a"), false},
	{"bound, which evex took", CODE("\x62\x00\x00\x00\x00\x00\x00\x00"), true},
	{"far jmp", CODE("\xea\x00\x00\x00\x00\x00\x00"), false},
	{"prefixes alone", CODE("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"),
	 false},
	{"a free opcode of 0f", CODE("\x0f\x04\x00\x00"), true},
	{"rex2 (apx)", CODE("\xd5\x10\x01\xc0"), true},
	{"a free operation of ff", CODE("\xff\xf8"), true},
	{"a map of evex that is not known", CODE("\x62\xf0\x74\x18\x01\xd0\x90"), true},
	{"jmp cut", CODE("\xe9\x00\x00\x00"), false},
	{"opcode cut", CODE("\x0f"), false},
	{"evex cut", CODE("\x62\xf1\x7c\x48\x10\x05\x01\x02\x03"), false},
	{"operands of 0f 38 cut", CODE("\x66\x0f\x38\xf8"), false},
};

Test(disasm, unknown_or_none)
{
	struct disasm *disasm = begin();
	for (size_t i = 0; i < COUNT(others); i++) {
		struct insn insn = {0};
		const uint8_t *code = (const uint8_t *)others[i].code;
		cr_expect(!disasm_next(disasm, code, others[i].size, ADDR, &insn), "%s",
			  others[i].row);
		cr_expect_eq(insn.size, 0, "%s", others[i].row);
		cr_expect_eq(insn.unknown, others[i].unknown, "%s", others[i].row);
	}
	disasm_free(disasm);
}

/* No byte beyond those that are there is looked at, wherever an instruction is cut. */
Test(disasm, cut_anywhere)
{
	struct disasm *disasm = begin();
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t size = 0; size < rows[i].length; size++) {
			struct insn insn;
			uint8_t *exact = malloc(size + 1);
			memcpy(exact + 1, rows[i].code, size);
			cr_expect_eq(insn_length(exact + 1, size), 0, "%s", rows[i].row);
			if (disasm_next(disasm, exact + 1, size, ADDR, &insn))
				cr_expect_leq(insn.size, size, "%s", rows[i].row);
			free(exact);
		}
	disasm_free(disasm);
}

/* Where Capstone knows a VEX instruction, both have one length. */
Test(disasm, lengths_agree_with_capstone)
{
	static const uint8_t operands[] = {0x00, 0x05, 0x04, 0x44, 0x84, 0x45, 0x85, 0xc1};
	struct disasm *disasm = begin();
	for (unsigned map = 1; map <= 3; map++)
		for (unsigned opcode = 0; opcode < 256; opcode++)
			for (size_t i = 0; i < 4 * COUNT(operands); i++) {
				uint8_t code[16] = {0xc4, (uint8_t)(0xe0 | map),
						    (uint8_t)(0x78 | (i & 3)), (uint8_t)opcode,
						    operands[i / 4]};
				struct insn insn;
				const size_t length = insn_length(code, sizeof(code));
				cr_assert(disasm_next(disasm, code, sizeof(code), ADDR, &insn));
				cr_expect_eq(insn.size, length, "map %u, %02x %02x: %u, not %zu",
					     map, opcode, code[4], insn.size, length);
			}
	disasm_free(disasm);
}

static const struct {
	const char *row;
	struct df_site site;
	const char *code;
	bool jump;
	bool is;
} sites[] = {
	{"test",
	 {.addr = ADDR, .target = ADDR + 0x105, .style = DF_STYLE_X86_GOTO},
	 "\xa9\x00\x01\x00\x00",
	 false,
	 true},
	{"jmp",
	 {.addr = ADDR, .target = ADDR + 0x105, .style = DF_STYLE_X86_GOTO},
	 "\xe9\x00\x01\x00\x00",
	 true,
	 true},
	{"jmp elsewhere",
	 {.addr = ADDR, .target = ADDR + 0x106, .style = DF_STYLE_X86_GOTO},
	 "\xe9\x00\x01\x00\x00",
	 true,
	 false},
	{"test for jmp",
	 {.addr = ADDR, .target = ADDR + 0x105, .style = DF_STYLE_X86_GOTO},
	 "\xa9\x00\x01\x00\x00",
	 true,
	 false},
	{"jmp for test",
	 {.addr = ADDR, .target = ADDR + 0x105, .style = DF_STYLE_X86_GOTO},
	 "\xe9\x00\x01\x00\x00",
	 false,
	 false},
	{"call",
	 {.addr = ADDR, .target = ADDR + 0x105, .style = DF_STYLE_X86_GOTO},
	 "\xe8\x00\x01\x00\x00",
	 true,
	 false},
	{"something shorter",
	 {.addr = ADDR, .target = ADDR + 0x105, .style = DF_STYLE_X86_GOTO},
	 "\x90\x00\x01\x00\x00",
	 false,
	 false},
	{"clc", {.addr = ADDR, .style = DF_STYLE_X86_CARRY}, "\xf8", false, true},
	{"stc", {.addr = ADDR, .style = DF_STYLE_X86_CARRY}, "\xf9", true, true},
	{"stc for clc", {.addr = ADDR, .style = DF_STYLE_X86_CARRY}, "\xf9", false, false},
	{"nop", {.addr = ADDR, .style = DF_STYLE_X86_CARRY}, "\x90", false, false},
	{"no style", {.addr = ADDR, .style = 77}, "\xa9\x00\x01\x00\x00", false, false},
	{"no style, clc", {.addr = ADDR, .style = 77}, "\xf8", false, false},
};

Test(disasm, the_two_instructions_of_a_site)
{
	struct disasm *disasm = begin();
	for (size_t i = 0; i < COUNT(sites); i++) {
		struct insn insn;
		const uint8_t *code = (const uint8_t *)sites[i].code;
		/* A linear pass in between changes nothing. */
		disasm_next(disasm, (const uint8_t *)"\xc3", 1, ADDR, &insn);
		cr_expect_eq(disasm_is_site(disasm, &sites[i].site, code, sites[i].jump),
			     sites[i].is, "%s", sites[i].row);
		for (int again = 0; again < 2; again++)
			cr_expect_eq(
				disasm_is_site_of_many(disasm, &sites[i].site, code, sites[i].jump),
				sites[i].is, "%s", sites[i].row);
	}
	disasm_free(disasm);
}

static uint64_t random_bits(void)
{
	static uint64_t state = 88172645463325252;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void agrees(struct disasm *old, const struct df_site *site, const uint8_t *code, bool jump)
{
	const bool is = disasm_is_site(old, site, code, jump);
	cr_assert_eq(disasm_is_site_of_many(old, site, code, jump), is,
		     "%02x %02x %02x %02x %02x at %#lx, %#lx: not %d", code[0], code[1], code[2],
		     code[3], code[4], (unsigned long)site->addr, (unsigned long)site->target, is);
}

/* A target that is right, or wrong by a little. */
static void agrees_near(struct disasm *old, uint64_t addr, const uint8_t *code)
{
	for (int jump = 0; jump < 2; jump++)
		for (uint64_t off = 0; off < 3; off++) {
			int32_t displacement;
			memcpy(&displacement, code + 1, sizeof(displacement));
			const uint64_t right = addr + 5 + (uint64_t)(int64_t)displacement;
			const struct df_site site = {.addr = addr,
						     .target = right + off - (off == 2 ? 3 : 0),
						     .style = DF_STYLE_X86_GOTO};
			agrees(old, &site, code, jump);
		}
}

/* Once an opcode is known, each displacement is judged as Capstone does, prefixes and all. */
Test(disasm, sites_after_the_first)
{
	static const uint8_t opcodes[] = {0xa9, 0xe9};
	struct disasm *old = begin();
	for (size_t i = 0; i < 2; i++) {
		uint8_t code[5] = {opcodes[i], 0x00, 0x01, 0x00, 0x00};
		const struct df_site first = {
			.addr = ADDR, .target = ADDR + 0x105, .style = DF_STYLE_X86_GOTO};
		cr_assert(disasm_is_site_of_many(old, &first, code, opcodes[i] == 0xe9));
		for (unsigned at = 1; at < 5; at++)
			for (unsigned byte = 0; byte < 256; byte++) {
				code[at] = (uint8_t)byte;
				agrees_near(old, UINT64_C(0x555555554000) + byte, code);
			}
		for (unsigned round = 0; round < 2000; round++) {
			const uint64_t bits = random_bits();
			memcpy(code + 1, &bits, 4);
			agrees_near(old, UINT64_C(1) << 32 | random_bits() >> 18, code);
		}
	}
	for (unsigned opcode = 0; opcode < 256; opcode++)
		agrees_near(old, ADDR, (const uint8_t[]){(uint8_t)opcode, 0x90, 0x90, 0x90, 0x90});
	disasm_free(old);
}
