/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/elf_file.c: sound headers are read, and damaged or foreign ones refused. */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf_file.h"
#include "mem.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define NOTE_AT 0x200
#define NOTE_SIZE 0x80

/* An ELF file of two segments and one note segment, at fixed places. */
struct file {
	Elf64_Ehdr header;
	Elf64_Phdr parts[4];
	uint8_t gap[NOTE_AT - sizeof(Elf64_Ehdr) - 4 * sizeof(Elf64_Phdr)];
	uint8_t note[NOTE_SIZE];
	uint8_t rest[0x200 - NOTE_SIZE];
};
_Static_assert(sizeof(struct file) == 0x400, "a small file");

static const uint8_t id[20] = {0xde, 0xad, 0xbe, 0xef, 1,  2,  3,  4,  5,  6,
			       7,    8,	   9,	 10,   11, 12, 13, 14, 15, 16};

static size_t put_note(uint8_t *to, uint32_t type, const char *name, const void *desc,
		       uint32_t size)
{
	const Elf64_Nhdr header = {(Elf64_Word)strlen(name) + 1, size, type};
	memcpy(to, &header, sizeof(header));
	memcpy(to + 12, name, header.n_namesz);
	memcpy(to + 12 + (header.n_namesz + 3) / 4 * 4, desc, size);
	return 12 + (header.n_namesz + 3) / 4 * 4 + (size + 3) / 4 * 4;
}

static struct file sound(void)
{
	struct file f = {
		.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				       EV_CURRENT},
			   .e_type = ET_DYN,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_phoff = offsetof(struct file, parts),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 4,
			   .e_shentsize = sizeof(Elf64_Shdr)},
		.parts = {{PT_LOAD, PF_R | PF_X, 0, 0x400000, 0, 0x300, 0x300, 0x1000},
			  {PT_LOAD, PF_R | PF_W, 0x300, 0x401300, 0, 0x100, 0x900, 0x1000},
			  {PT_NOTE, PF_R, NOTE_AT, 0x400000 + NOTE_AT, 0, 36, 36, 4},
			  {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16}},
	};
	put_note(f.note, NT_GNU_BUILD_ID, "GNU", id, sizeof(id));
	return f;
}

static int from_file(const void *bytes, size_t size, struct elf_info *info, struct df_err *err)
{
	const int fd = memfd_create("test_elf_file", MFD_CLOEXEC);
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
	const int status = elf_info_from_file(fd, info, err);
	close(fd);
	return status;
}

/* A copy of exactly that size, so that a sanitizer sees each byte read beyond it. */
static int from_memory(const void *bytes, size_t size, struct elf_info *info, struct df_err *err)
{
	uint8_t *copy = malloc(size ? size : 1);
	cr_assert(copy);
	memcpy(copy, bytes, size);
	const int status = elf_info_from_memory(copy, size, info, err);
	free(copy);
	return status;
}

static void expect_sound(const struct elf_info *info, bool position_independent)
{
	char text[2 * ELF_BUILD_ID_MAX + 1];
	cr_assert_eq(info->part_count, 3);
	cr_expect_eq(info->position_independent, position_independent);
	const struct elf_part *p = info->parts;
	cr_expect(p[0].type == PT_LOAD && p[0].prot == (DF_READ | DF_EXEC) && p[0].offset == 0 &&
		  p[0].addr == 0x400000 && p[0].file_size == 0x300 && p[0].size == 0x300);
	cr_expect(p[1].type == PT_LOAD && p[1].prot == (DF_READ | DF_WRITE) &&
		  p[1].offset == 0x300 && p[1].addr == 0x401300 && p[1].file_size == 0x100 &&
		  p[1].size == 0x900);
	cr_expect(p[2].type == PT_NOTE && p[2].addr == 0x400000 + NOTE_AT);
	cr_expect_eq(info->build_id_size, sizeof(id));
	elf_build_id_text(info, text);
	cr_expect_str_eq(text, "deadbeef0102030405060708090a0b0c0d0e0f10");
	cr_expect_eq(info->table_sections, 0);
}

Test(elf_file, sound_files)
{
	static const uint16_t types[] = {ET_DYN, ET_EXEC};
	for (size_t i = 0; i < COUNT(types); i++) {
		struct elf_info info;
		struct df_err err = {0};
		struct file f = sound();
		f.header.e_type = types[i];
		cr_assert_eq(from_file(&f, sizeof(f), &info, &err), 0, "%s", err.text);
		expect_sound(&info, types[i] == ET_DYN);
		elf_info_free(&info);
		cr_assert_eq(from_memory(&f, sizeof(f), &info, &err), 0, "%s", err.text);
		expect_sound(&info, types[i] == ET_DYN);
		elf_info_free(&info);
		cr_expect_null(info.parts);
	}
}

/* Section headers are not loaded: what the header says of them means nothing in memory. */
Test(elf_file, section_headers_that_lie_in_memory)
{
	static const uint64_t offsets[] = {1,	    8,		0x3c0,		0x400,
					   0x10000, UINT64_MAX, UINT64_MAX - 63};
	for (size_t i = 0; i < COUNT(offsets); i++) {
		struct elf_info info;
		struct df_err err = {0};
		struct file f = sound();
		f.header.e_shoff = offsets[i];
		f.header.e_shnum = 0xfeff;
		f.header.e_shstrndx = SHN_XINDEX;
		cr_assert_eq(from_memory(&f, sizeof(f), &info, &err), 0, "%zu: %s", i, err.text);
		expect_sound(&info, true);
		elf_info_free(&info);
	}
}

#define HEADER(MEMBER)                                                                             \
	offsetof(struct file, header.MEMBER), sizeof(((struct file *)0)->header.MEMBER)
#define PART(I, MEMBER)                                                                            \
	offsetof(struct file, parts) + (I) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, MEMBER),    \
		sizeof(((Elf64_Phdr *)0)->MEMBER)
#define IDENT(I) (I), 1

static const struct {
	const char *row;
	size_t offset, width;
	uint64_t value;
	enum df_errc code;
	const char *says;
} damages[] = {
	{"magic", IDENT(EI_MAG0), 'E', DF_E_NOT_ELF, "not an ELF file"},
	{"no class", IDENT(EI_CLASS), ELFCLASSNONE, DF_E_NOT_ELF, "ELF file"},
	{"class that is none", IDENT(EI_CLASS), 9, DF_E_NOT_ELF, "ELF file"},
	{"byte order that is none", IDENT(EI_DATA), 0, DF_E_NOT_ELF, "ELF file"},
	{"big-endian", IDENT(EI_DATA), ELFDATA2MSB, DF_E_ARCH, "big-endian"},
	{"aarch64", HEADER(e_machine), EM_AARCH64, DF_E_ARCH, "aarch64"},
	{"i386", HEADER(e_machine), EM_386, DF_E_ARCH, "i386"},
	{"arm", HEADER(e_machine), EM_ARM, DF_E_ARCH, "arm"},
	{"riscv", HEADER(e_machine), EM_RISCV, DF_E_ARCH, "riscv"},
	{"unknown machine", HEADER(e_machine), 9999, DF_E_ARCH, "ELF machine 9999"},
	{"object", HEADER(e_type), ET_REL, DF_E_ARCH, "relocatable object; link it first"},
	{"core", HEADER(e_type), ET_CORE, DF_E_ARCH, "neither an executable nor a shared object"},
	{"no type", HEADER(e_type), ET_NONE, DF_E_ARCH, "neither an executable"},
	{"headers out of the file", HEADER(e_phoff), 0x10000, DF_E_NOT_ELF, "program headers"},
	{"headers out of all files", HEADER(e_phoff), UINT64_MAX - 63, DF_E_NOT_ELF,
	 "program headers"},
	{"headers cut by the end", HEADER(e_phoff), 0x400 - 3 * 56, DF_E_NOT_ELF,
	 "program headers"},
	{"more headers than fit", HEADER(e_phnum), 0x1234, DF_E_NOT_ELF, "program headers"},
	{"as many headers as can be", HEADER(e_phnum), 0xfffe, DF_E_NOT_ELF, "program headers"},
	{"headers counted in a section that is not there", HEADER(e_phnum), PN_XNUM, DF_E_NOT_ELF,
	 "program headers"},
	{"larger in the file than in memory", PART(0, p_memsz), 0x2ff, DF_E_NOT_ELF,
	 "out of range"},
	{"address wraps", PART(1, p_vaddr), UINT64_MAX - 0x100, DF_E_NOT_ELF, "out of range"},
	{"size wraps", PART(1, p_memsz), UINT64_MAX, DF_E_NOT_ELF, "out of range"},
	{"offset wraps", PART(1, p_offset), UINT64_MAX - 0x10, DF_E_NOT_ELF, "out of range"},
	{"note wraps", PART(2, p_vaddr), UINT64_MAX - 1, DF_E_NOT_ELF, "out of range"},
};

Test(elf_file, damage_and_foreign_files_are_refused)
{
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct elf_info info = {.part_count = 77};
		struct df_err err = {0};
		struct file f = sound();
		memcpy((uint8_t *)&f + damages[i].offset, &damages[i].value, damages[i].width);
		cr_expect_eq(from_file(&f, sizeof(f), &info, &err), -(int)damages[i].code,
			     "%s: '%s'", damages[i].row, err.text);
		cr_expect(strstr(err.text, damages[i].says), "%s: '%s'", damages[i].row, err.text);
		cr_expect_eq(from_memory(&f, sizeof(f), &info, &err), -(int)damages[i].code,
			     "%s in memory: '%s'", damages[i].row, err.text);
		cr_expect_eq(info.part_count, 77, "%s: touched", damages[i].row);
	}
}

/* Of x32 and i386 files the header has 32-bit fields. */
Test(elf_file, thirty_two_bits)
{
	static const struct {
		uint16_t machine;
		const char *says;
	} rows[] = {{EM_X86_64, "x32"}, {EM_386, "i386"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const Elf32_Ehdr header = {
			.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
				    EV_CURRENT},
			.e_type = ET_EXEC,
			.e_machine = rows[i].machine,
			.e_version = EV_CURRENT,
			.e_shoff = UINT32_MAX,
			.e_shnum = 0xff00,
			.e_ehsize = sizeof(header),
		};
		uint8_t bytes[0x200] = {0};
		memcpy(bytes, &header, sizeof(header));
		struct elf_info info;
		struct df_err err = {0};
		cr_expect_eq(from_file(bytes, sizeof(bytes), &info, &err), -(int)DF_E_ARCH);
		cr_expect(strstr(err.text, rows[i].says), "'%s'", err.text);
		cr_expect_eq(from_memory(bytes, sizeof(bytes), &info, &err), -(int)DF_E_ARCH);
	}
}

/* What a part says is checked against the file: nobody finds out by a read that fails. */
Test(elf_file, a_segment_beyond_the_end_of_the_file)
{
	struct elf_info info;
	struct df_err err = {0};
	struct file f = sound();
	f.parts[1].p_filesz = 0x101;
	cr_expect_eq(from_file(&f, sizeof(f), &info, &err), -(int)DF_E_NOT_ELF);
	cr_expect(strstr(err.text, "beyond the end of the file"), "'%s'", err.text);
	/* In memory the file is not there to be checked against. */
	cr_assert_eq(from_memory(&f, sizeof(f), &info, &err), 0);
	elf_info_free(&info);
}

Test(elf_file, cut_at_every_byte)
{
	const struct file f = sound();
	for (size_t size = 0; size < sizeof(f); size++) {
		struct elf_info info;
		struct df_err err = {0};
		cr_expect_eq(from_file(&f, size, &info, &err), -(int)DF_E_NOT_ELF, "size %zu: '%s'",
			     size, err.text);
		const int status = from_memory(&f, size, &info, &err);
		cr_expect_eq(status == 0, size >= offsetof(struct file, gap), "size %zu: '%s'",
			     size, err.text);
		if (status == 0)
			elf_info_free(&info);
	}
}

Test(elf_file, no_elf_at_all)
{
	static const struct {
		const char *row, *bytes, *says;
	} rows[] = {
		{"script", "#!/bin/sh\necho\n", "not an ELF file"},
		{"text", "hello", "not an ELF file"},
		{"archive",
		 "!<arch>\nx/              0           0     0     644     4         `\nabcd",
		 "archive"},
		{"magic only", "\177ELF", "ELF file"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct elf_info info;
		struct df_err err = {0};
		cr_expect_eq(from_file(rows[i].bytes, strlen(rows[i].bytes), &info, &err),
			     -(int)DF_E_NOT_ELF, "%s", rows[i].row);
		cr_expect(strstr(err.text, rows[i].says), "%s: '%s'", rows[i].row, err.text);
	}
	struct elf_info info;
	struct df_err err = {0};
	cr_expect_eq(elf_info_from_file(-1, &info, &err), -(int)DF_E_NOT_ELF);
}

/* ---- build-ids ---- */

/* Sets the size of the note segment; notes are put by the row. */
static size_t id_size_of(const struct file *f)
{
	struct elf_info info;
	struct df_err err = {0};
	cr_assert_eq(from_file(f, sizeof(*f), &info, &err), 0, "%s", err.text);
	const size_t size = info.build_id_size;
	elf_info_free(&info);
	return size;
}

static void size_note(struct file *f, size_t size)
{
	f->parts[2].p_filesz = size;
	f->parts[2].p_memsz = size;
}

Test(elf_file, build_id_behind_another_note)
{
	static const uint8_t property[16] = {2, 0, 0, 0xc0, 4};
	static const uint64_t alignments[] = {4, 8};
	for (size_t i = 0; i < COUNT(alignments); i++) {
		struct file f = sound();
		const size_t first = put_note(f.note, 5, "GNU", property, sizeof(property));
		size_note(&f, first + put_note(f.note + first, NT_GNU_BUILD_ID, "GNU", id, 20));
		f.parts[2].p_align = alignments[i];
		cr_expect_eq(id_size_of(&f), 20, "alignment %zu", (size_t)alignments[i]);
	}
}

Test(elf_file, build_ids_that_are_none)
{
	struct file f = sound();
	uint8_t large[64] = {1};
	size_note(&f, put_note(f.note, NT_GNU_BUILD_ID, "GNU", large, 64));
	cr_expect_eq(id_size_of(&f), 64, "the largest");
	f = sound();
	memset(f.note, 0, sizeof(f.note));
	size_note(&f, 16 + 68);
	const Elf64_Nhdr header = {4, 68, NT_GNU_BUILD_ID};
	memcpy(f.note, &header, sizeof(header));
	memcpy(f.note + 12, "GNU", 4);
	cr_expect_eq(id_size_of(&f), 0, "larger than the largest");
	f = sound();
	size_note(&f, put_note(f.note, NT_GNU_BUILD_ID, "GNU", id, 0));
	cr_expect_eq(id_size_of(&f), 0, "empty");
	f = sound();
	size_note(&f, put_note(f.note, NT_GNU_BUILD_ID, "XYZ", id, 20));
	cr_expect_eq(id_size_of(&f), 0, "another owner");
	f = sound();
	size_note(&f, put_note(f.note, 2, "GNU", id, 20));
	cr_expect_eq(id_size_of(&f), 0, "another type");
	f = sound();
	size_note(&f, 0);
	cr_expect_eq(id_size_of(&f), 0, "an empty segment");
}

/* Sizes in a note that lead out of it, whatever they are, give no build-id and no bad read. */
Test(elf_file, damaged_notes)
{
	static const uint32_t sizes[] = {24, 37, 0x80, 0x10000, 0x7fffffff, 0xfffffff0, UINT32_MAX};
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (size_t field = 0; field < 8; field += 4) {
			struct file f = sound();
			memcpy(f.note + field, &sizes[i], sizeof(sizes[i]));
			cr_expect_eq(id_size_of(&f), 0, "field %zu, size %#x", field, sizes[i]);
		}
	for (size_t size = 1; size < 36; size++) {
		struct file f = sound();
		size_note(&f, size);
		cr_expect_eq(id_size_of(&f), 0, "cut at %zu", size);
	}
}

/* ---- anything ---- */

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void damage(struct file *f, uint32_t *seed)
{
	static const uint8_t favourites[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
	const uint32_t count = random_next(seed) % 6 + 1;
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t value = random_next(seed);
		((uint8_t *)f)[random_next(seed) % (NOTE_AT + 40)] =
			value & 1 ? favourites[value / 2 % COUNT(favourites)]
				  : (uint8_t)(value >> 1);
	}
}

static void expect_in_range(const struct elf_info *info, uint64_t size, int round)
{
	for (size_t i = 0; i < info->part_count; i++) {
		const struct elf_part *p = &info->parts[i];
		cr_assert(p->type == PT_LOAD || p->type == PT_NOTE, "round %d", round);
		cr_assert(p->file_size <= p->size && p->addr + p->size >= p->addr, "round %d",
			  round);
		cr_assert(p->offset + p->file_size >= p->offset, "round %d", round);
		cr_assert(p->offset + p->file_size <= size, "round %d", round);
		cr_assert_eq(p->prot & ~7u, 0, "round %d", round);
	}
	cr_assert_leq(info->build_id_size, ELF_BUILD_ID_MAX, "round %d", round);
}

Test(elf_file, random_damage)
{
	uint32_t seed = 1;
	int taken = 0;
	for (int round = 0; round < 20000; round++) {
		struct elf_info info;
		struct df_err err = {0};
		struct file f = sound();
		damage(&f, &seed);
		const size_t size =
			random_next(&seed) % 8 ? sizeof(f) : random_next(&seed) % sizeof(f);
		if (from_memory(&f, size, &info, &err) == 0) {
			expect_in_range(&info, UINT64_MAX, round);
			elf_info_free(&info);
			taken++;
		}
		if (round % 8 == 0 && from_file(&f, size, &info, &err) == 0) {
			expect_in_range(&info, size, round);
			elf_info_free(&info);
		}
	}
	cr_expect(taken > 1000 && taken < 19000, "%d were taken: the damage is of no use", taken);
}
