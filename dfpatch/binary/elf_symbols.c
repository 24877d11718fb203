/* SPDX-License-Identifier: Apache-2.0 */
/* elf_symbols.c - the function symbols of an ELF file: libelf finds them, pread(2) reads them. */
#include "elf_symbols.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read at a time. libelf would hold the whole table until the end. */
#define SYMBOLS_AT_ONCE 1024

/* Offsets in the file, within its size. */
struct symbol_table {
	uint64_t offset;
	uint64_t count;
};

/* Cuts what a section claims to what the file has. */
static uint64_t present(uint64_t offset, uint64_t size, uint64_t file_size)
{
	if (offset >= file_size)
		return 0;
	return size < file_size - offset ? size : file_size - offset;
}

static void take_table(const GElf_Shdr *symbols, uint64_t file_size, struct symbol_table *table)
{
	table->offset = symbols->sh_offset;
	table->count = present(symbols->sh_offset, symbols->sh_size, file_size) / sizeof(Elf64_Sym);
}

static void find_table(Elf *elf, uint64_t file_size, struct symbol_table *table)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header) || header.sh_entsize != sizeof(Elf64_Sym))
			continue;
		if (header.sh_type == SHT_SYMTAB ||
		    (header.sh_type == SHT_DYNSYM && table->count == 0))
			take_table(&header, file_size, table);
		if (header.sh_type == SHT_SYMTAB && table->count > 0)
			return;
	}
}

static int open_table(int fd, struct symbol_table *table, struct df_err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot read its symbols");
	elf_version(EV_CURRENT);
	/* Reads instead of a mapping: a file that shrinks meanwhile must not kill us. */
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return df_fail(err, DF_E_NOT_ELF, "its symbols cannot be read: %s", elf_errmsg(-1));
	*table = (struct symbol_table){0};
	find_table(elf, (uint64_t)st.st_size, table);
	elf_end(elf);
	return 0;
}

static bool is_function(const Elf64_Sym *symbol)
{
	const unsigned type = ELF64_ST_TYPE(symbol->st_info);
	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF;
}

static int each(int fd, const struct symbol_table *table, elf_symbol_take take, void *context,
		struct df_err *err)
{
	Elf64_Sym symbols[SYMBOLS_AT_ONCE];
	for (uint64_t done = 0; done < table->count;) {
		const uint64_t left = table->count - done;
		const size_t wanted = left < SYMBOLS_AT_ONCE ? (size_t)left : SYMBOLS_AT_ONCE;
		const ssize_t got = pread(fd, symbols, wanted * sizeof(*symbols),
					  (off_t)(table->offset + done * sizeof(*symbols)));
		if (got < 0)
			return df_fail_errno(err, DF_E_SYSTEM, "cannot read its symbols");
		const size_t count = (size_t)got / sizeof(*symbols);
		for (size_t i = 0; i < count; i++)
			if (is_function(&symbols[i]) &&
			    !take(context, symbols[i].st_value, symbols[i].st_size))
				return 0;
		if (count < wanted)
			return 0; /* cut meanwhile */
		done += count;
	}
	return 0;
}

int elf_symbols_each(int fd, elf_symbol_take take, void *context, struct df_err *err)
{
	struct symbol_table table;
	const int status = open_table(fd, &table, err);
	return status < 0 ? status : each(fd, &table, take, context, err);
}
