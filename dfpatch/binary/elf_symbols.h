/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_symbols.h - the function symbols of an ELF file.
 *
 * Addresses are ELF addresses. Input is untrusted: what is given may lie, and a
 * damaged table gives fewer symbols. Needs no more memory than the section headers.
 */
#ifndef DFPATCH_ELF_SYMBOLS_H
#define DFPATCH_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* Takes one symbol; `size` may be 0. False ends it. */
typedef bool (*elf_symbol_take)(void *context, uint64_t addr, uint64_t size);

/*
 * Gives each defined function (STT_FUNC, STT_GNU_IFUNC) of .symtab, or where that is stripped of
 * .dynsym, in the order of the file. `fd` is a file that elf_info_from_file() took. Returns 0, also
 * if there are none or `take` ended it; DF_E_NOT_ELF (section headers that cannot be read) or
 * DF_E_SYSTEM.
 */
int elf_symbols_each(int fd, elf_symbol_take take, void *context, struct df_err *err);

#endif
