/* SPDX-License-Identifier: Apache-2.0 */
/* dynamic.c - the dynamic section of a live module. */
#include "dynamic.h"

#include <string.h>

#define ENTRIES_MAX 4096
#define STRING_MAX 4096
#define MARKS_MAX 16 /* relocations looked at */

Elf64_Dyn dynamic_entry(const struct dynamic *d, size_t i)
{
	Elf64_Dyn entry;
	memcpy(&entry, d->entries + i * sizeof(entry), sizeof(entry));
	return entry;
}

const char *dynamic_string(const struct dynamic *d, uint64_t offset)
{
	const struct df_view *view = &d->image->snapshot.view;
	const uint64_t addr = d->strings + offset;
	const struct df_range *segment = df_view_within(view, addr, 1, 0);
	if (offset >= d->strings_size || !segment)
		return NULL;
	uint64_t room = segment->size - (addr - segment->addr);
	if (room > d->strings_size - offset)
		room = d->strings_size - offset;
	if (room > STRING_MAX)
		room = STRING_MAX;
	for (uint64_t size = 64;; size *= 2) {
		const size_t length = size < room ? size : room;
		const char *text = view->at(view, addr, length);
		if (!text || memchr(text, '\0', length))
			return text;
		if (length == room)
			return NULL;
	}
}

/* The loader may have replaced the ELF address by the run-time address, in place. */
static uint64_t run_time_address(const struct image *image, uint64_t value)
{
	return df_view_within(&image->snapshot.view, value, 1, 0) ? value : value + image->bias;
}

static void take_entry(struct dynamic *d, const Elf64_Dyn *entry)
{
	switch (entry->d_tag) {
	case DT_STRTAB:
		d->strings = run_time_address(d->image, entry->d_un.d_ptr);
		break;
	case DT_STRSZ:
		d->strings_size = entry->d_un.d_val;
		break;
	case DT_SYMTAB:
		d->symbols = run_time_address(d->image, entry->d_un.d_ptr);
		break;
	case DT_RELA:
		d->relocations = run_time_address(d->image, entry->d_un.d_ptr);
		break;
	case DT_RELASZ:
		d->relocations_size = entry->d_un.d_val;
		break;
	case DT_FLAGS_1:
		d->pinned = (entry->d_un.d_val & DF_1_NODELETE) != 0;
		d->is_program = (entry->d_un.d_val & DF_1_PIE) != 0;
		break;
	default:
		break;
	}
}

static void take_entries(struct dynamic *d, size_t room)
{
	uint64_t soname = UINT64_MAX;
	for (; d->count < room; d->count++) {
		const Elf64_Dyn entry = dynamic_entry(d, d->count);
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_SONAME)
			soname = entry.d_un.d_val;
		else
			take_entry(d, &entry);
	}
	d->soname = dynamic_string(d, soname);
}

bool dynamic_open(struct dynamic *dynamic, const struct image *image)
{
	const struct df_view *view = &image->snapshot.view;
	const uint64_t room = image->elf.dynamic_size / sizeof(Elf64_Dyn);
	*dynamic = (struct dynamic){.image = image};
	if (room == 0 || room > ENTRIES_MAX)
		return false;
	dynamic->entries =
		view->at(view, image->bias + image->elf.dynamic, room * sizeof(Elf64_Dyn));
	if (!dynamic->entries)
		return false;
	take_entries(dynamic, room);
	return true;
}

/* Whether a relocation is of the kind that leaves the same behind in every process, for good. */
static bool leaves_mark(const struct elf_info *elf, const Elf64_Rela *relocation)
{
	return ELF64_R_TYPE(relocation->r_info) == R_X86_64_RELATIVE &&
	       relocation->r_offset >= elf->relro &&
	       relocation->r_offset - elf->relro < elf->relro_size;
}

bool dynamic_relocated(const struct dynamic *d)
{
	const struct df_view *view = &d->image->snapshot.view;
	const uint64_t bias = d->image->bias;
	const uint64_t count = d->relocations_size / sizeof(Elf64_Rela);
	for (uint64_t i = 0; i < count && i < MARKS_MAX && bias != 0; i++) {
		Elf64_Rela relocation;
		const void *bytes =
			view->at(view, d->relocations + i * sizeof(relocation), sizeof(relocation));
		if (!bytes)
			return true;
		memcpy(&relocation, bytes, sizeof(relocation));
		if (!leaves_mark(&d->image->elf, &relocation))
			continue;
		const uint64_t wanted = bias + (uint64_t)relocation.r_addend;
		const void *mark = view->at(view, bias + relocation.r_offset, sizeof(wanted));
		if (mark && memcmp(mark, &wanted, sizeof(wanted)) != 0)
			return false;
	}
	return true;
}
