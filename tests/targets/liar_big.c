/* SPDX-License-Identifier: Apache-2.0 */
/* liar_big.c - tables, notes and modules that take much time or memory to read. */
#include "liar.h"

#include <fcntl.h>
#include <unistd.h>

#define PAGE 4096u
#define TABLE LIAR_PLACE
#define STRINGS (LIAR_PLACE + UINT64_C(0x8000000))

/* The table is somewhere else, and has so many records, each of a site of its own. */
static struct df_site_v1 *table(struct liar *l, size_t count)
{
	struct df_site_v1 *records = liar_map(LIAR_ROOM, PROT_READ | PROT_WRITE,
					      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	liar_stretch(l, PF_W);
	liar_stretch(l, PF_X);
	char *short_text = (char *)STRINGS;
	strcpy(short_text, "t");
	for (size_t i = 0; i < count; i++) {
		struct df_site_v1 *r = &records[i];
		r->style = DF_STYLE_X86_CARRY;
		r->line = (uint32_t)i;
		lead(&r->site, LIAR_PLACE + i);
		lead(&r->state, LIAR_PLACE + LIAR_ROOM - (i + 1) * DF_STATE_SIZE);
		lead(&r->kind, (uintptr_t)short_text);
		lead(&r->name, (uintptr_t)short_text);
		lead(&r->file, (uintptr_t)short_text);
		lead(&r->doc, (uintptr_t)short_text);
	}
	lead(&df_module_v1.start, (uintptr_t)records);
	lead(&df_module_v1.stop, (uintptr_t)(records + count));
	return records;
}

static void million_records(struct liar *l)
{
	table(l, 1 << 20);
}

/* More records than are there: only the first and the last are. */
static void absent_records(struct liar *l)
{
	struct df_site_v1 *records = table(l, 1);
	records[(1 << 20) - 1] = records[0];
	lead(&df_module_v1.stop, (uintptr_t)(records + (1 << 20)));
}

static void too_many_records(struct liar *l)
{
	struct df_site_v1 *records = table(l, 1);
	lead(&df_module_v1.stop, (uintptr_t)(records + (1 << 21)));
}

/* All records have one long name, which differs from others only at its end. */
static void one_long_string(struct liar *l)
{
	const size_t count = 200000, length = 60000;
	char *text = (char *)STRINGS + PAGE;
	struct df_site_v1 *records = table(l, count);
	memset(text, 'x', length);
	for (size_t i = 0; i < count; i++) {
		lead(&records[i].name, (uintptr_t)text + i % 1000);
		lead(&records[i].file, (uintptr_t)text + (i + 1) % 1000);
	}
}

/* Every string is on a page of its own. */
static void scattered_strings(struct liar *l)
{
	const size_t count = 34000;
	struct df_site_v1 *records = table(l, count);
	for (size_t i = 0; i < count; i++)
		lead(&records[i].name, STRINGS + PAGE * (1 + i));
}

/* Notes are said to take up 64 GiB. */
static void endless_notes(struct liar *l)
{
	const uint64_t size = UINT64_C(64) << 30;
	liar_map(size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	for (Elf64_Phdr *p = l->headers; p < l->headers + l->count; p++) {
		if (p->p_type == PT_LOAD && (p->p_flags & PF_W))
			p->p_memsz = LIAR_PLACE + size - p->p_vaddr;
		if (p->p_type == PT_NOTE) {
			p->p_vaddr = LIAR_PLACE;
			p->p_memsz = size;
		}
	}
}

/*
 * A file that is a module, with an empty table, whose headers lead to the same notes
 * again and again: each takes long to find that out of. 300 of it are mapped.
 */
static void slow_modules(struct liar *l)
{
	enum { SIZE = 4 * PAGE, HEADERS = 2 * PAGE, NOTES = SIZE - HEADERS - DF_CONTROL_SIZE };
	const int fd = memfd_create("slow", MFD_CLOEXEC);
	if (ftruncate(fd, SIZE) != 0)
		abort();
	uint8_t *file = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	Elf64_Ehdr *header = (void *)file;
	memcpy(header, (char *)l->headers - sizeof(*header), sizeof(*header));
	header->e_type = ET_DYN;
	header->e_phnum = (HEADERS - sizeof(*header)) / sizeof(Elf64_Phdr);
	Elf64_Phdr *p = (void *)(header + 1);
	p[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0, 0, 0, SIZE, SIZE, PAGE};
	for (int i = 1; i < header->e_phnum; i++)
		p[i] = (Elf64_Phdr){PT_NOTE, PF_R, HEADERS, HEADERS, HEADERS, NOTES, NOTES, 4};
	struct df_control_v1 *control = (void *)(file + SIZE - DF_CONTROL_SIZE);
	*control = df_module_v1;
	control->stop = control->start - 4;
	for (unsigned at = HEADERS; at + DF_NOTE_SIZE <= HEADERS + NOTES; at += DF_NOTE_SIZE) {
		struct df_note_v1 *note = (void *)(file + at);
		*note = (struct df_note_v1){DF_NOTE_OWNER_SIZE,
					    DF_NOTE_DESC_SIZE,
					    DF_ABI_VERSION,
					    "DF",
					    DF_NOTE_MAGIC,
					    0,
					    0,
					    0};
		lead(&note->control, (uintptr_t)control);
	}
	munmap(file, SIZE);
	for (int i = 0; i < 300; i++)
		if (mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) == MAP_FAILED)
			abort();
}

/* The text of the mappings has this many lines, every other of which may be a module. */
static void many_mappings(struct liar *l)
{
	(void)l;
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 30000; i++) {
		const int prot = i % 2 ? PROT_READ : PROT_READ | PROT_WRITE;
		const int file = i % 4 == 0 ? fd : -1;
		if (mmap(NULL, PAGE, prot, MAP_PRIVATE | (file < 0 ? MAP_ANONYMOUS : 0), file, 0) ==
		    MAP_FAILED)
			break;
		if (mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			break;
	}
}

int liar_big(struct liar *l, const char *lie)
{
	static const struct {
		const char *name;
		void (*tell)(struct liar *l);
	} lies[] = {
		{"million-records", million_records},	  {"absent-records", absent_records},
		{"too-many-records", too_many_records},	  {"one-long-string", one_long_string},
		{"scattered-strings", scattered_strings}, {"endless-notes", endless_notes},
		{"slow-modules", slow_modules},		  {"many-mappings", many_mappings},
	};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		if (strcmp(lie, lies[i].name) == 0) {
			lies[i].tell(l);
			return 1;
		}
	return 0;
}
