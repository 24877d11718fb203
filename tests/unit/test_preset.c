/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/preset.c, with the files of tests/unit/files. */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "insn.h"
#include "preset.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define GOOD "files/good"

/* ---- files in memory ---- */

static const char *path_of(int fd)
{
	static char path[8][32];
	static unsigned next;
	char *to = path[next++ % COUNT(path)];
	snprintf(to, sizeof(path[0]), "/proc/self/fd/%d", fd);
	return to;
}

static int copy_of(const char *name)
{
	struct stat st;
	const int from = open(name, O_RDONLY | O_CLOEXEC), to = memfd_create("copy", MFD_CLOEXEC);
	cr_assert(from >= 0 && to >= 0 && fstat(from, &st) == 0, "%s", name);
	cr_assert_eq(sendfile(to, from, NULL, (size_t)st.st_size), st.st_size);
	close(from);
	return to;
}

static void flip(int fd, uint64_t offset, uint8_t bits)
{
	uint8_t byte;
	cr_assert_eq(pread(fd, &byte, 1, (off_t)offset), 1);
	byte ^= bits;
	cr_assert_eq(pwrite(fd, &byte, 1, (off_t)offset), 1);
}

static void apply(int fd, const struct preset *preset)
{
	for (size_t i = 0; i < preset->edit_count; i++) {
		const struct file_edit *e = &preset->edits[i];
		uint8_t found[FILE_EDIT_MAX];
		cr_assert_eq(pread(fd, found, e->size, (off_t)e->offset), e->size);
		cr_expect(memcmp(found, e->before, e->size) == 0, "edit %zu", i);
		cr_assert_eq(pwrite(fd, e->after, e->size, (off_t)e->offset), e->size);
		if (i > 0)
			cr_expect_geq(e->offset, e[-1].offset + e[-1].size, "edit %zu", i);
	}
}

/* ---- presets ---- */

static int make(const char *path, const char *lines, struct preset *preset, struct df_err *err)
{
	const struct script_source source = {lines, false};
	struct scripts scripts;
	*err = (struct df_err){0};
	cr_assert_eq(scripts_read(&source, 1, &scripts, err), 0, "%s: %s", lines, err->text);
	const int status = preset_make(path, &scripts, preset, err);
	scripts_free(&scripts);
	return status;
}

/* A copy of `path` with its flags preset. */
static int preset_file(const char *path, const char *lines, size_t *bytes)
{
	struct preset preset;
	struct df_err err;
	const int fd = copy_of(path);
	cr_assert_eq(make(path, lines, &preset, &err), 0, "%s: %s: %s", path, lines, err.text);
	*bytes = preset_bytes(&preset);
	if (*bytes > 0) {
		cr_expect_eq(preset_check(&preset, fd, path_of(fd), &err), -(int)DF_E_CHANGED, "%s",
			     lines);
		cr_expect(strstr(err.text, "has not the flags that it should have"), "%s",
			  err.text);
	}
	apply(fd, &preset);
	cr_expect_eq(preset_check(&preset, fd, path_of(fd), &err), 0, "%s: %s", lines, err.text);
	preset_free(&preset);
	return fd;
}

static const struct df_site *site_of(const struct image *image, const char *name)
{
	for (size_t i = 0; i < image->table.count; i++)
		if (strcmp(image->sites[i].name, name) == 0)
			return &image->sites[i];
	cr_assert_fail("no flag %s", name);
	return NULL;
}

static uint64_t offset_of(const struct image *image, uint64_t addr)
{
	for (size_t i = 0; i < image->elf.part_count; i++) {
		const struct elf_part *p = &image->elf.parts[i];
		if (p->type == PT_LOAD && addr >= p->addr && addr - p->addr < p->file_size)
			return p->offset + (addr - p->addr);
	}
	cr_assert_fail("no segment holds %#lx", (unsigned long)addr);
	return 0;
}

/* What the record and the instruction say after each script. */
static const struct {
	const char *lines;
	const char *name;
	uint8_t activation, unhook, flags;
} rows[] = {
	{"+http:", "fast_path", 1, 0, DF_SITE_JUMP_BUILT},
	{"+http:", "log", 2, 0, DF_SITE_INVERTED},
	{"enable http:", "fast_path", 1, 0, DF_SITE_JUMP_BUILT},
	{"enable http:", "log", 1, 0, DF_SITE_INVERTED},
	{"disable .*", "log", 0, 0, DF_SITE_INVERTED | DF_SITE_JUMP_BUILT},
	{"disable .*", "warm", 0, 0, 0},
	{"disable .*", "strict", 0, 0, 0},
	{"-.*", "log", 0, 0, DF_SITE_INVERTED | DF_SITE_JUMP_BUILT},
	{"-.*", "warm", 0, 0, 0},
	{"-.*", "strict", 0, 0, 0},
	/* A wish keeps the hold, so that init leaves the flag active all the same. */
	{"+cache:strict", "strict", 1, 0, DF_SITE_HELD | DF_SITE_JUMP_BUILT},
	{"+cache:strict\n-cache:strict", "strict", 0, 0, DF_SITE_HELD | DF_SITE_JUMP_BUILT},
	{"disable cache:strict\nenable cache:strict", "strict", 1, 0, DF_SITE_JUMP_BUILT},
	{"!http:", "log", 1, 1, DF_SITE_INVERTED},
	{"!http:\n+http:\nactivate loop:", "fast_path", 0, 1, 0},
	{"!http:\n!http:\n?http:", "log", 1, 1, DF_SITE_INVERTED},
	{"!http:\n?http:\n+http:", "fast_path", 1, 0, DF_SITE_JUMP_BUILT},
	{"unhook cache:strict", "strict", 0, 1, DF_SITE_HELD | DF_SITE_JUMP_BUILT},
	{"+loop:each", "each", 1, 0, DF_SITE_JUMP_BUILT},
};

static void expect_row(size_t row, const char *path)
{
	size_t bytes;
	uint8_t opcode;
	struct images images;
	struct df_err err = {0};
	const int fd = preset_file(path, rows[row].lines, &bytes);
	cr_assert_eq(images_from_file(path_of(fd), &images, &err), 0, "%s", err.text);
	const struct df_site *site = site_of(images.list[0], rows[row].name);
	cr_expect_eq(site->activation, rows[row].activation, "row %zu: %u", row, site->activation);
	cr_expect_eq(site->unhook, rows[row].unhook, "row %zu: %u", row, site->unhook);
	cr_expect_eq(site->flags, rows[row].flags, "row %zu: %#x", row, site->flags);
	const off_t offset = (off_t)offset_of(images.list[0], site->addr);
	cr_assert_eq(pread(fd, &opcode, 1, offset), 1);
	cr_expect_eq(opcode,
		     df_insn_opcode(site->style, (rows[row].flags & DF_SITE_JUMP_BUILT) != 0),
		     "row %zu: %#x", row, opcode);
	images_free(&images);
	close(fd);
}

Test(preset, records_and_instructions)
{
	static const char *const names[] = {GOOD, "files/exec", "files/stripped"};
	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t row = 0; row < COUNT(rows); row++)
			expect_row(row, names[i]);
}

/* What is said to differ is all that does. */
Test(preset, changes_nothing_else)
{
	size_t bytes, differ = 0;
	const int fd = preset_file(GOOD, "disable .*\nenable http:fast_path\n!loop:", &bytes);
	const int good = open(GOOD, O_RDONLY | O_CLOEXEC);
	uint8_t a, b;
	for (off_t at = 0; pread(good, &a, 1, at) == 1; at++) {
		cr_assert_eq(pread(fd, &b, 1, at), 1);
		differ += a != b;
	}
	cr_expect_eq(differ, bytes);
	cr_expect_gt(bytes, 10);
	close(fd);
	close(good);
}

Test(preset, twice_is_the_same_as_once)
{
	size_t bytes;
	const char *lines = "enable http:\ndisable cache:\n";
	const int once = preset_file(GOOD, lines, &bytes);
	cr_expect_gt(bytes, 0);
	close(preset_file(path_of(once), lines, &bytes));
	cr_expect_eq(bytes, 0, "%zu bytes", bytes);
	/* And back: the hold that was given up does not return. */
	close(preset_file(path_of(once),
			  "disable http:fast_path\nenable cache:warm\nenable cache:strict",
			  &bytes));
	cr_expect_gt(bytes, 0);
	close(preset_file(GOOD, "# nothing\n\n", &bytes));
	cr_expect_eq(bytes, 0);
}

Test(preset, what_was_taken_back_is_no_change)
{
	struct preset preset;
	struct df_err err;
	cr_assert_eq(make(GOOD, "+http:log\n-http:log\n!loop:\n?loop:", &preset, &err), 0);
	for (size_t i = 0; i < preset.change.plans->count; i++)
		cr_expect_leq(preset.change.plans->outcome[i], DF_SAME);
	cr_expect_eq(preset.edit_count, 0);
	preset_free(&preset);
}

/* ---- what is refused ---- */

static void expect_bad(const char *path, const char *lines, enum df_errc code, const char *says)
{
	struct preset preset;
	struct df_err err;
	const int status = make(path, lines, &preset, &err);
	cr_expect_eq(status, -(int)code, "%s: %d: %s", says, status, err.text);
	cr_expect(strstr(err.text, says), "'%s' is not in: %s", says, err.text);
	preset_free(&preset);
}

Test(preset, lines_that_mean_nothing)
{
	expect_bad(GOOD, "+http:\n\n-nothing", DF_E_NO_MATCH,
		   "-e number 1: line 3: no flag matches 'nothing'");
	/* Expressions, as in libdf: no part of a name, and no words. */
	expect_bad(GOOD, "+log", DF_E_NO_MATCH, "no flag matches 'log'");
	expect_bad("files/none", "+a", DF_E_NO_FLAGS, "carries no flags");
	expect_bad("files/object.o", "+a", DF_E_ARCH, "relocatable object");
	expect_bad("files/flags.c", "+a", DF_E_SYSTEM, "No such file");
}

Test(preset, counts_that_no_record_holds)
{
	static char lines[256 * 11 + 1];
	size_t bytes;
	for (int i = 0; i < 254; i++)
		strcat(lines, "+http:log\n");
	close(preset_file(GOOD, lines, &bytes)); /* one as built, and 254 */
	strcat(lines, "+http:log\n");
	expect_bad(GOOD, lines, DF_E_USAGE,
		   "http:log@src/flags.c:11: its activation count would be 256, and a file holds "
		   "no more than 255");
	lines[0] = '\0';
	for (int i = 0; i < 256; i++)
		strcat(lines, "!loop:\n");
	expect_bad(GOOD, lines, DF_E_USAGE, "its unhook count would be 256");
	/* Only the end counts. */
	strcat(lines, "?loop:\n");
	close(preset_file(GOOD, lines, &bytes));
}

/* Offsets in files/good of what the damage is done to. */
static struct {
	uint64_t site, record, generation, phase;
} good;

static void find_offsets(void)
{
	struct images images;
	struct df_err err = {0};
	cr_assert_eq(images_from_file(GOOD, &images, &err), 0, "%s", err.text);
	const struct image *image = images.list[0];
	const struct df_site *site = site_of(image, "fast_path");
	const uint64_t control = offset_of(image, image->table.control);
	good.site = offset_of(image, site->addr);
	good.record = offset_of(image, image->table.start) +
		      (uint64_t)(site - image->sites) * DF_SITE_SIZE;
	good.generation = control + offsetof(struct df_control_v1, generation);
	good.phase = control + offsetof(struct df_control_v1, phase);
	images_free(&images);
}

static void expect_damage(uint64_t offset, uint8_t bits, enum df_errc code, const char *says)
{
	const int fd = copy_of(GOOD);
	flip(fd, offset, bits);
	/* Whether the flag that is damaged was meant or not. */
	expect_bad(path_of(fd), "+http:fast_path", code, says);
	expect_bad(path_of(fd), "+cache:warm", code, says);
	close(fd);
}

Test(preset, damage)
{
	const size_t flags = offsetof(struct df_site_v1, flags);
	find_offsets();
	expect_damage(good.site, 0xa9 ^ 0xe9, DF_E_SITE, "holds the other instruction");
	expect_damage(good.site, 0xa9 ^ 0xcc, DF_E_SITE, "holds neither of its two");
	expect_damage(good.site, 0x80, DF_E_SITE, "http:fast_path@src/flags.c:9");
	expect_damage(good.site + 1, 1, DF_E_SITE, "holds neither of its two");
	expect_damage(good.record + flags, DF_SITE_JUMP_BUILT, DF_E_SITE,
		      "holds the other instruction");
	expect_damage(good.record + flags, DF_SITE_INVERTED, DF_E_SITE,
		      "does not follow from its counts");
	expect_damage(good.record + flags, DF_SITE_HELD, DF_E_SITE,
		      "does not follow from its counts");
	expect_damage(good.record + flags, 0x80, DF_E_VERSION, "flags 0x80");
	expect_damage(good.record + offsetof(struct df_site_v1, activation), 1, DF_E_SITE,
		      "does not follow from its counts");
	expect_damage(good.record + offsetof(struct df_site_v1, kind) + 3, 0x40, DF_E_TABLE,
		      "kind at");
	expect_damage(good.generation, 1, DF_E_TABLE, "made from a running program");
	expect_damage(good.phase, 1, DF_E_TABLE, "made from a running program");
}

/* Makes the program header of type `type` one of another kind. */
static void change_header(int fd, uint32_t type, void (*change)(Elf64_Phdr *, const Elf64_Phdr *))
{
	Elf64_Ehdr header;
	Elf64_Phdr list[32], *found = NULL, *text = NULL;
	cr_assert_eq(pread(fd, &header, sizeof(header), 0), (ssize_t)sizeof(header));
	cr_assert_leq(header.e_phnum, COUNT(list));
	const size_t size = header.e_phnum * sizeof(*list);
	cr_assert_eq(pread(fd, list, size, (off_t)header.e_phoff), (ssize_t)size);
	for (size_t i = 0; i < header.e_phnum; i++) {
		if (list[i].p_type == type && !found)
			found = &list[i];
		if (list[i].p_type == PT_LOAD && (list[i].p_flags & PF_X))
			text = &list[i];
	}
	cr_assert(found && text);
	change(found, text);
	cr_assert_eq(pwrite(fd, list, size, (off_t)header.e_phoff), (ssize_t)size);
}

static void same_bytes_elsewhere(Elf64_Phdr *header, const Elf64_Phdr *text)
{
	*header = *text;
	header->p_vaddr += 0x10000000;
}

static void other_bytes_there(Elf64_Phdr *header, const Elf64_Phdr *text)
{
	*header = *text;
	header->p_offset = 0;
	header->p_filesz = 16;
	header->p_memsz = 16;
	header->p_vaddr += text->p_memsz - 16;
}

Test(preset, segments_that_share_bytes)
{
	void (*const changes[])(Elf64_Phdr *, const Elf64_Phdr *) = {same_bytes_elsewhere,
								     other_bytes_there};
	for (size_t i = 0; i < COUNT(changes); i++) {
		const int fd = copy_of(GOOD);
		size_t bytes;
		change_header(fd, PT_GNU_STACK, changes[i]);
		expect_bad(path_of(fd), "disable http:", DF_E_TABLE, "several segments hold");
		/* Where nothing is written it does not matter: the unhook counts lie elsewhere. */
		close(preset_file(path_of(fd), "!http:", &bytes));
		cr_expect_gt(bytes, 0);
		close(fd);
	}
}

/* ---- states in the file ---- */

/* The segment of data, whose zeroed end the file holds as well. */
static void hold_zeros(int fd)
{
	static const uint8_t zeros[4096];
	Elf64_Ehdr header;
	Elf64_Phdr p;
	cr_assert_eq(pread(fd, &header, sizeof(header), 0), (ssize_t)sizeof(header));
	for (size_t i = 0; i < header.e_phnum; i++) {
		const off_t at = (off_t)(header.e_phoff + i * sizeof(p));
		cr_assert_eq(pread(fd, &p, sizeof(p), at), (ssize_t)sizeof(p));
		if (p.p_type != PT_LOAD || !(p.p_flags & PF_W))
			continue;
		const size_t more = p.p_memsz - p.p_filesz;
		cr_assert_leq(more, sizeof(zeros));
		cr_assert_eq(pwrite(fd, zeros, more, (off_t)(p.p_offset + p.p_filesz)),
			     (ssize_t)more);
		p.p_filesz = p.p_memsz;
		cr_assert_eq(pwrite(fd, &p, sizeof(p), at), (ssize_t)sizeof(p));
	}
}

/* As a linker script may have them, and as programs do that write themselves into a file. */
Test(preset, states_in_the_file)
{
	size_t bytes;
	struct images images;
	struct df_err err = {0};
	const int fd = copy_of(GOOD);
	hold_zeros(fd);
	close(preset_file(path_of(fd), "+http:", &bytes));
	cr_assert_eq(images_from_file(path_of(fd), &images, &err), 0, "%s", err.text);
	const uint64_t state = site_of(images.list[0], "log")->state;
	flip(fd, offset_of(images.list[0], state) + 4, 1);
	expect_bad(path_of(fd), "+http:fast_path", DF_E_TABLE, "made from a running program");
	images_free(&images);
	close(fd);
}
