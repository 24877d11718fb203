/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_file.h - the headers of an ELF file, or of a copy of them from memory.
 *
 * The only user of libelf. Input is untrusted; what is returned was checked
 * against the size of the file, and addresses are ELF addresses.
 */
#ifndef DFPATCH_ELF_FILE_H
#define DFPATCH_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define ELF_BUILD_ID_MAX 64

/* A program header of type PT_LOAD or PT_NOTE. */
struct elf_part {
	uint32_t type;	 /* PT_LOAD or PT_NOTE */
	unsigned prot;	 /* DF_READ | DF_WRITE | DF_EXEC, which are PF_R, PF_W, PF_X */
	uint64_t offset; /* in the file */
	uint64_t addr;
	uint64_t file_size;
	uint64_t size; /* in memory, at least file_size */
};

struct elf_info {
	struct elf_part *parts; /* owned */
	size_t part_count;
	uint64_t dynamic;	    /* PT_DYNAMIC: what the loader goes by */
	uint64_t dynamic_size;	    /* in memory; 0 if there is none */
	uint64_t relro;		    /* PT_GNU_RELRO: not written any more once it is relocated */
	uint64_t relro_size;	    /* 0 if there is none */
	uint64_t eh_frame_hdr;	    /* PT_GNU_EH_FRAME: where functions lie, for the unwinder */
	uint64_t eh_frame_hdr_size; /* 0 if there is none */
	uint64_t eh_frame;	    /* section .eh_frame; 0 without section headers */
	uint64_t eh_frame_size;
	bool position_independent; /* ET_DYN */
	size_t table_sections;	   /* sections named df_sites_v1; 0 without section headers */
	uint64_t table_section;	   /* the first of them */
	uint64_t table_section_size;
	uint8_t build_id[ELF_BUILD_ID_MAX];
	size_t build_id_size; /* 0 if there is none */
};

/*
 * Reads the headers of an open file. Returns 0 and fills *info (released by
 * elf_info_free), or DF_E_NOT_ELF, DF_E_ARCH (not a 64-bit little-endian x86-64
 * executable or shared object), DF_E_MEMORY; then *info is not touched.
 */
int elf_info_from_file(int fd, struct elf_info *info, struct df_err *err);

/*
 * The same from the first `size` bytes of a loaded module. Section headers,
 * which are not loaded, are ignored. `bytes` is changed.
 */
int elf_info_from_memory(void *bytes, size_t size, struct elf_info *info, struct df_err *err);

struct Elf; /* libelf.h */

/*
 * The section with the names of sections, as elf_strptr() wants it; `fd` is what `elf` was begun
 * with. False if there is none with which libelf may be trusted: it would hold all of it in
 * memory, and look for the end of each name from behind, where a sound one ends.
 */
bool elf_section_names(struct Elf *elf, int fd, size_t *section);

/* The one of `names` (up to NULL) that the first such section of the file has; NULL if none has. */
const char *elf_section_among(int fd, const char *const *names);

/*
 * How many section headers the ELF header at an offset of a file claims to have; 0 if there is no
 * such header. libelf takes memory for each at once, so whoever uses it asks first.
 */
uint64_t elf_sections_claimed(int fd, uint64_t offset);

/*
 * Whether an ELF header with these first bytes (EI_NIDENT) is of our machine. Returns 0, or
 * DF_E_ARCH, with a text that goes on from the name of the file.
 */
int elf_check_machine(const unsigned char *ident, unsigned machine, struct df_err *err);

void elf_info_free(struct elf_info *info);

/* Lower-case hexadecimal, terminated; "" if there is no build-id. */
void elf_build_id_text(const struct elf_info *info, char text[2 * ELF_BUILD_ID_MAX + 1]);

#endif
