/* SPDX-License-Identifier: Apache-2.0 */
/* object.c - a relocatable object as if it were linked. */
#include "object.h"

#include <elf.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "elf_file.h"

#define PAGE 4096
#define SIZE_MAX_LOADED ((uint64_t)4 << 30)
#define BYTES_AT_ONCE 65536
#define RELOCATIONS_AT_ONCE 1024

/* libelf holds all of them, and all of what extends them. */
#define SYMBOLS_SIZE_MAX ((uint64_t)256 << 20)

/* Sections of one kind lie together, so that a million of them make a handful of segments. */
enum group { GROUP_TABLE, GROUP_READ, GROUP_EXEC, GROUP_WRITE, GROUP_ZERO, GROUPS };

static const unsigned group_prot[GROUPS] = {
	[GROUP_TABLE] = DF_READ,	   [GROUP_READ] = DF_READ,
	[GROUP_EXEC] = DF_READ | DF_EXEC,  [GROUP_WRITE] = DF_READ | DF_WRITE,
	[GROUP_ZERO] = DF_READ | DF_WRITE,
};

/* Where a section was put: at `offset` of its group. Sections that are not loaded have no group. */
struct placed {
	uint64_t offset;
	uint64_t size;
	enum group group;
	bool loaded;
};

struct object {
	Elf *elf;
	int file; /* where it is, from `base` on */
	uint64_t base;
	const char *path; /* of the file, with the member */
	uint64_t size;	  /* of what is there of it */
	uint64_t claimed; /* by sections */
	struct placed *sections;
	size_t count;
	uint64_t sizes[GROUPS];
	uint64_t starts[GROUPS]; /* addresses, and offsets in the image as well */
	struct findings *findings;
	int fd;		/* of the image, in memory */
	uint8_t *bytes; /* the same, mapped; up to GROUP_ZERO */
};

static int damaged(const struct object *o, struct df_err *err)
{
	return df_fail(err, DF_E_NOT_ELF, "%s: has damaged sections: %s", o->path, elf_errmsg(-1));
}

static enum group group_of(const GElf_Shdr *header, const char *name)
{
	if (strcmp(name, "df_sites_v1") == 0)
		return GROUP_TABLE;
	if (header->sh_flags & SHF_EXECINSTR)
		return GROUP_EXEC;
	if (!(header->sh_flags & SHF_WRITE))
		return GROUP_READ;
	return header->sh_type == SHT_NOBITS ? GROUP_ZERO : GROUP_WRITE;
}

/* Whether bytes that the object speaks of are not all there. */
static bool is_cut(const struct object *o, uint64_t offset, uint64_t size)
{
	return offset > o->size || size > o->size - offset;
}

/* Records follow each other without gaps, whatever a section's alignment or size is. */
static void keep_whole_records(struct object *o, size_t index)
{
	struct placed *p = &o->sections[index];
	p->offset = o->sizes[GROUP_TABLE];
	if (p->size % DF_SITE_SIZE == 0)
		return;
	findings_add(o->findings, FINDING_TABLE, FINDING_AT(0),
		     "section %zu (df_sites_v1) is no whole number of records", index);
	p->size -= p->size % DF_SITE_SIZE;
}

/* No two sections share bytes, or a small file could make us read what it has a million times. */
static int check_bytes(struct object *o, size_t index, const GElf_Shdr *header, struct df_err *err)
{
	if (header->sh_type == SHT_NULL || header->sh_type == SHT_NOBITS)
		return 0;
	if (is_cut(o, header->sh_offset, header->sh_size))
		return df_fail(err, DF_E_NOT_ELF,
			       "%s: has section %zu beyond the end of the file; is it cut?",
			       o->path, index);
	o->claimed += header->sh_size;
	return o->claimed <= o->size
		       ? 0
		       : df_fail(err, DF_E_NOT_ELF,
				 "%s: has sections that share bytes; is it damaged?", o->path);
}

static int place(struct object *o, Elf_Scn *section, size_t names, struct df_err *err)
{
	GElf_Shdr header;
	const size_t index = elf_ndxscn(section);
	if (!gelf_getshdr(section, &header) || index >= o->count)
		return damaged(o, err);
	if (check_bytes(o, index, &header, err) < 0)
		return -(int)err->code;
	if (!(header.sh_flags & SHF_ALLOC) ||
	    (header.sh_type == SHT_NOBITS && !(header.sh_flags & SHF_WRITE)))
		return 0;
	const char *name = elf_strptr(o->elf, names, header.sh_name);
	if (!name) /* it might be the table */
		return damaged(o, err);
	const enum group group = group_of(&header, name);
	const uint64_t align = header.sh_addralign;
	const uint64_t step = align > 1 && align <= PAGE && (align & (align - 1)) == 0 ? align : 1;
	struct placed *p = &o->sections[index];
	*p = (struct placed){.size = header.sh_size, .group = group, .loaded = true};
	p->offset = (o->sizes[group] + step - 1) & ~(step - 1);
	if (header.sh_size > SIZE_MAX_LOADED || p->offset + p->size > SIZE_MAX_LOADED)
		return df_fail(err, DF_E_NOT_ELF, "%s: has sections of more than %" PRIu64 " GiB",
			       o->path, SIZE_MAX_LOADED >> 30);
	if (group == GROUP_TABLE)
		keep_whole_records(o, index);
	o->sizes[group] = p->offset + p->size;
	return 0;
}

/* libelf counts the whole headers that a cut file still has; without any, nothing is known. */
static int check_sections(struct object *o, struct df_err *err)
{
	GElf_Ehdr header;
	GElf_Shdr first;
	if (elf_getshdrnum(o->elf, &o->count) != 0 || !gelf_getehdr(o->elf, &header))
		return damaged(o, err);
	uint64_t claimed = header.e_shnum;
	/* Where there are too many for the ELF header, the first section's says how many. */
	if (claimed == 0 && gelf_getshdr(elf_getscn(o->elf, 0), &first))
		claimed = first.sh_size;
	if (o->count < claimed || claimed > o->size / sizeof(Elf64_Shdr) ||
	    is_cut(o, header.e_shoff, claimed * sizeof(Elf64_Shdr)))
		return df_fail(err, DF_E_NOT_ELF, "%s: has its section headers cut off", o->path);
	if (header.e_shoff == 0 || claimed == 0)
		return df_fail(err, DF_E_NOT_ELF,
			       "%s: has no section headers; is it cut or damaged?", o->path);
	return 0;
}

/* Gives each section a place, and each group its address. */
static int lay_out(struct object *o, struct df_err *err)
{
	size_t names;
	if (check_sections(o, err) < 0)
		return -(int)err->code;
	if (!elf_section_names(o->elf, o->file, &names))
		return df_fail(err, DF_E_NOT_ELF, "%s: has damaged names of sections", o->path);
	o->sections = calloc(o->count + 1, sizeof(*o->sections));
	if (!o->sections)
		return df_fail_memory(err);
	for (Elf_Scn *s = NULL; (s = elf_nextscn(o->elf, s));) {
		const int status = place(o, s, names, err);
		if (status < 0)
			return status;
	}
	uint64_t at = PAGE; /* nothing lies at 0 */
	for (size_t group = 0; group < GROUPS; group++) {
		o->starts[group] = at;
		at += (o->sizes[group] + PAGE) & ~(uint64_t)(PAGE - 1);
	}
	return 0;
}

static uint64_t address_of(const struct object *o, const struct placed *p)
{
	return o->starts[p->group] + p->offset;
}

/* ---- bytes ---- */

/* At an offset of the object. Returns 0, or DF_E_NOT_ELF if it is not there any more. */
static int read_at(const struct object *o, uint64_t offset, void *bytes, size_t size,
		   struct df_err *err)
{
	if (pread(o->file, bytes, size, (off_t)(o->base + offset)) == (ssize_t)size)
		return 0;
	return df_fail(err, DF_E_NOT_ELF, "%s: cannot be read at byte %#" PRIx64, o->path, offset);
}

/* Pages of zeros stay holes: a file may claim gigabytes of them, and take none of the disk. */
static void copy_pages(uint8_t *to, const uint8_t *from, size_t size)
{
	static const uint8_t zeros[PAGE];
	for (size_t at = 0; at < size; at += PAGE) {
		const size_t some = size - at < PAGE ? size - at : PAGE;
		if (memcmp(from + at, zeros, some) != 0)
			memcpy(to + at, from + at, some);
	}
}

static int copy_section(struct object *o, Elf_Scn *section, struct df_err *err)
{
	const struct placed *p = &o->sections[elf_ndxscn(section)];
	GElf_Shdr header;
	uint8_t bytes[BYTES_AT_ONCE];
	if (!p->loaded || p->group == GROUP_ZERO || p->size == 0)
		return 0;
	if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
		return damaged(o, err);
	for (uint64_t done = 0, some; done < p->size; done += some) {
		some = p->size - done < sizeof(bytes) ? p->size - done : sizeof(bytes);
		if (read_at(o, header.sh_offset + done, bytes, some, err) < 0)
			return -(int)err->code;
		copy_pages(o->bytes + address_of(o, p) + done, bytes, some);
	}
	return 0;
}

static int copy_sections(struct object *o, struct df_err *err)
{
	const uint64_t size = o->starts[GROUP_ZERO];
	o->fd = memfd_create("object", MFD_CLOEXEC);
	if (o->fd < 0 || ftruncate(o->fd, (off_t)size) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "%s: cannot make a copy", o->path);
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	if (bytes == MAP_FAILED)
		return df_fail_memory(err);
	o->bytes = bytes;
	for (Elf_Scn *s = NULL; (s = elf_nextscn(o->elf, s));) {
		const int status = copy_section(o, s, err);
		if (status < 0)
			return status;
	}
	return 0;
}

/* ---- relocations ---- */

struct relocating {
	struct object *object;
	const struct placed *section; /* whose bytes are filled in */
	Elf_Data *symbols;
	Elf_Data *extended; /* section indices that do not fit into a symbol; NULL for none */
};

/* Where a symbol lies; false, if that is not in this object. */
static bool symbol_address(const struct relocating *r, size_t index, uint64_t *address)
{
	GElf_Sym symbol;
	Elf32_Word extended = 0;
	if (!gelf_getsymshndx(r->symbols, r->extended, (int)index, &symbol, &extended))
		return false;
	const size_t section =
		symbol.st_shndx == SHN_XINDEX ? (size_t)extended : (size_t)symbol.st_shndx;
	if ((symbol.st_shndx >= SHN_LORESERVE && symbol.st_shndx != SHN_XINDEX) ||
	    section == SHN_UNDEF || section >= r->object->count ||
	    !r->object->sections[section].loaded)
		return false;
	*address = address_of(r->object, &r->object->sections[section]) + symbol.st_value;
	return true;
}

/* The record that a relocation fills in, if it is one of a record. */
static uint32_t record_of(const struct relocating *r, const GElf_Rela *rela)
{
	return r->section->group == GROUP_TABLE && rela->r_offset < r->section->size
		       ? (uint32_t)((r->section->offset + rela->r_offset) / DF_SITE_SIZE)
		       : FINDING_NO_RECORD;
}

/* What it should lead to is not known: to nothing, as far as an audit can tell. */
static uint64_t nowhere(const struct relocating *r, const GElf_Rela *rela, const char *why)
{
	const struct finding_place place = {.record = record_of(r, rela)};
	findings_add(r->object->findings, FINDING_RELOCATION, &place,
		     "a relocation of type %u for byte %#" PRIx64 " of section %zu %s",
		     (unsigned)GELF_R_TYPE(rela->r_info), (uint64_t)rela->r_offset,
		     (size_t)(r->section - r->object->sections), why);
	return 0;
}

/* Of code, what leads to other objects stays as it is; a record does not lead there. */
static void relocate(const struct relocating *r, const GElf_Rela *rela)
{
	const struct object *o = r->object;
	const unsigned type = (unsigned)GELF_R_TYPE(rela->r_info);
	const bool record = r->section->group == GROUP_TABLE;
	uint64_t target;
	if (type == R_X86_64_NONE || (!record && type != R_X86_64_PC32 && type != R_X86_64_PLT32))
		return;
	if (rela->r_offset > r->section->size || r->section->size - rela->r_offset < 4) {
		nowhere(r, rela, "lies behind its end");
		return;
	}
	const uint64_t place = address_of(o, r->section) + rela->r_offset;
	if (symbol_address(r, GELF_R_SYM(rela->r_info), &target))
		target += (uint64_t)rela->r_addend;
	else if (record)
		target = nowhere(r, rela, "leads to what is not in this object");
	else
		return;
	if (record && type != R_X86_64_PC32)
		target = nowhere(r, rela, "cannot be followed");
	const uint32_t value = (uint32_t)(target - place);
	memcpy(o->bytes + place, &value, sizeof(value));
}

static bool are_few(Elf_Scn *section)
{
	GElf_Shdr header;
	return section && gelf_getshdr(section, &header) && header.sh_size <= SYMBOLS_SIZE_MAX;
}

/* The section that extends the symbols of another, if there is one. */
static Elf_Data *extended_of(const struct object *o, size_t symbols)
{
	for (Elf_Scn *s = NULL; (s = elf_nextscn(o->elf, s));) {
		GElf_Shdr header;
		if (gelf_getshdr(s, &header) && header.sh_type == SHT_SYMTAB_SHNDX &&
		    header.sh_link == symbols && are_few(s))
			return elf_getdata(s, NULL);
	}
	return NULL;
}

struct symbols {
	size_t section; /* 0: not looked for yet */
	Elf_Data *data;
	Elf_Data *extended;
};

/* An object has one table of symbols, which all of its relocations go by. */
static int find_symbols(const struct object *o, size_t section, struct symbols *symbols,
			struct df_err *err)
{
	Elf_Scn *of = elf_getscn(o->elf, section);
	if (section != 0 && symbols->section == section)
		return 0;
	if (symbols->section != 0)
		return df_fail(err, DF_E_NOT_ELF,
			       "%s: has relocations by more than one table of symbols", o->path);
	symbols->section = section;
	if (!are_few(of))
		return df_fail(err, DF_E_NOT_ELF,
			       "%s: has relocations by no table of symbols, or by one of more "
			       "than %" PRIu64 " MiB",
			       o->path, SYMBOLS_SIZE_MAX >> 20);
	symbols->data = elf_getdata(of, NULL);
	symbols->extended = extended_of(o, section);
	return symbols->data && symbols->data->d_type == ELF_T_SYM ? 0 : damaged(o, err);
}

static int relocate_all_of(const struct relocating *r, const GElf_Shdr *header, struct df_err *err)
{
	Elf64_Rela list[RELOCATIONS_AT_ONCE];
	const uint64_t count = header->sh_size / sizeof(*list);
	for (uint64_t done = 0, some; done < count; done += some) {
		some = count - done < RELOCATIONS_AT_ONCE ? count - done : RELOCATIONS_AT_ONCE;
		if (read_at(r->object, header->sh_offset + done * sizeof(*list), list,
			    some * sizeof(*list), err) < 0)
			return -(int)err->code;
		for (size_t i = 0; i < some; i++)
			relocate(r, &list[i]);
	}
	return 0;
}

static int relocate_section(struct object *o, Elf_Scn *section, struct symbols *symbols,
			    struct df_err *err)
{
	GElf_Shdr header;
	if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA ||
	    header.sh_info >= o->count || !o->sections[header.sh_info].loaded)
		return 0;
	const enum group group = o->sections[header.sh_info].group;
	if (group != GROUP_TABLE && group != GROUP_EXEC)
		return 0;
	if (find_symbols(o, header.sh_link, symbols, err) < 0)
		return -(int)err->code;
	const struct relocating r = {.object = o,
				     .section = &o->sections[header.sh_info],
				     .symbols = symbols->data,
				     .extended = symbols->extended};
	return relocate_all_of(&r, &header, err);
}

static int relocate_all(struct object *o, struct df_err *err)
{
	struct symbols symbols = {0};
	for (Elf_Scn *s = NULL; (s = elf_nextscn(o->elf, s));) {
		const int status = relocate_section(o, s, &symbols, err);
		if (status < 0)
			return status;
	}
	return 0;
}

/* ---- the image ---- */

static int make_parts(const struct object *o, struct image *image, struct df_err *err)
{
	image->elf.parts = calloc(GROUPS, sizeof(*image->elf.parts));
	if (!image->elf.parts)
		return df_fail_memory(err);
	for (size_t group = 0; group < GROUPS; group++) {
		if (o->sizes[group] == 0)
			continue;
		image->elf.parts[image->elf.part_count++] = (struct elf_part){
			.type = PT_LOAD,
			.prot = group_prot[group],
			.offset = o->starts[group],
			.addr = o->starts[group],
			.file_size = group == GROUP_ZERO ? 0 : o->sizes[group],
			.size = o->sizes[group],
		};
	}
	return 0;
}

/* Takes the descriptor of the copy. */
static int make_image(struct object *o, struct image **image, struct df_err *err)
{
	struct image *made = image_new(o->path, o->fd, false);
	if (!made)
		return df_fail_memory(err);
	o->fd = -1;
	int status = make_parts(o, made, err);
	if (status == 0)
		status = image_snapshot(made, 0, image_pull_file, err);
	/* States are held against the place of the control block: one where nothing lies. */
	made->table = (struct df_table){
		.control = (uint64_t)1 << 62,
		.start = o->starts[GROUP_TABLE],
		.count = o->sizes[GROUP_TABLE] / DF_SITE_SIZE,
	};
	if (status < 0)
		image_free(made);
	else
		*image = made;
	return status;
}

static int check_header(const struct object *o, struct df_err *err)
{
	GElf_Ehdr header;
	if (!gelf_getehdr(o->elf, &header))
		return df_fail(err, DF_E_NOT_ELF, "%s: is not an ELF file", o->path);
	struct df_err why;
	if (elf_check_machine(header.e_ident, header.e_machine, &why) < 0)
		return df_fail(err, why.code, "%s: %s", o->path, why.text);
	return 0;
}

static int link_object(struct object *o, struct image **image, struct df_err *err)
{
	int status = check_header(o, err);
	if (status == 0)
		status = lay_out(o, err);
	if (status < 0 || o->sizes[GROUP_TABLE] == 0)
		return status;
	if (o->sizes[GROUP_TABLE] / DF_SITE_SIZE > DF_SITES_MAX)
		return df_fail(err, DF_E_TABLE, "%s: has more than %d records", o->path,
			       DF_SITES_MAX);
	status = copy_sections(o, err);
	if (status == 0)
		status = relocate_all(o, err);
	if (status == 0)
		status = make_image(o, image, err);
	return status < 0 ? status : 1;
}

int object_link(Elf *elf, int file, const char *path, uint64_t size, struct image **image,
		struct findings *findings, struct df_err *err)
{
	struct object o = {
		.elf = elf,
		.file = file,
		.base = (uint64_t)elf_getbase(elf),
		.path = path,
		.size = size,
		.findings = findings,
		.fd = -1,
	};
	const int status = link_object(&o, image, err);
	if (o.bytes)
		munmap(o.bytes, o.starts[GROUP_ZERO]);
	cleanup_fd(&o.fd);
	free(o.sections);
	return status;
}
