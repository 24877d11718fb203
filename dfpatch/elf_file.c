/* SPDX-License-Identifier: Apache-2.0 */
/* elf_file.c - the headers of an ELF file, by way of libelf. */
#include "elf_file.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(PF_R == 4 && PF_W == 2 && PF_X == 1, "as in mem.h");

static const char *machine_name(unsigned machine)
{
	switch (machine) {
	case EM_386:
		return "i386";
	case EM_ARM:
		return "arm";
	case EM_AARCH64:
		return "aarch64";
	case EM_PPC64:
		return "ppc64";
	case EM_RISCV:
		return "riscv";
	case EM_S390:
		return "s390";
	default:
		return "another machine";
	}
}

int elf_check_machine(const unsigned char *ident, unsigned machine, struct df_err *err)
{
	if (ident[EI_DATA] != ELFDATA2LSB)
		return df_fail(err, DF_E_ARCH,
			       "is for a big-endian machine; only x86-64 is supported");
	if (machine != EM_X86_64)
		return df_fail(err, DF_E_ARCH,
			       "is for %s (ELF machine %u); only x86-64 is supported",
			       machine_name(machine), machine);
	if (ident[EI_CLASS] != ELFCLASS64)
		return df_fail(err, DF_E_ARCH, "is for x32; only 64-bit x86-64 is supported");
	return 0;
}

static int check_header(Elf *elf, GElf_Ehdr *header, struct df_err *err)
{
	if (elf_kind(elf) == ELF_K_AR)
		return df_fail(err, DF_E_NOT_ELF, "is an archive; name a linked program");
	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, header))
		return df_fail(err, DF_E_NOT_ELF, "is not an ELF file");
	const int status = elf_check_machine(header->e_ident, header->e_machine, err);
	if (status < 0)
		return status;
	if (header->e_type == ET_REL)
		return df_fail(err, DF_E_ARCH, "is a relocatable object; link it first");
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return df_fail(err, DF_E_ARCH, "is neither an executable nor a shared object");
	return 0;
}

static bool out_of_range(const GElf_Phdr *p)
{
	return p->p_filesz > p->p_memsz || p->p_vaddr + p->p_memsz < p->p_vaddr ||
	       p->p_offset + p->p_filesz < p->p_offset;
}

/* Parts of which only the place matters. */
static void note_part(const GElf_Phdr *p, struct elf_info *info)
{
	if (p->p_type == PT_DYNAMIC) {
		info->dynamic = p->p_vaddr;
		info->dynamic_size = p->p_memsz;
	} else if (p->p_type == PT_GNU_RELRO) {
		info->relro = p->p_vaddr;
		info->relro_size = p->p_memsz;
	} else if (p->p_type == PT_GNU_EH_FRAME) {
		info->eh_frame_hdr = p->p_vaddr;
		info->eh_frame_hdr_size = p->p_memsz;
	}
}

/* The kernel loads no program that has more than 64 kB of them (fs/binfmt_elf.c). */
#define PARTS_MAX (65536 / (int)sizeof(Elf64_Phdr))

/* `size` is that of the file. */
static int read_parts(Elf *elf, const GElf_Ehdr *header, uint64_t size, struct elf_info *info,
		      struct df_err *err)
{
	size_t count;
	if (elf_getphdrnum(elf, &count) != 0)
		return df_fail(err, DF_E_NOT_ELF, "has damaged program headers: %s",
			       elf_errmsg(-1));
	if (count > PARTS_MAX)
		return df_fail(err, DF_E_NOT_ELF, "has more than %d program headers", PARTS_MAX);
	/* libelf counts the whole headers that a cut file still has. */
	if (count < header->e_phnum && header->e_phnum != PN_XNUM)
		return df_fail(err, DF_E_NOT_ELF, "has its program headers cut off");
	info->parts = calloc(count + 1, sizeof(*info->parts));
	if (!info->parts)
		return df_fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr p;
		if (!gelf_getphdr(elf, (int)i, &p))
			return df_fail(err, DF_E_NOT_ELF, "has damaged program headers: %s",
				       elf_errmsg(-1));
		if (!out_of_range(&p))
			note_part(&p, info);
		if (p.p_type != PT_LOAD && p.p_type != PT_NOTE)
			continue;
		if (out_of_range(&p))
			return df_fail(err, DF_E_NOT_ELF, "has a program header out of range");
		if (p.p_offset + p.p_filesz > size)
			return df_fail(err, DF_E_NOT_ELF,
				       "has a segment beyond the end of the file; is it cut, or of "
				       "debug information only?");
		info->parts[info->part_count++] = (struct elf_part){
			.type = p.p_type,
			.prot = p.p_flags & (PF_R | PF_W | PF_X),
			.offset = p.p_offset,
			.addr = p.p_vaddr,
			.file_size = p.p_filesz,
			.size = p.p_memsz,
		};
	}
	return 0;
}

/* A build-id in one note segment; damaged notes have none. */
static bool find_build_id(Elf_Data *data, struct elf_info *info)
{
	GElf_Nhdr note;
	size_t name, desc, next = 0;
	while ((next = gelf_getnote(data, next, &note, &name, &desc)) > 0) {
		const char *bytes = data->d_buf;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof(ELF_NOTE_GNU) ||
		    memcmp(bytes + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) != 0 ||
		    note.n_descsz == 0 || note.n_descsz > ELF_BUILD_ID_MAX)
			continue;
		memcpy(info->build_id, bytes + desc, note.n_descsz);
		info->build_id_size = note.n_descsz;
		return true;
	}
	return false;
}

static void read_build_id(Elf *elf, struct elf_info *info)
{
	size_t left = 1 << 20; /* libelf keeps them */
	for (size_t i = 0; i < info->part_count; i++) {
		const struct elf_part *p = &info->parts[i];
		if (p->type != PT_NOTE || p->file_size > left)
			continue;
		left -= p->file_size;
		/* The size of a note of alignment 8 is a matter of its padding, which a build-id
		 * has none of. */
		Elf_Data *data =
			elf_getdata_rawchunk(elf, (int64_t)p->offset, p->file_size, ELF_T_NHDR);
		if (data && find_build_id(data, info))
			return;
	}
}

/* As many symbols' names as may stand beside those of a million sections. */
#define NAMES_MAX ((uint64_t)128 << 20)

bool elf_section_names(Elf *elf, int fd, size_t *section)
{
	GElf_Shdr header;
	char last;
	if (elf_getshdrstrndx(elf, section) != 0 ||
	    !gelf_getshdr(elf_getscn(elf, *section), &header))
		return false;
	const uint64_t base = (uint64_t)elf_getbase(elf);
	return header.sh_type == SHT_STRTAB && !(header.sh_flags & SHF_COMPRESSED) &&
	       header.sh_size > 0 && header.sh_size <= NAMES_MAX &&
	       header.sh_offset < INT64_MAX - NAMES_MAX - base &&
	       pread(fd, &last, 1, (off_t)(base + header.sh_offset + header.sh_size - 1)) == 1 &&
	       last == '\0';
}

/* The name of a section as it stands in the file; NULL if it has none. */
static const char *section_name(Elf *elf, size_t names, Elf_Scn *section, GElf_Shdr *header)
{
	return gelf_getshdr(section, header) ? elf_strptr(elf, names, header->sh_name) : NULL;
}

static void look_at_sections(Elf *elf, int fd, struct elf_info *info)
{
	size_t names;
	if (!elf_section_names(elf, fd, &names))
		return;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		const char *name = section_name(elf, names, section, &header);
		if (name && strcmp(name, ".eh_frame") == 0) {
			info->eh_frame = header.sh_addr;
			info->eh_frame_size = header.sh_size;
		}
		if (!name || strcmp(name, "df_sites_v1") != 0)
			continue;
		if (info->table_sections++ > 0)
			continue;
		info->table_section = header.sh_addr;
		info->table_section_size = header.sh_size;
	}
}

/* A copy from memory has no size of a file, and no sections. */
#define FROM_MEMORY UINT64_MAX

static int read_info(Elf *elf, int fd, uint64_t size, struct elf_info *info, struct df_err *err)
{
	GElf_Ehdr header;
	struct elf_info found = {0};
	int status = check_header(elf, &header, err);
	if (status == 0)
		status = read_parts(elf, &header, size, &found, err);
	if (status < 0) {
		elf_info_free(&found);
		return status;
	}
	found.position_independent = header.e_type == ET_DYN;
	read_build_id(elf, &found);
	if (size != FROM_MEMORY)
		look_at_sections(elf, fd, &found);
	*info = found;
	return 0;
}

static int begin_failed(struct df_err *err)
{
	return df_fail(err, DF_E_NOT_ELF, "cannot be read as an ELF file: %s", elf_errmsg(-1));
}

/* Linkers make some dozens; a fiftieth of a gigabyte in libelf's memory. */
#define SECTIONS_MAX 65536

/* Of other machines we read no more than the ELF header, and libelf must not either. */
static uint64_t claimed_by_others(const Elf64_Ehdr *header)
{
	const bool wide = header->e_ident[EI_CLASS] == ELFCLASS64;
	const uint8_t *bytes = (const uint8_t *)header;
	const size_t number = wide ? offsetof(Elf64_Ehdr, e_shnum) : offsetof(Elf32_Ehdr, e_shnum);
	const size_t place = wide ? offsetof(Elf64_Ehdr, e_shoff) : offsetof(Elf32_Ehdr, e_shoff);
	for (size_t i = 0; i < (wide ? sizeof(header->e_shoff) : sizeof(Elf32_Off)); i++)
		if (bytes[place + i] != 0)
			return bytes[number] || bytes[number + 1] ? UINT16_MAX : UINT64_MAX;
	return 0;
}

uint64_t elf_sections_claimed(int fd, uint64_t offset)
{
	Elf64_Ehdr header;
	Elf64_Shdr first;
	/* libelf refuses what has no class that it knows before it looks at sections. */
	if (pread(fd, &header, sizeof(header), (off_t)offset) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    (header.e_ident[EI_CLASS] != ELFCLASS32 && header.e_ident[EI_CLASS] != ELFCLASS64))
		return 0;
	const bool ours =
		header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB;
	if (ours && header.e_shnum != 0)
		return header.e_shnum;
	/* Where there are too many for the ELF header, the first section's says how many. */
	if (ours)
		return header.e_shoff != 0 && header.e_shoff < INT64_MAX - offset &&
				       pread(fd, &first, sizeof(first),
					     (off_t)(offset + header.e_shoff)) == sizeof(first)
			       ? first.sh_size
			       : 0;
	return claimed_by_others(&header);
}

/* libelf does not know them. */
static bool is_thin_archive(int fd)
{
	static const char thin[] = {'!', '<', 't', 'h', 'i', 'n', '>', '\n'};
	char magic[sizeof(thin)];
	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, thin, sizeof(magic)) == 0;
}

int elf_info_from_file(int fd, struct elf_info *info, struct df_err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return df_fail_errno(err, DF_E_NOT_ELF, "cannot be read as an ELF file");
	if (is_thin_archive(fd))
		return df_fail(err, DF_E_NOT_ELF, "is a thin archive; name a linked program");
	if (elf_sections_claimed(fd, 0) > SECTIONS_MAX)
		return df_fail(err, DF_E_NOT_ELF, "has more than %d sections", SECTIONS_MAX);
	elf_version(EV_CURRENT);
	/* Reads instead of a mapping: a file that shrinks meanwhile must not kill us. */
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return begin_failed(err);
	const int status = read_info(elf, fd, (uint64_t)st.st_size, info, err);
	elf_end(elf);
	return status;
}

int elf_info_from_memory(void *bytes, size_t size, struct elf_info *info, struct df_err *err)
{
	if (size < sizeof(Elf64_Ehdr))
		return df_fail(err, DF_E_NOT_ELF, "is too short for an ELF file");
	Elf64_Ehdr *header = bytes;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
	    header->e_ident[EI_CLASS] == ELFCLASS64) {
		header->e_shoff = 0;
		header->e_shnum = 0;
		header->e_shstrndx = SHN_UNDEF;
	}
	elf_version(EV_CURRENT);
	Elf *elf = elf_memory(bytes, size);
	if (!elf)
		return begin_failed(err);
	const int status = read_info(elf, -1, FROM_MEMORY, info, err);
	elf_end(elf);
	return status;
}

static const char *among(const char *name, const char *const *wanted)
{
	for (; name && *wanted; wanted++)
		if (strcmp(name, *wanted) == 0)
			return *wanted;
	return NULL;
}

const char *elf_section_among(int fd, const char *const *names)
{
	size_t strings;
	const char *found = NULL;
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return NULL;
	Elf_Scn *section = elf_section_names(elf, fd, &strings) ? elf_nextscn(elf, NULL) : NULL;
	for (; section && !found; section = elf_nextscn(elf, section)) {
		GElf_Shdr header;
		found = among(section_name(elf, strings, section, &header), names);
	}
	elf_end(elf);
	return found;
}

void elf_info_free(struct elf_info *info)
{
	free(info->parts);
	*info = (struct elf_info){0};
}

void elf_build_id_text(const struct elf_info *info, char text[2 * ELF_BUILD_ID_MAX + 1])
{
	text[0] = '\0';
	for (size_t i = 0; i < info->build_id_size; i++)
		snprintf(text + 2 * i, 3, "%02x", info->build_id[i]);
}
