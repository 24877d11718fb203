/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of dfpatch/binary/functions.c: what comes of frames and symbols that agree, complete
 * each other, or do not agree.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_text.h"
#include "functions.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define BIAS UINT64_C(0x7f0000000000)
#define TEXT 0x1000 /* of its segment */
#define TEXT_SIZE 0x1000
#define FRAMES 0x8000
#define MANY 8

struct range {
	uint32_t start; /* from the beginning of the text */
	uint32_t size;
	bool open;
};

struct fixture {
	struct fake_text text;
	struct elf_info elf;
	int fd;
	struct functions functions;
};

/* One CIE, and an FDE for each; absolute addresses. */
static void put_frames(struct fixture *f, const struct range *ranges, size_t count)
{
	static const uint8_t cie[] = "\x0c\0\0\0\0\0\0\0\x01zR\0\1\x78\x10\1\0";
	uint8_t *frames = fake_text_add(&f->text, BIAS + FRAMES, 0x1000, DF_READ);
	size_t at = 20;
	memcpy(frames, cie, sizeof(cie) - 1);
	frames[0] = 16;
	for (size_t i = 0; i < count; i++) {
		const uint32_t head[] = {24, (uint32_t)at + 4};
		const uint64_t fde[] = {BIAS + TEXT + ranges[i].start, ranges[i].size, 0};
		memcpy(frames + at, head, sizeof(head));
		memcpy(frames + at + 8, fde, 20);
		at += 28;
	}
	f->elf.eh_frame = FRAMES;
	f->elf.eh_frame_size = at;
}

static void put_symbols(struct fixture *f, const struct range *ranges, size_t count)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 2,
	};
	const Elf64_Shdr sections[2] = {[1] = {.sh_type = SHT_SYMTAB,
					       .sh_offset = sizeof(header) + sizeof(sections),
					       .sh_size = count * sizeof(Elf64_Sym),
					       .sh_entsize = sizeof(Elf64_Sym)}};
	f->fd = memfd_create("test_functions", MFD_CLOEXEC);
	cr_assert_eq(write(f->fd, &header, sizeof(header)), (ssize_t)sizeof(header));
	cr_assert_eq(write(f->fd, sections, sizeof(sections)), (ssize_t)sizeof(sections));
	for (size_t i = 0; i < count; i++) {
		const Elf64_Sym symbol = {.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
					  .st_shndx = 1,
					  .st_value = TEXT + ranges[i].start,
					  .st_size = ranges[i].size};
		cr_assert_eq(write(f->fd, &symbol, sizeof(symbol)), (ssize_t)sizeof(symbol));
	}
}

static size_t count_of(const struct range *ranges)
{
	size_t count = 0;
	while (count < MANY && (ranges[count].size > 0 || ranges[count].open))
		count++;
	return count;
}

static void find(struct fixture *f, const struct range *frames, const struct range *symbols)
{
	struct df_err err = {0};
	memset(f, 0, sizeof(*f));
	fake_text_begin(&f->text);
	fake_text_add(&f->text, BIAS + TEXT, TEXT_SIZE, DF_READ | DF_EXEC);
	put_frames(f, frames, count_of(frames));
	put_symbols(f, symbols, count_of(symbols));
	cr_assert_eq(functions_find(&f->text.source, &f->elf, BIAS, f->fd, &f->functions, &err), 0,
		     "%s", err.text);
}

static void end(struct fixture *f)
{
	functions_free(&f->functions);
	fake_text_free(&f->text);
	close(f->fd);
}

/* A symbol without a size has `open` here. */
static const struct {
	const char *row;
	struct range frames[MANY];
	struct range symbols[MANY];
	struct range expected[MANY];
} rows[] = {
	{"nothing", {{0}}, {{0}}, {{0}}},
	{"frames alone, in any order",
	 {{0x40, 0x20, 0}, {0, 0x30, 0}},
	 {{0}},
	 {{0, 0x30, 0}, {0x40, 0x20, 0}}},
	{"symbols alone, in any order",
	 {{0}},
	 {{0x40, 0x20, 0}, {0, 0x30, 0}},
	 {{0, 0x30, 0}, {0x40, 0x20, 0}}},
	{"both agree",
	 {{0, 0x30, 0}, {0x40, 0x20, 0}},
	 {{0, 0x30, 0}, {0x40, 0x20, 0}},
	 {{0, 0x30, 0}, {0x40, 0x20, 0}}},
	{"aliases", {{0}}, {{0, 0x30, 0}, {0, 0x30, 0}, {0, 0x10, 0}}, {{0, 0x30, 0}}},
	{"symbols between frames",
	 {{0, 0x10, 0}, {0x40, 0x10, 0}},
	 {{0x10, 0x30, 0}, {0x50, 8, 0}},
	 {{0, 0x10, 0}, {0x10, 0x30, 0}, {0x40, 0x10, 0}, {0x50, 8, 0}}},
	{"frames win within theirs",
	 {{0x10, 0x30, 0}},
	 {{0x14, 4, 0}, {0x20, 0x40, 0}},
	 {{0x10, 0x30, 0}}},
	{"a frame ends a symbol",
	 {{0x10, 0x10, 0}},
	 {{0, 0x18, 0}},
	 {{0, 0x10, 0}, {0x10, 0x10, 0}}},
	{"a frame begins before its symbol", {{0xf, 0x11, 0}}, {{0x10, 0x10, 0}}, {{0xf, 0x11, 0}}},
	{"an entry in the midst of a function",
	 {{0}},
	 {{0, 0x40, 0}, {0x10, 0x10, 0}},
	 {{0, 0x10, 0}, {0x10, 0x30, 0}}},
	{"symbols that overlap",
	 {{0}},
	 {{0, 0x20, 0}, {0x10, 0x20, 0}},
	 {{0, 0x10, 0}, {0x10, 0x20, 0}}},
	{"frames that overlap",
	 {{0, 0x20, 0}, {0x10, 0x20, 0}},
	 {{0}},
	 {{0, 0x10, 0}, {0x10, 0x20, 0}}},
	{"no size: to the next one",
	 {{0x40, 0x10, 0}},
	 {{0x10, 0, 1}, {0x20, 0, 1}, {0x48, 0, 1}},
	 {{0x10, 0x10, 1}, {0x20, 0x20, 1}, {0x40, 0x10, 0}}},
	{"no size, at the end of the text",
	 {{0}},
	 {{TEXT_SIZE - 0x10, 0, 1}},
	 {{TEXT_SIZE - 0x10, 0x10, 1}}},
	{"no size, within a function", {{0}}, {{0, 0x20, 0}, {8, 0, 1}}, {{0, 0x20, 0}}},
	{"beyond the text",
	 {{TEXT_SIZE, 0x10, 0}, {TEXT_SIZE - 0x10, 0x20, 0}},
	 {{TEXT_SIZE + 0x100, 0x10, 0}, {0, 0x7fffffff, 0}},
	 {{0, TEXT_SIZE - 0x10, 0}, {TEXT_SIZE - 0x10, 0x10, 0}}},
};

Test(functions, merged)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture f;
		find(&f, rows[i].frames, rows[i].symbols);
		const size_t count = count_of(rows[i].expected);
		cr_expect_eq(f.functions.base, BIAS + TEXT);
		cr_expect_eq(f.functions.count, count, "%s: %zu", rows[i].row, f.functions.count);
		for (size_t j = 0; j < count && j < f.functions.count; j++) {
			const struct function *found = &f.functions.list[j];
			const struct range *expected = &rows[i].expected[j];
			cr_expect(found->start == expected->start &&
					  found->size == expected->size &&
					  found->open == expected->open,
				  "%s: %zu: %#x, %#x, %u", rows[i].row, j, found->start,
				  (unsigned)found->size, (unsigned)found->open);
		}
		end(&f);
	}
}

/* Damage costs functions, and is told. */
Test(functions, damaged)
{
	static const struct range frames[MANY] = {{0, 0x10, 0}}, symbols[MANY] = {{0x20, 0x10, 0}};
	struct fixture f;
	struct df_err err = {0};
	find(&f, frames, symbols);
	cr_expect_not(f.functions.frames_damaged);
	functions_free(&f.functions);
	f.elf.eh_frame_size += 2;
	f.text.bytes[1][f.elf.eh_frame_size - 2] = 0x77;
	f.elf.eh_frame_size += 2;
	cr_assert_eq(functions_find(&f.text.source, &f.elf, BIAS, -1, &f.functions, &err), 0);
	cr_expect(f.functions.frames_damaged);
	cr_expect_not(f.functions.symbols_damaged);
	cr_expect_eq(f.functions.count, 1, "%zu", f.functions.count);
	end(&f);
}

/* Text more than 4 GB above the first one. */
Test(functions, far_away)
{
	static const struct range none[MANY];
	const struct range frames[MANY] = {{0, 0x10, 0}};
	struct fixture f;
	struct df_err err = {0};
	find(&f, frames, none);
	functions_free(&f.functions);
	fake_text_add(&f.text, BIAS - (UINT64_C(5) << 30), 16, DF_READ | DF_EXEC);
	cr_assert_eq(functions_find(&f.text.source, &f.elf, BIAS, -1, &f.functions, &err), 0);
	cr_expect_eq(f.functions.count, 0);
	end(&f);
}
