/* SPDX-License-Identifier: Apache-2.0 */
/* table_audit.c - what leads to the table of a module. */
#include "table_audit.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

/* Section headers show what the note does not. Of a live module there are none. */
static void check_sections(const struct image *image, bool found, struct findings *findings)
{
	const struct elf_info *elf = &image->elf;
	const uint64_t size = (uint64_t)image->table.count * DF_SITE_SIZE;
	if (elf->table_sections == 0)
		return;
	if (!found)
		findings_add(findings, FINDING_TABLE, FINDING_AT(elf->table_section),
			     "section df_sites_v1 is there, but no note leads to it (was .note.df "
			     "removed?)");
	else if (elf->table_sections > 1)
		findings_add(findings, FINDING_TABLE, FINDING_AT(elf->table_section),
			     "%zu sections are named df_sites_v1, only the first is seen (linked "
			     "with --unique?)",
			     elf->table_sections);
	else if (elf->table_section != image->table.start || elf->table_section_size != size)
		findings_add(findings, FINDING_TABLE, FINDING_AT(image->table.control),
			     "the control block says that the table lies at %#" PRIx64
			     " and has %" PRIu64 " bytes, and the section headers that it lies at "
			     "%#" PRIx64 " and has %" PRIu64,
			     image->table.start, size, elf->table_section, elf->table_section_size);
}

struct word {
	const char *name;
	uint64_t value;
};

/* All of a file's control block behind the sizes is zero until a program runs. */
static void check_file_control(const struct image *image, struct findings *findings)
{
	const struct df_control_v1 *c = &image->control;
	const struct word words[] = {
		{"lock", c->lock},
		{"lock_reserved", c->lock_reserved},
		{"external", c->external},
		{"external_nonce", c->external_nonce},
		{"phase", c->phase},
		{"initialised", c->initialised},
		{"generation", c->generation},
		{"changed_at", c->changed_at},
		{"changed_by", c->changed_by},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].value != 0)
			findings_add(findings, FINDING_CONTROL, FINDING_AT(image->table.control),
				     "%s is %#" PRIx64 " in the file; it is 0 when built",
				     words[i].name, words[i].value);
	for (size_t i = 0; i < sizeof(c->reserved); i++) {
		if (((const uint8_t *)c->reserved)[i] == 0)
			continue;
		findings_add(findings, FINDING_CONTROL, FINDING_AT(image->table.control),
			     "a byte that is kept for later is not 0");
		break;
	}
}

static void check_control(struct image *image, struct findings *findings)
{
	const struct df_view *view = &image->snapshot.view;
	const void *bytes = view->at(view, image->table.control, sizeof(image->control));
	if (!bytes)
		return;
	memcpy(&image->control, bytes, sizeof(image->control));
	if (image->control.minor != 0)
		findings_add(findings, FINDING_MINOR_VERSION, FINDING_AT(image->table.control),
			     "minor version %u", image->control.minor);
	if (!image->live)
		check_file_control(image, findings);
}

/* ---- notes ---- */

static bool is_note(const struct df_note_v1 *note)
{
	return note->owner_size == DF_NOTE_OWNER_SIZE && note->desc_size == DF_NOTE_DESC_SIZE &&
	       note->type == DF_ABI_VERSION && memcmp(note->owner, "DF\0", 4) == 0 &&
	       note->magic == DF_NOTE_MAGIC;
}

static bool has_header(const struct image *image)
{
	for (size_t i = 0; i < image->elf.part_count; i++)
		if (image->elf.parts[i].type == PT_LOAD && image->elf.parts[i].offset == 0)
			return true;
	return false;
}

/*
 * The note is wild about a header that is not loaded. patchelf may have pushed the header down
 * by whole pages; a note that does not lead to the control block was moved by it, and its
 * distances are those of the place where it lay.
 */
static void check_note(const struct image *image, const struct df_note_v1 *note, uint64_t addr,
		       struct findings *findings)
{
	const uint64_t control =
		addr + offsetof(struct df_note_v1, control) + (uint64_t)(int64_t)note->control;
	const uint64_t ehdr =
		addr + offsetof(struct df_note_v1, ehdr) + (uint64_t)(int64_t)note->ehdr;
	const uint64_t below = ehdr - image->snapshot.view.ehdr;
	if (note->reserved != 0)
		findings_add(findings, FINDING_TABLE, FINDING_AT(addr),
			     "the note's last word is %#" PRIx32 " instead of 0", note->reserved);
	if (control == image->table.control && !image->live && has_header(image) && ehdr != 0 &&
	    (below % DF_EHDR_PAGE != 0 || below / DF_EHDR_PAGE > DF_EHDR_PAGES_MAX))
		findings_add(findings, FINDING_TABLE, FINDING_AT(addr),
			     "the note says that the ELF header lies at %#" PRIx64
			     ", and it lies at %#" PRIx64,
			     ehdr, image->snapshot.view.ehdr);
}

/* By steps of four bytes, as in table.c. */
static void check_notes(const struct image *image, struct findings *findings)
{
	const struct df_view *view = &image->snapshot.view;
	const size_t most = (size_t)1 << 20;
	for (size_t i = 0; i < view->note_count; i++) {
		const struct df_range *range = &view->notes[i];
		const size_t size = range->size < most ? (size_t)range->size : most;
		const uint8_t *bytes = size > 0 && df_view_within(view, range->addr, size, 0)
					       ? view->at(view, range->addr, size)
					       : NULL;
		for (size_t at = 0; bytes && at + DF_NOTE_SIZE <= size; at += 4) {
			struct df_note_v1 note;
			memcpy(&note, bytes + at, sizeof(note));
			if (is_note(&note))
				check_note(image, &note, range->addr + at, findings);
		}
	}
}

/* ---- all of it ---- */

int table_audit(struct image *image, struct findings *findings, struct df_err *err)
{
	struct df_err why;
	const int status = df_table_find(&image->snapshot.view, &image->table, &why);
	if (image->snapshot.no_memory)
		return df_fail_memory(err);
	if (status < 0) {
		image->table = (struct df_table){0};
		findings_add(findings, why.code == DF_E_VERSION ? FINDING_VERSION : FINDING_TABLE,
			     FINDING_AT(0), "%s", why.text);
		return 0;
	}
	check_sections(image, status > 0, findings);
	if (status == 0 && image->elf.table_sections > 0)
		return 0;
	if (status == 0 || (image->table.count == 0 && image->elf.table_section_size == 0))
		return df_fail(err, DF_E_NO_FLAGS, "%s: carries no flags", image->path);
	check_control(image, findings);
	check_notes(image, findings);
	return 0;
}
