/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sites FILE: the site table of a linked ELF file, found by section headers, with
 * every promise of the layout checked on the way. dfpatch comes to the table
 * through note and control block; this shares neither its way nor its code, so
 * that the two can disagree.
 *
 * Prints one line per site and then one line "WORD NUMBER" per figure. Exit
 * status 1: a promise is broken, or the file cannot be read.
 */
#include <df_abi.h>

#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct section {
	const char *name;
	GElf_Shdr head;
	const unsigned char *bytes; /* NULL for NOBITS */
};

struct file {
	struct section *sections;
	size_t count;
	const struct section *table; /* NULL: no sites */
	size_t tables;
	size_t broken;
};

static void broken(struct file *file, uint64_t addr, const char *promise)
{
	printf("broken: at %#jx: %s\n", (uintmax_t)addr, promise);
	file->broken++;
}

static const struct section *section_at(const struct file *file, uint64_t addr)
{
	for (size_t i = 0; i < file->count; i++) {
		const struct section *section = &file->sections[i];

		if (section->head.sh_flags & SHF_ALLOC && !(section->head.sh_flags & SHF_TLS) &&
		    addr >= section->head.sh_addr &&
		    addr - section->head.sh_addr < section->head.sh_size)
			return section;
	}
	return NULL;
}

static const unsigned char *bytes_at(const struct file *file, uint64_t addr, size_t size)
{
	const struct section *section = section_at(file, addr);

	if (!section || !section->bytes ||
	    section->head.sh_size - (addr - section->head.sh_addr) < size)
		return NULL;
	return section->bytes + (addr - section->head.sh_addr);
}

/* A string of the table lies in read-only data, which is what lets it merge and be shared. */
static const char *string_at(struct file *file, uint64_t addr)
{
	const struct section *section = section_at(file, addr);
	const unsigned char *bytes = bytes_at(file, addr, 1);
	const char *problem = NULL;

	if (!bytes)
		problem = "a string that is in no section";
	else if (section->head.sh_flags & SHF_WRITE)
		problem = "a string in writable data";
	else if (!memchr(bytes, 0, section->head.sh_size - (addr - section->head.sh_addr)))
		problem = "a string without an end";
	if (problem)
		broken(file, addr, problem);
	return problem ? "?" : (const char *)bytes;
}

static uint64_t named(uint64_t field, int32_t distance)
{
	return field + (uint64_t)(int64_t)distance;
}

static void check_code(struct file *file, const struct df_site_v1 *site, uint64_t addr,
		       uint64_t target)
{
	const size_t size = site->style == DF_STYLE_X86_CARRY ? 1 : 5;
	const unsigned char *code = bytes_at(file, addr, size);
	const struct section *section = section_at(file, addr);
	const bool jumps = site->flags & DF_SITE_JUMP_BUILT;
	int32_t distance;

	if (!code || !(section->head.sh_flags & SHF_EXECINSTR)) {
		broken(file, addr, "a site that is not in code");
		return;
	}
	if (site->style == DF_STYLE_X86_CARRY) {
		if (code[0] != (jumps ? 0xf9 : 0xf8))
			broken(file, addr, "not the opcode as built");
		return;
	}
	if (code[0] != (jumps ? 0xe9 : 0xa9))
		broken(file, addr, "not the opcode as built");
	memcpy(&distance, code + 1, sizeof(distance));
	if (named(addr + 5, distance) != target)
		broken(file, addr, "the displacement is not the target's");
	if (!bytes_at(file, target, 1) ||
	    !(section_at(file, target)->head.sh_flags & SHF_EXECINSTR))
		broken(file, addr, "a target that is not in code");
}

static void check_state(struct file *file, uint64_t addr)
{
	const struct section *section = section_at(file, addr);

	if (!section || section->head.sh_type != SHT_NOBITS ||
	    !(section->head.sh_flags & SHF_WRITE) || addr % 16 != 0 ||
	    section->head.sh_addr + section->head.sh_size - addr < DF_STATE_SIZE)
		broken(file, addr, "a state that is not 16 aligned bytes of .bss");
}

#define NAMED(FIELD) named(record + offsetof(struct df_site_v1, FIELD), site->FIELD)

static void print_site(struct file *file, const struct df_site_v1 *site, uint64_t record)
{
	const uint64_t code = NAMED(site);
	const struct section *text = section_at(file, code);

	check_code(file, site, code, NAMED(target));
	check_state(file, NAMED(state));
	printf("site %s:%s@%s:%u style=%u flags=%u activation=%u code=%#jx in=%s doc=%s\n",
	       string_at(file, NAMED(kind)), string_at(file, NAMED(name)),
	       string_at(file, NAMED(file)), site->line, site->style, site->flags, site->activation,
	       (uintmax_t)code, text ? text->name : "?", string_at(file, NAMED(doc)));
}

/* Two records of one instruction or one state would throw each other's flags. */
static void check_distinct(struct file *file, const struct df_site_v1 *sites, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++) {
			const uint64_t apart = (i - j) * sizeof(*sites);

			if (named(apart, sites[i].site) == named(0, sites[j].site))
				broken(file, i, "two records of one instruction");
			if (named(apart, sites[i].state) == named(0, sites[j].state))
				broken(file, i, "two records of one state");
		}
}

static void print_table(struct file *file)
{
	const struct section *table = file->table;
	const uint64_t size = table ? table->head.sh_size : 0;
	const size_t count = size / sizeof(struct df_site_v1);
	struct df_site_v1 *sites = calloc(count + 1, sizeof(*sites));

	if (!sites)
		exit(2);
	if (size)
		memcpy(sites, table->bytes, count * sizeof(*sites));
	if (size % sizeof(*sites) != 0)
		broken(file, table->head.sh_addr, "a table that is not whole records");
	if (table && table->head.sh_flags & SHF_WRITE)
		broken(file, table->head.sh_addr, "a writable table");
	for (size_t i = 0; i < count; i++)
		print_site(file, &sites[i], table->head.sh_addr + i * sizeof(*sites));
	check_distinct(file, sites, count);
	printf("sites %zu\ntables %zu\n", count, file->tables);
	free(sites);
}

/* The control block that a note names leads back to the table that was found without it. */
static void check_control(struct file *file, uint64_t addr)
{
	const unsigned char *bytes = bytes_at(file, addr, sizeof(struct df_control_v1));
	const struct section *section = section_at(file, addr);
	struct df_control_v1 control;

	if (!bytes || !(section->head.sh_flags & SHF_WRITE) || addr % 64 != 0 ||
	    memcmp(bytes, DF_CONTROL_MAGIC, sizeof(control.magic))) {
		broken(file, addr, "a note that names no control block");
		return;
	}
	memcpy(&control, bytes, sizeof(control));
	if (file->table && (section_at(file, named(addr + 8, control.start)) != file->table ||
			    named(addr + 8, control.start) != file->table->head.sh_addr))
		broken(file, addr, "a control block that does not start at the table");
	if (named(addr + 12, control.stop) - named(addr + 8, control.start) !=
	    (file->table ? file->table->head.sh_size : 0))
		broken(file, addr, "a control block that does not end where the table ends");
}

static bool is_note(const unsigned char *bytes)
{
	static const struct df_note_v1 note = {.owner_size = DF_NOTE_OWNER_SIZE,
					       .desc_size = DF_NOTE_DESC_SIZE,
					       .type = DF_ABI_VERSION,
					       .owner = "DF",
					       .magic = DF_NOTE_MAGIC};

	return !memcmp(bytes, &note, offsetof(struct df_note_v1, control));
}

/* Copies of the block that no note names are harmless: ThinLTO leaves one per file in the data. */
static void print_module(struct file *file)
{
	size_t notes = 0, controls = 0;
	uint64_t last = 0;

	for (size_t i = 0; i < file->count; i++) {
		const struct section *section = &file->sections[i];

		if (section->head.sh_type != SHT_NOTE)
			continue;
		for (uint64_t at = 0; at + DF_NOTE_SIZE <= section->head.sh_size; at += 4) {
			const uint64_t field = section->head.sh_addr + at + 20;
			int32_t distance;

			if (!is_note(section->bytes + at))
				continue;
			memcpy(&distance, section->bytes + at + 20, sizeof(distance));
			check_control(file, named(field, distance));
			controls += notes == 0 || named(field, distance) != last;
			last = named(field, distance);
			notes++;
		}
	}
	printf("notes %zu\ncontrols %zu\n", notes, controls);
}

static bool in_table(const struct file *file, uint64_t addr)
{
	return file->table && section_at(file, addr) == file->table;
}

/* RELR packs addresses into bit maps; where it packs ours is not worth decoding to count words. */
static void print_relocations(const struct file *file, Elf *elf)
{
	size_t all = 0, ours = 0;
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr head;
		GElf_Rela rela;
		Elf_Data *data = elf_getdata(scn, NULL);

		if (!gelf_getshdr(scn, &head) || !(head.sh_flags & SHF_ALLOC) || !data)
			continue;
		if (head.sh_type == SHT_RELR)
			all += head.sh_size / head.sh_entsize;
		if (head.sh_type != SHT_RELA)
			continue;
		for (int i = 0; gelf_getrela(data, i, &rela); i++) {
			all++;
			ours += in_table(file, rela.r_offset);
		}
	}
	printf("relocations %zu\ntable_relocations %zu\n", all, ours);
}

static void print_textrel(Elf *elf)
{
	size_t textrel = 0;
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr head;
		GElf_Dyn dyn;
		Elf_Data *data;

		if (!gelf_getshdr(scn, &head) || head.sh_type != SHT_DYNAMIC)
			continue;
		data = elf_getdata(scn, NULL);
		for (int i = 0; data && gelf_getdyn(data, i, &dyn); i++)
			textrel += dyn.d_tag == DT_TEXTREL ||
				   (dyn.d_tag == DT_FLAGS && dyn.d_un.d_val & DF_TEXTREL);
	}
	printf("textrel %zu\n", textrel);
}

/* Also checks the one promise that is about segments: what is mapped writable. */
static void print_segments(struct file *file, Elf *elf)
{
	uint64_t writable = 0;
	size_t count = 0;

	if (elf_getphdrnum(elf, &count))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr head;

		if (!gelf_getphdr(elf, (int)i, &head) || head.p_type != PT_LOAD ||
		    !(head.p_flags & PF_W))
			continue;
		writable += head.p_filesz;
		if (file->table && file->table->head.sh_addr - head.p_vaddr < head.p_memsz)
			broken(file, file->table->head.sh_addr, "the table is mapped writable");
	}
	printf("writable_file_bytes %ju\n", (uintmax_t)writable);
}

static void read_sections(struct file *file, Elf *elf)
{
	Elf_Scn *scn = NULL;
	size_t names, count;

	if (elf_getshdrstrndx(elf, &names) || elf_getshdrnum(elf, &count))
		exit(2);
	file->sections = calloc(count + 1, sizeof(*file->sections));
	while (file->sections && (scn = elf_nextscn(elf, scn))) {
		struct section *section = &file->sections[file->count++];
		Elf_Data *data = elf_rawdata(scn, NULL);

		if (!gelf_getshdr(scn, &section->head))
			exit(2);
		section->name = elf_strptr(elf, names, section->head.sh_name);
		if (section->head.sh_type != SHT_NOBITS && data)
			section->bytes = data->d_buf;
		if (section->name && !strcmp(section->name, "df_sites_v1")) {
			file->table = section;
			file->tables++;
		}
	}
}

int main(int argc, char **argv)
{
	struct file file = {0};
	const int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		fprintf(stderr, "usage: sites FILE, an ELF file\n");
		return 2;
	}
	read_sections(&file, elf);
	print_table(&file);
	print_module(&file);
	print_relocations(&file, elf);
	print_textrel(elf);
	print_segments(&file, elf);
	printf("broken %zu\n", file.broken);
	free(file.sections);
	elf_end(elf);
	close(fd);
	return file.broken != 0;
}
