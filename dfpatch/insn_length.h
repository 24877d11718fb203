/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn_length.h - lengths of x86-64 instructions that the disassembler does not know yet.
 *
 * Capstone 4 knows little of AVX-512 and nothing of what came later, which
 * compilers emit when they are told to. All of it is encoded in a few ways that
 * say how long an instruction is, whatever it does, and none of it branches.
 */
#ifndef DFPATCH_INSN_LENGTH_H
#define DFPATCH_INSN_LENGTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of the instruction at `code`, of which `size` are there, if it is encoded by VEX, EVEX
 * or XOP, in one of the opcode maps that are reached through three bytes (0F 38, 0F 3A), as one of
 * the opcodes that extensions share (0F 01, 0F 18 to 0F 1F, 0F A6, 0F A7, 0F AE, 0F B9, 0F C7), or
 * as UDB (D6). 0 if it is not, or cut off.
 */
size_t insn_length(const uint8_t *code, size_t size);

/*
 * Whether no instruction begins there, known or not: it would be longer than any may be, or has an
 * opcode that is invalid in 64-bit mode and that no extension has taken for something else.
 */
bool insn_is_none(const uint8_t *code, size_t size);

#endif
