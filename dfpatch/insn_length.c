/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn_length.c - lengths of x86-64 instructions that the disassembler does not know yet.
 *
 * Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, "Instruction
 * Format" and "Opcode Map".
 */
#include "insn_length.h"

#define LONGEST 15

/* Maps of opcodes, by the number that VEX and EVEX have for them. */
enum {
	MAP_0F = 1,
	MAP_0F38 = 2,
	MAP_0F3A = 3,
	MAP_LEGACY = 4, /* of EVEX: those of one byte and of 0F, with operands of APX */
	MAP_FP16_5 = 5,
	MAP_FP16_6 = 6,
	MAP_7 = 7,
	MAP_XOP_8 = 8,
	MAP_XOP_9 = 9,
	MAP_XOP_A = 10,
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

/*
 * Of the legacy map; `word` if operands are of 16 bits, and `operation` is what ModR/M says of an
 * opcode that stands for several.
 */
static size_t legacy_immediate(int opcode, bool word, int operation)
{
	switch (opcode) {
	case 0x24: /* SHLD */
	case 0x2c: /* SHRD */
	case 0x6b:
	case 0x80:
	case 0x83:
	case 0xc0:
	case 0xc1:
		return 1;
	case 0xf6:
		return operation < 2 ? 1 : 0; /* TEST, not NOT and those behind it */
	case 0xf7:
		return operation >= 2 ? 0 : word ? 2 : 4;
	case 0x69:
	case 0x81:
		return word ? 2 : 4;
	default:
		return 0;
	}
}

/* How many bytes of immediate operand end an instruction in the vector encodings. */
static size_t vector_immediate(int map, int opcode)
{
	switch (map) {
	case MAP_0F:
		return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
		       (opcode >= 0xc4 && opcode <= 0xc6);
	case MAP_0F3A:
	case MAP_XOP_8:
		return 1;
	case MAP_7:
	case MAP_XOP_A:
		return 4;
	default:
		return 0;
	}
}

static size_t finish(struct code *code, size_t immediate)
{
	if (!take_operands(code) || immediate > code->size - code->at)
		return 0;
	return code->at + immediate;
}

/* Behind VEX, EVEX or XOP, whose map that is: an opcode and its operands. */
static size_t vector_length(struct code *code, int map)
{
	const int opcode = take(code);
	if (opcode < 0 || map == 0 || map == MAP_LEGACY || map > MAP_XOP_A)
		return 0;
	if (map == MAP_0F && opcode == 0x77) /* VZEROUPPER, the only one without operands */
		return code->at;
	return finish(code, vector_immediate(map, opcode));
}

static size_t evex_length(struct code *code)
{
	const int first = take(code), second = take(code), third = take(code);
	if (third < 0)
		return 0;
	if ((first & 7) != MAP_LEGACY)
		return vector_length(code, first & 7);
	const int opcode = take(code);
	if (opcode < 0 || code->at == code->size)
		return 0;
	const bool word = (second & 3) == 1 && !(second & 0x80);
	return finish(code, legacy_immediate(opcode, word, code->bytes[code->at] >> 3 & 7));
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
		return finish(code, opcode == 0x3a ? 1 : 0);
	case 0x01:
	case 0x18 ... 0x1f:
	case 0xa6:
	case 0xa7:
	case 0xae:
	case 0xb9:
	case 0xc7:
		return finish(code, 0);
	default:
		return 0;
	}
}

/* Takes prefixes, and returns what follows them; -1 if nothing does. */
static int take_prefixes(struct code *code)
{
	int byte = take(code);
	while (is_prefix(byte))
		byte = take(code);
	return byte;
}

static bool is_rex(int byte)
{
	return byte >= 0x40 && byte <= 0x4f;
}

static struct code code_of(const uint8_t *code, size_t size)
{
	return (struct code){.bytes = code, .size = size < LONGEST ? size : LONGEST};
}

size_t insn_length(const uint8_t *code, size_t size)
{
	struct code c = code_of(code, size);
	int byte = take_prefixes(&c);
	if (is_rex(byte)) /* which no vector encoding follows */
		return take(&c) == 0x0f ? extended_length(&c) : 0;
	switch (byte) {
	case 0x0f:
		return extended_length(&c);
	case 0x62:
		return evex_length(&c);
	case 0x8f: /* XOP, if its map is none that POP could mean */
		byte = take(&c) & 0x1f;
		return byte < MAP_XOP_8 || take(&c) < 0 ? 0 : vector_length(&c, byte);
	case 0xc4:
		byte = take(&c) & 0x1f;
		return byte >= MAP_XOP_8 || take(&c) < 0 ? 0 : vector_length(&c, byte);
	case 0xc5:
		return take(&c) < 0 ? 0 : vector_length(&c, MAP_0F);
	case 0xd6:
		return c.at;
	default:
		return 0;
	}
}

bool insn_is_none(const uint8_t *code, size_t size)
{
	static const uint8_t none[] = {0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f,
				       0x37, 0x3f, 0x60, 0x61, 0x82, 0x9a, 0xce, 0xd4, 0xea};
	struct code c = code_of(code, size);
	int byte = take_prefixes(&c);
	if (is_rex(byte))
		byte = take(&c);
	if (byte < 0)
		return c.size == LONGEST; /* prefixes alone */
	for (size_t i = 0; i < sizeof(none); i++)
		if (byte == none[i])
			return true;
	return false;
}
