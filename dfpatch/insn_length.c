/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn_length.c - lengths of x86-64 instructions that the disassembler does not know yet.
 *
 * Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, "Instruction
 * Format" and "Opcode Map".
 */
#include "insn_length.h"

#include <stdbool.h>

#define LONGEST 15

/* Maps of opcodes, by the number that VEX and EVEX have for them. */
enum {
	MAP_0F = 1,
	MAP_0F38 = 2,
	MAP_0F3A = 3,
	MAP_FP16_5 = 5,
	MAP_FP16_6 = 6,
};

struct code {
	const uint8_t *bytes;
	size_t size;
	size_t at;
};

/* The next byte, or -1 if there is none. */
static int take(struct code *code)
{
	return code->at < code->size ? code->bytes[code->at++] : -1;
}

static bool is_prefix(int byte)
{
	return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
	       byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65;
}

/* ModR/M, and what of SIB and displacement it asks for. */
static bool take_operands(struct code *code)
{
	const int modrm = take(code);
	const int mod = modrm >> 6, rm = modrm & 7;
	if (modrm < 0)
		return false;
	size_t displacement = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	if (mod == 0 && rm == 5)
		displacement = 4;
	if (mod != 3 && rm == 4) {
		const int sib = take(code);
		if (sib < 0)
			return false;
		if (mod == 0 && (sib & 7) == 5)
			displacement = 4;
	}
	code->at += displacement;
	return code->at <= code->size;
}

/* Whether an instruction in the vector encodings ends with a byte of immediate operand. */
static bool has_immediate(int map, int opcode)
{
	if (map == MAP_0F)
		return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
		       (opcode >= 0xc4 && opcode <= 0xc6);
	return map == MAP_0F3A;
}

static size_t finish(struct code *code, bool immediate)
{
	if (!take_operands(code) || (immediate && take(code) < 0))
		return 0;
	return code->at <= LONGEST ? code->at : 0;
}

/* Behind VEX or EVEX, whose map that is: an opcode and its operands. */
static size_t vector_length(struct code *code, int map)
{
	const int opcode = take(code);
	const bool known = map == MAP_0F || map == MAP_0F38 || map == MAP_0F3A ||
			   map == MAP_FP16_5 || map == MAP_FP16_6;
	if (opcode < 0 || !known)
		return 0;
	if (map == MAP_0F && opcode == 0x77) /* VZEROUPPER, the only one without operands */
		return code->at;
	return finish(code, has_immediate(map, opcode));
}

/* Behind 0F: the other maps, and opcodes that extensions share. */
static size_t extended_length(struct code *code)
{
	const int opcode = take(code);
	switch (opcode) {
	case 0x38:
	case 0x3a:
		if (take(code) < 0)
			return 0;
		return finish(code, opcode == 0x3a);
	case 0x01:
	case 0x18 ... 0x1f:
	case 0xa6:
	case 0xa7:
	case 0xae:
	case 0xb9:
	case 0xc7:
		return finish(code, false);
	default:
		return 0;
	}
}

size_t insn_length(const uint8_t *code, size_t size)
{
	struct code c = {.bytes = code, .size = size < LONGEST ? size : LONGEST};
	int byte = take(&c);
	while (is_prefix(byte))
		byte = take(&c);
	if (byte >= 0x40 && byte <= 0x4f) { /* REX, which no vector encoding follows */
		byte = take(&c);
		return byte == 0x0f ? extended_length(&c) : 0;
	}
	switch (byte) {
	case 0x0f:
		return extended_length(&c);
	case 0xc5:
		return take(&c) < 0 ? 0 : vector_length(&c, MAP_0F);
	case 0xc4:
		byte = take(&c);
		return take(&c) < 0 ? 0 : vector_length(&c, byte & 0x1f);
	case 0x62:
		byte = take(&c);
		return take(&c) < 0 || take(&c) < 0 ? 0 : vector_length(&c, byte & 7);
	default:
		return 0;
	}
}
