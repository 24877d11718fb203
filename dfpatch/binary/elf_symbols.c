/* SPDX-License-Identifier: Apache-2.0 */
/* elf_symbols.c - the function symbols of an ELF file: libelf finds them, pread(2) reads them. */
#include "elf_symbols.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read at a time. libelf would hold the whole table until the end. */
#define SYMBOLS_AT_ONCE 1024

/* Offsets in the file, within its size. */
struct symbol_table {
	uint64_t offset;
	uint64_t count;
	uint64_t names;
	uint64_t names_size;
};

/* Cuts what a section claims to what the file has. */
static uint64_t present(uint64_t offset, uint64_t size, uint64_t file_size)
{
	if (offset >= file_size)
		return 0;
	return size < file_size - offset ? size : file_size - offset;
}

static void take_table(Elf *elf, const GElf_Shdr *symbols, uint64_t file_size,
		       struct symbol_table *table)
{
	GElf_Shdr names;
	Elf_Scn *section = elf_getscn(elf, symbols->sh_link);
	table->offset = symbols->sh_offset;
	table->count = present(symbols->sh_offset, symbols->sh_size, file_size) / sizeof(Elf64_Sym);
	if (!section || !gelf_getshdr(section, &names) || names.sh_type != SHT_STRTAB)
		return;
	table->names = names.sh_offset;
	table->names_size = present(names.sh_offset, names.sh_size, file_size);
}

static void find_table(Elf *elf, uint64_t file_size, struct symbol_table *table)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header) || header.sh_entsize != sizeof(Elf64_Sym))
			continue;
		if (header.sh_type == SHT_SYMTAB ||
		    (header.sh_type == SHT_DYNSYM && table->count == 0))
			take_table(elf, &header, file_size, table);
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

typedef bool (*raw_take)(void *context, const Elf64_Sym *symbol);

static bool is_function(const Elf64_Sym *symbol)
{
	const unsigned type = ELF64_ST_TYPE(symbol->st_info);
	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF;
}

static int each(int fd, const struct symbol_table *table, raw_take take, void *context,
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
			if (is_function(&symbols[i]) && !take(context, &symbols[i]))
				return 0;
		if (count < wanted)
			return 0; /* cut meanwhile */
		done += count;
	}
	return 0;
}

struct taker {
	elf_symbol_take take;
	void *context;
};

static bool give(void *context, const Elf64_Sym *symbol)
{
	const struct taker *taker = context;
	return taker->take(taker->context, symbol->st_value, symbol->st_size);
}

int elf_symbols_each(int fd, elf_symbol_take take, void *context, struct df_err *err)
{
	struct symbol_table table;
	struct taker taker = {take, context};
	const int status = open_table(fd, &table, err);
	return status < 0 ? status : each(fd, &table, give, &taker, err);
}

/* ---- names ---- */

struct naming {
	int fd;
	const struct symbol_table *table;
	struct elf_symbol_wish *wishes;
	size_t count;
};

/* The first wish for `addr` or what follows it. */
static size_t first_from(const struct naming *n, uint64_t addr)
{
	size_t low = 0, high = n->count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (n->wishes[middle].addr < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void read_name(const struct naming *n, uint32_t at, char *name)
{
	name[0] = '\0';
	if (at >= n->table->names_size)
		return;
	const uint64_t left = n->table->names_size - at;
	const size_t wanted = left < ELF_SYMBOL_NAME - 1 ? (size_t)left : ELF_SYMBOL_NAME - 1;
	const ssize_t got = pread(n->fd, name, wanted, (off_t)(n->table->names + at));
	name[got > 0 ? got : 0] = '\0';
}

static bool name_wishes(void *context, const Elf64_Sym *symbol)
{
	const struct naming *n = context;
	const uint64_t start = symbol->st_value;
	/* A symbol without a size holds its first byte. */
	const uint64_t size = symbol->st_size > 0 ? symbol->st_size : 1;
	for (size_t i = first_from(n, start); i < n->count; i++) {
		struct elf_symbol_wish *wish = &n->wishes[i];
		if (wish->addr - start >= size)
			break;
		if (wish->name[0] && wish->start >= start)
			continue;
		wish->start = start;
		read_name(n, symbol->st_name, wish->name);
	}
	return true;
}

int elf_symbols_name(int fd, struct elf_symbol_wish *wishes, size_t count, struct df_err *err)
{
	struct symbol_table table;
	const struct naming naming = {fd, &table, wishes, count};
	for (size_t i = 0; i < count; i++)
		wishes[i].name[0] = '\0';
	const int status = open_table(fd, &table, err);
	return status < 0 ? status : each(fd, &table, name_wishes, (void *)(uintptr_t)&naming, err);
}
