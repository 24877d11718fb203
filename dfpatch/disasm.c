/* SPDX-License-Identifier: Apache-2.0 */
/* disasm.c - x86-64 instructions, by way of Capstone. */
#include "disasm.h"

#include <capstone/capstone.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"
#include "insn_length.h"

struct disasm {
	csh handle;
	cs_insn *insn;
	bool known[256]; /* opcodes that Capstone has found to be the instruction of a site */
};

int disasm_new(struct disasm **disasm, struct df_err *err)
{
	struct disasm *d = calloc(1, sizeof(*d));
	if (!d)
		return df_fail_memory(err);
	const cs_err opened = cs_open(CS_ARCH_X86, CS_MODE_64, &d->handle);
	if (opened != CS_ERR_OK) {
		free(d);
		return df_fail(err, DF_E_SYSTEM, "cannot start Capstone: %s", cs_strerror(opened));
	}
	/*
	 * Without details, which cost half as much again: the kind of an instruction and its
	 * operands as text are had all the same.
	 */
	cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_OFF);
	d->insn = cs_malloc(d->handle);
	if (!d->insn) {
		disasm_free(d);
		return df_fail_memory(err);
	}
	*disasm = d;
	return 0;
}

void disasm_free(struct disasm *disasm)
{
	if (!disasm)
		return;
	if (disasm->insn)
		cs_free(disasm->insn, 1);
	cs_close(&disasm->handle);
	free(disasm);
}

static bool decode(struct disasm *d, const uint8_t *code, size_t size, uint64_t addr)
{
	return cs_disasm_iter(d->handle, &code, &size, &addr, d->insn);
}

/* ---- the two instructions of a site ---- */

/* Whether the operands are one number, as Capstone prints it: hexadecimal where it is large. */
static bool is_number(const char *operands, uint64_t number)
{
	char *end;
	return operands[0] >= '0' && operands[0] <= '9' && strtoull(operands, &end, 0) == number &&
	       *end == '\0';
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool disasm_is_site(struct disasm *disasm, const struct df_site *site, const uint8_t *code,
		    bool jump)
{
	const cs_insn *insn = disasm->insn;
	const size_t size = df_insn_size(site->style);
	if (!decode(disasm, code, size, site->addr) || insn->size != size)
		return false;
	if (site->style == DF_STYLE_X86_CARRY)
		return insn->id == (jump ? X86_INS_STC : X86_INS_CLC);
	if (jump)
		return insn->id == X86_INS_JMP && is_number(insn->op_str, site->target);
	return insn->id == X86_INS_TEST && begins_with(insn->op_str, "eax, ");
}

static bool leads_to_target(const struct df_site *site, const uint8_t *code)
{
	int32_t displacement;
	memcpy(&displacement, code + 1, sizeof(displacement));
	return site->addr + 5 + (uint64_t)(int64_t)displacement == site->target;
}

/*
 * Nothing stands in front of the opcode, and behind it nothing but an immediate of four bytes, or
 * nothing at all (A9 id, E9 cd, F8 and F9 in the manual): the first byte alone decides which
 * instruction it is and how long. What differs from site to site is a number, which the bytes have
 * as well as Capstone's text. So Capstone is asked about an opcode until it has found the right
 * instruction once, and about everything else each time; to print the number of each site would
 * take most of the time of an audit.
 */
bool disasm_is_site_of_many(struct disasm *disasm, const struct df_site *site, const uint8_t *code,
			    bool jump)
{
	const uint8_t opcode = df_insn_opcode(site->style, jump);
	const bool plain = df_insn_size(site->style) > 0 && code[0] == opcode;
	if (plain && disasm->known[opcode])
		return site->style != DF_STYLE_X86_GOTO || !jump || leads_to_target(site, code);
	const bool is = disasm_is_site(disasm, site, code, jump);
	disasm->known[opcode] |= plain && is;
	return is;
}

/* ---- the linear pass ---- */

static bool may_branch(unsigned id)
{
	switch (id) {
	case X86_INS_CALL:
	case X86_INS_JMP:
	case X86_INS_JAE:
	case X86_INS_JA:
	case X86_INS_JBE:
	case X86_INS_JB:
	case X86_INS_JCXZ:
	case X86_INS_JECXZ:
	case X86_INS_JE:
	case X86_INS_JGE:
	case X86_INS_JG:
	case X86_INS_JLE:
	case X86_INS_JL:
	case X86_INS_JNE:
	case X86_INS_JNO:
	case X86_INS_JNP:
	case X86_INS_JNS:
	case X86_INS_JO:
	case X86_INS_JP:
	case X86_INS_JRCXZ:
	case X86_INS_JS:
	case X86_INS_LOOP:
	case X86_INS_LOOPE:
	case X86_INS_LOOPNE:
	case X86_INS_XBEGIN:
		return true;
	default:
		return false;
	}
}

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return byte >= 0x40 && byte <= 0x4f; /* REX */
	}
}

/* Bytes of the opcode of a branch whose operand is a displacement; 0 if it is something else. */
static size_t opcode_size(const uint8_t *code, size_t size)
{
	if (size > 1 && (code[0] == 0xe8 || code[0] == 0xe9 || code[0] == 0xeb))
		return 1;
	if (size > 1 &&
	    ((code[0] >= 0x70 && code[0] <= 0x7f) || (code[0] >= 0xe0 && code[0] <= 0xe3)))
		return 1;
	if (size > 2 && code[0] == 0x0f && code[1] >= 0x80 && code[1] <= 0x8f)
		return 2;
	if (size > 2 && code[0] == 0xc7 && code[1] == 0xf8)
		return 2;
	return 0;
}

/* Whether it branches by a displacement, which is then in *displacement. */
static bool is_direct(const uint8_t *code, size_t size, int64_t *displacement)
{
	size_t at = 0;
	while (at < size && is_prefix(code[at]))
		at++;
	const size_t opcode = opcode_size(code + at, size - at);
	if (opcode == 0)
		return false;
	const size_t width = size - at - opcode;
	uint32_t bits = 0;
	if (width > sizeof(bits))
		return false;
	memcpy(&bits, code + at + opcode, width);
	const unsigned unused = 32 - 8 * (unsigned)width;
	*displacement = (int64_t)((int32_t)(bits << unused) >> unused);
	return true;
}

/*
 * What Capstone 4 takes for instructions of another length: EVEX with a rounding of its own, and
 * UD1, with which clang makes traps, behind a prefix or not.
 */
static bool is_misread(const uint8_t *code, size_t size)
{
	size_t at = 0;
	while (at < size && is_prefix(code[at]))
		at++;
	return size - at >= 2 &&
	       ((at == 0 && code[0] == 0x62) || (code[at] == 0x0f && code[at + 1] == 0xb9));
}

/* Whether the bytes are the beginning of an instruction whose length is known, and go no further.
 */
static bool is_cut(struct disasm *d, const uint8_t *code, size_t size, uint64_t addr)
{
	uint8_t longer[INSN_SIZE_MAX] = {0};
	if (size >= sizeof(longer))
		return false;
	memcpy(longer, code, size);
	return insn_length(longer, sizeof(longer)) > 0 || decode(d, longer, sizeof(longer), addr);
}

/*
 * What Capstone gives without details names the instruction; where a branch leads stands in its
 * last bytes, which is quicker than what it prints of it.
 */
bool disasm_next(struct disasm *disasm, const uint8_t *code, size_t size, uint64_t addr,
		 struct insn *insn)
{
	int64_t displacement;
	if (is_misread(code, size) || !decode(disasm, code, size, addr)) {
		*insn = (struct insn){.size = (uint8_t)insn_length(code, size)};
		insn->unknown = insn->size == 0 && !insn_is_none(code, size) &&
				!is_cut(disasm, code, size, addr);
		return insn->size > 0;
	}
	insn->size = (uint8_t)disasm->insn->size;
	insn->direct = may_branch(disasm->insn->id) && is_direct(code, insn->size, &displacement);
	if (insn->direct)
		insn->target = addr + insn->size + (uint64_t)displacement;
	return true;
}
