/* SPDX-License-Identifier: Apache-2.0 */
/* archive.c - the relocatable objects of a file. */
#include "archive.h"

#include <ar.h>
#include <elf.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "object.h"

/* Three for each site, and libelf takes 200 bytes for each. */
#define SECTIONS_MAX ((uint64_t)1 << 20)

#define THIN "!<thin>\n"

struct archive {
	int fd;
	uint64_t size; /* of the file */
	const char *path;
	const struct archive_visitor *visitor;
};

static int too_many(const char *path, struct df_err *err)
{
	return df_fail(err, DF_E_NOT_ELF, "%s: has more than %" PRIu64 " sections", path,
		       SECTIONS_MAX);
}

/*
 * Where a member ends, without what fills up to an even number, by its own header: libelf makes
 * it shorter where the file is. 0 if that cannot be told.
 */
static uint64_t end_of(int fd, Elf *member)
{
	const int64_t base = elf_getbase(member);
	struct ar_hdr header;
	char size[sizeof(header.ar_size) + 1] = "";
	if (base < (int64_t)sizeof(header) ||
	    pread(fd, &header, sizeof(header), base - (int64_t)sizeof(header)) != sizeof(header))
		return 0;
	memcpy(size, header.ar_size, sizeof(header.ar_size));
	return (uint64_t)base + strtoull(size, NULL, 10);
}

/* How many bytes of it are there. */
static uint64_t size_of(const struct archive *a, Elf *elf)
{
	const uint64_t base = (uint64_t)elf_getbase(elf);
	const uint64_t end = base > 0 ? end_of(a->fd, elf) : a->size;
	const uint64_t there = end < a->size ? end : a->size;
	return there > base ? there - base : 0;
}

/* Its first bytes, as many as are there. */
static void read_magic(const struct archive *a, Elf *elf, char magic[SARMAG])
{
	const uint64_t size = size_of(a, elf);
	memset(magic, 0, SARMAG);
	if (pread(a->fd, magic, size < SARMAG ? size : SARMAG, elf_getbase(elf)) < 0)
		memset(magic, 0, SARMAG);
}

static void skip(const struct archive *a, const char *path, const char *what)
{
	a->visitor->skip(a->visitor->context, path, what);
}

static int link_object(const struct archive *a, Elf *elf, const char *path, struct df_err *err)
{
	struct image *image = NULL;
	struct findings found = {0};
	int status = object_link(elf, a->fd, path, size_of(a, elf), &image, &found, err);
	if (status > 0 && a->visitor->take(a->visitor->context, image, &found, err) < 0)
		status = -(int)err->code;
	findings_free(&found);
	return status;
}

/* Returns 1 if it carries flags, and 0 if not, or if it is no relocatable object at all. */
static int take_object(const struct archive *a, Elf *elf, const char *path, struct df_err *err)
{
	GElf_Ehdr header;
	char magic[SARMAG];
	read_magic(a, elf, magic);
	if (memcmp(magic, ARMAG, SARMAG) == 0 || memcmp(magic, THIN, SARMAG) == 0)
		skip(a, path, "an archive within an archive");
	if (memcmp(magic, ELFMAG, SELFMAG) != 0)
		return 0;
	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return df_fail(err, DF_E_NOT_ELF, "%s: its ELF header is cut or damaged", path);
	if (header.e_type == ET_REL)
		return link_object(a, elf, path, err);
	skip(a, path, "no relocatable object");
	return 0;
}

static int take_member(const struct archive *a, Elf *member, struct df_err *err)
{
	const Elf_Arhdr *header = elf_getarhdr(member);
	char *name = NULL;
	if (!header)
		return df_fail(err, DF_E_NOT_ELF, "%s: has a damaged member: %s", a->path,
			       elf_errmsg(-1));
	if (asprintf(&name, "%s(%s)", a->path, header->ar_name ? header->ar_name : "?") < 0)
		return df_fail_memory(err);
	const int status = take_object(a, member, name, err);
	free(name);
	return status;
}

/* Where the next member begins: at an even number, behind its header. */
static uint64_t next_of(uint64_t end)
{
	return end + end % 2 + sizeof(struct ar_hdr);
}

/* libelf ends in the same way behind the last member and before one that is damaged. */
static int check_end(const struct archive *a, uint64_t end, struct df_err *err)
{
	if (end <= a->size && end + 1 >= a->size)
		return 0;
	return df_fail(err, DF_E_NOT_ELF,
		       "%s: the archive is cut or damaged: its members end at byte %" PRIu64
		       " of %" PRIu64,
		       a->path, end, a->size);
}

static int take_members(const struct archive *a, Elf *archive, struct df_err *err)
{
	Elf_Cmd command = ELF_C_READ;
	uint64_t end = SARMAG;
	int found = 0;
	for (;;) {
		if (elf_sections_claimed(a->fd, next_of(end)) > SECTIONS_MAX)
			return too_many(a->path, err);
		Elf *member = elf_begin(a->fd, command, archive);
		if (!member)
			break;
		const int status = take_member(a, member, err);
		end = end_of(a->fd, member);
		command = elf_next(member);
		elf_end(member);
		if (status < 0)
			return status;
		found += status;
	}
	const int status = check_end(a, end, err);
	return status < 0 ? status : found;
}

bool archive_is(int fd)
{
	Elf64_Ehdr header; /* the type lies at the same place in all of them */
	const ssize_t size = pread(fd, &header, sizeof(header), 0);
	if (size >= SARMAG &&
	    (memcmp(&header, ARMAG, SARMAG) == 0 || memcmp(&header, THIN, SARMAG) == 0))
		return true;
	const uint16_t type = header.e_ident[EI_DATA] == ELFDATA2MSB
				      ? __builtin_bswap16(header.e_type)
				      : header.e_type;
	return size >= (ssize_t)sizeof(Elf32_Ehdr) &&
	       memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && type == ET_REL;
}

static bool is_thin(int fd)
{
	char magic[SARMAG];
	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, THIN, sizeof(magic)) == 0;
}

int archive_each(int fd, const char *path, const struct archive_visitor *visitor,
		 struct df_err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot read '%s'", path);
	const struct archive a = {
		.fd = fd, .size = (uint64_t)st.st_size, .path = path, .visitor = visitor};
	if (is_thin(fd))
		return df_fail(err, DF_E_NOT_ELF,
			       "%s: is a thin archive, which has no objects in it; audit its "
			       "members",
			       path);
	if (elf_sections_claimed(fd, 0) > SECTIONS_MAX)
		return too_many(path, err);
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return df_fail(err, DF_E_NOT_ELF, "%s: cannot be read as an ELF file: %s", path,
			       elf_errmsg(-1));
	const int status = elf_kind(elf) == ELF_K_AR ? take_members(&a, elf, err)
						     : take_object(&a, elf, path, err);
	elf_end(elf);
	return status;
}
