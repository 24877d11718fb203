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
	bool details; /* the handle fills in insn->detail */
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
	/* On while memory for one instruction is made: room for its details comes with it. */
	cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON);
	d->details = true;
	/* Capstone prints each instruction, which takes most of its time; this is the quickest. */
	cs_option(d->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
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

static bool decode(struct disasm *d, const uint8_t *code, size_t size, uint64_t addr, bool details)
{
	if (d->details != details)
		cs_option(d->handle, CS_OPT_DETAIL, details ? CS_OPT_ON : CS_OPT_OFF);
	d->details = details;
	return cs_disasm_iter(d->handle, &code, &size, &addr, d->insn);
}

/* ---- the two instructions of a site ---- */

static bool is_immediate(const cs_insn *insn, unsigned index, int64_t value)
{
	const cs_x86 *x86 = &insn->detail->x86;
	return x86->op_count > index && x86->operands[index].type == X86_OP_IMM &&
	       x86->operands[index].imm == value;
}

static bool has_eax(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;
	return x86->op_count == 2 &&
	       ((x86->operands[0].type == X86_OP_REG && x86->operands[0].reg == X86_REG_EAX) ||
		(x86->operands[1].type == X86_OP_REG && x86->operands[1].reg == X86_REG_EAX));
}

bool disasm_is_site(struct disasm *disasm, const struct df_site *site, const uint8_t *code,
		    bool jump)
{
	const cs_insn *insn = disasm->insn;
	const size_t size = df_insn_size(site->style);
	if (!decode(disasm, code, size, site->addr, true) || insn->size != size)
		return false;
	if (site->style == DF_STYLE_X86_CARRY)
		return insn->id == (jump ? X86_INS_STC : X86_INS_CLC);
	if (jump)
		return insn->id == X86_INS_JMP && is_immediate(insn, 0, (int64_t)site->target);
	return insn->id == X86_INS_TEST && has_eax(insn);
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

/*
 * What Capstone gives without details, which cost as much again, names the instruction; where a
 * branch leads stands in its last bytes.
 */
bool disasm_next(struct disasm *disasm, const uint8_t *code, size_t size, uint64_t addr,
		 struct insn *insn)
{
	int64_t displacement;
	if (is_misread(code, size) || !decode(disasm, code, size, addr, false)) {
		*insn = (struct insn){.size = (uint8_t)insn_length(code, size)};
		return insn->size > 0;
	}
	insn->size = (uint8_t)disasm->insn->size;
	insn->direct = may_branch(disasm->insn->id) && is_direct(code, insn->size, &displacement);
	if (insn->direct)
		insn->target = addr + insn->size + (uint64_t)displacement;
	return true;
}
