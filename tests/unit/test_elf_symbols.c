/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/elf_symbols.c: which symbols are given, and tables that lie. */
#include <criterion/criterion.h>
#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf_symbols.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define SYMBOLS 8

/* A file of nothing but symbol tables. */
struct file {
	Elf64_Ehdr header;
	Elf64_Shdr sections[4]; /* none, .symtab, .strtab, .dynsym */
	Elf64_Sym symbols[SYMBOLS];
	Elf64_Sym dynamic[2];
	char names[512];
};

enum { NONE, SYMTAB, STRTAB, DYNSYM };

static Elf64_Sym symbol(uint32_t name, unsigned type, uint16_t section, uint64_t addr,
			uint64_t size)
{
	return (Elf64_Sym){.st_name = name,
			   .st_info = (uint8_t)ELF64_ST_INFO(STB_GLOBAL, type),
			   .st_shndx = section,
			   .st_value = addr,
			   .st_size = size};
}

static Elf64_Shdr section(uint32_t type, size_t offset, size_t size, uint32_t link)
{
	return (Elf64_Shdr){.sh_type = type,
			    .sh_offset = offset,
			    .sh_size = size,
			    .sh_link = link,
			    .sh_entsize = type == SHT_STRTAB ? 0 : sizeof(Elf64_Sym)};
}

/* "\0outer\0inner\0zero\0..." */
#define OUTER 1
#define INNER 7
#define ZERO 13

static struct file sound(void)
{
	struct file f = {
		.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				       EV_CURRENT},
			   .e_type = ET_DYN,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_shoff = offsetof(struct file, sections),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_shentsize = sizeof(Elf64_Shdr),
			   .e_shnum = 4},
		.symbols = {symbol(0, STT_NOTYPE, 0, 0, 0),
			    symbol(OUTER, STT_FUNC, 5, 0x1000, 0x100),
			    symbol(INNER, STT_FUNC, 5, 0x1040, 0x10),
			    symbol(0, STT_OBJECT, 5, 0x2000, 8),
			    symbol(ZERO, STT_FUNC, 5, 0x3000, 0),
			    symbol(0, STT_FUNC, SHN_UNDEF, 0, 0),
			    symbol(0, STT_GNU_IFUNC, 5, 0x4000, 0x20),
			    symbol(400, STT_FUNC, SHN_ABS, 0x5000, 0x300)},
		.dynamic = {symbol(0, STT_NOTYPE, 0, 0, 0),
			    symbol(OUTER, STT_FUNC, 5, 0x9000, 0x10)},
	};
	f.sections[SYMTAB] =
		section(SHT_SYMTAB, offsetof(struct file, symbols), sizeof(f.symbols), STRTAB);
	f.sections[STRTAB] = section(SHT_STRTAB, offsetof(struct file, names), sizeof(f.names), 0);
	f.sections[DYNSYM] =
		section(SHT_DYNSYM, offsetof(struct file, dynamic), sizeof(f.dynamic), STRTAB);
	memcpy(f.names, "\0outer\0inner\0zero", 18);
	return f;
}

static int file_of(const void *bytes, size_t size)
{
	const int fd = memfd_create("test_elf_symbols", MFD_CLOEXEC);
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
	return fd;
}

struct seen {
	uint64_t addrs[SYMBOLS];
	uint64_t sizes[SYMBOLS];
	size_t count;
	size_t enough;
};

static bool take(void *context, uint64_t addr, uint64_t size)
{
	struct seen *seen = context;
	cr_assert_lt(seen->count, SYMBOLS);
	seen->addrs[seen->count] = addr;
	seen->sizes[seen->count++] = size;
	return seen->count != seen->enough;
}

static struct seen each(const struct file *file, size_t size, size_t enough)
{
	struct seen seen = {.enough = enough};
	struct df_err err = {0};
	const int fd = file_of(file, size);
	const int status = elf_symbols_each(fd, take, &seen, &err);
	cr_expect(status == 0 || (status == -(int)err.code && err.text[0]), "%s", err.text);
	close(fd);
	return seen;
}

Test(elf_symbols, functions_that_are_defined)
{
	static const uint64_t addrs[] = {0x1000, 0x1040, 0x3000, 0x4000, 0x5000};
	static const uint64_t sizes[] = {0x100, 0x10, 0, 0x20, 0x300};
	const struct file f = sound();
	struct seen seen = each(&f, sizeof(f), 0);
	cr_assert_eq(seen.count, COUNT(addrs), "%zu", seen.count);
	cr_expect_arr_eq(seen.addrs, addrs, sizeof(addrs));
	cr_expect_arr_eq(seen.sizes, sizes, sizeof(sizes));
	seen = each(&f, sizeof(f), 2);
	cr_expect_eq(seen.count, 2);
}

/* strip(1) takes .symtab away, and sometimes leaves an empty one. */
Test(elf_symbols, stripped)
{
	struct file f = sound();
	f.sections[SYMTAB].sh_type = SHT_PROGBITS;
	struct seen seen = each(&f, sizeof(f), 0);
	cr_expect(seen.count == 1 && seen.addrs[0] == 0x9000);
	f = sound();
	f.sections[SYMTAB].sh_size = 0;
	seen = each(&f, sizeof(f), 0);
	cr_expect(seen.count == 1 && seen.addrs[0] == 0x9000);
	f.header.e_shoff = f.header.e_shnum = 0;
	seen = each(&f, sizeof(f), 0);
	cr_expect_eq(seen.count, 0);
}

Test(elf_symbols, tables_that_lie)
{
	struct file f = sound();
	f.sections[SYMTAB].sh_offset = UINT64_MAX - 10;
	cr_expect_eq(each(&f, sizeof(f), 0).count, 1, "the other one is still there");
	f = sound();
	f.sections[SYMTAB].sh_size = sizeof(f.symbols[0]) * 2 + 5;
	cr_expect_eq(each(&f, sizeof(f), 0).count, 1, "half a symbol is none");
	f = sound();
	f.sections[SYMTAB].sh_entsize = 1;
	cr_expect_eq(each(&f, sizeof(f), 0).count, 1, "no size of an entry");
	f = sound();
	f.sections[SYMTAB].sh_link = 77;
	cr_expect_eq(each(&f, sizeof(f), 0).count, 5, "names are not needed");
	f = sound();
	for (size_t size = 0; size < sizeof(f); size++)
		cr_expect_leq(each(&f, size, 0).count, 5);
}

struct last {
	size_t count;
	uint64_t addr;
};

static bool take_last(void *context, uint64_t addr, uint64_t size)
{
	struct last *last = context;
	cr_expect_eq(size, 16);
	last->count++;
	last->addr = addr;
	return true;
}

/* More symbols than are read at a time, in a file that claims still more. */
Test(elf_symbols, many)
{
	enum { MANY = 5000 };
	struct file f = sound();
	struct df_err err;
	struct last last = {0};
	f.sections[SYMTAB].sh_offset = sizeof(f);
	f.sections[SYMTAB].sh_size = UINT64_MAX / 2;
	const int fd = file_of(&f, sizeof(f));
	for (size_t i = 0; i < MANY; i++) {
		const Elf64_Sym one = symbol(OUTER, STT_FUNC, 5, 0x10000 + i * 16, 16);
		cr_assert_eq(write(fd, &one, sizeof(one)), (ssize_t)sizeof(one));
	}
	cr_assert_eq(elf_symbols_each(fd, take_last, &last, &err), 0, "%s", err.text);
	cr_expect_eq(last.count, MANY);
	cr_expect_eq(last.addr, 0x10000 + 16 * (MANY - 1));
	close(fd);
}

Test(elf_symbols, no_file)
{
	struct seen seen = {0};
	struct df_err err = {0};
	cr_expect_eq(elf_symbols_each(-1, take, &seen, &err), -(int)DF_E_SYSTEM);
	const int fd = file_of("no ELF file", 11);
	cr_expect_eq(elf_symbols_each(fd, take, &seen, &err), 0);
	cr_expect_eq(seen.count, 0);
	close(fd);
}
