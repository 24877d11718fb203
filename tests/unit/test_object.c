/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of dfpatch/binary/object.c and archive.c by way of an audit: what is damaged in an
 * object is named, and so is what an archive holds besides objects.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit_target.h"
#include "whole_file.h"

#define FILES "files/" /* below the directory that ctest starts this in */
#define FIELD(NAME) offsetof(struct df_site_v1, NAME)

struct seen {
	size_t counts[FINDING_CODES];
	size_t modules;
	size_t wrong;
	uint32_t record;   /* of the first finding */
	const char *first; /* its code */
};

static int take(void *context, const struct audit_module *module, struct df_err *err)
{
	struct seen *seen = context;
	(void)err;
	memcpy(seen->counts, module->findings.counts, sizeof(seen->counts));
	seen->modules++;
	seen->wrong = findings_total(&module->findings, SEVERITY_FINDING);
	seen->record = seen->wrong > 0 ? module->findings.list[0].record : FINDING_NO_RECORD;
	seen->first = seen->wrong > 0 ? finding_name(module->findings.list[0].code) : "nothing";
	return 0;
}

/* ---- relocatable objects ---- */

static struct {
	uint8_t *bytes;
	uint8_t *copy;
	size_t size;
	Elf64_Shdr *table;	 /* of the copy: the first section of records */
	Elf64_Rela *relocations; /* likewise, its own */
	size_t relocation_count;
} object;

static void begin_object(void)
{
	object.bytes = whole_file(FILES "object.o", &object.size);
	object.copy = malloc(object.size);
	cr_assert(object.copy);
	memcpy(object.copy, object.bytes, object.size);
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)object.copy;
	Elf64_Shdr *sections = (Elf64_Shdr *)(object.copy + header->e_shoff);
	const char *names = (const char *)object.copy + sections[header->e_shstrndx].sh_offset;
	for (size_t i = 0; !object.table && i < header->e_shnum; i++)
		if (strcmp(names + sections[i].sh_name, "df_sites_v1") == 0)
			object.table = &sections[i];
	for (size_t i = 0; !object.relocations && i < header->e_shnum; i++)
		if (sections[i].sh_type == SHT_RELA &&
		    &sections[sections[i].sh_info] == object.table) {
			object.relocations = (Elf64_Rela *)(object.copy + sections[i].sh_offset);
			object.relocation_count = sections[i].sh_size / sizeof(Elf64_Rela);
		}
	cr_assert(object.table && object.relocation_count > 0);
}

static struct seen audit_object(void)
{
	char path[] = "/tmp/test_object.XXXXXX";
	struct seen seen = {0};
	struct df_err err = {0};
	const int fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, object.copy, object.size) == (ssize_t)object.size);
	close(fd);
	cr_assert_eq(audit_file(path, &(struct audit_options){0}, take, &seen, &err), 0, "%s",
		     err.text);
	unlink(path);
	memcpy(object.copy, object.bytes, object.size);
	return seen;
}

static void expect_refused(const char *why)
{
	char path[] = "/tmp/test_object.XXXXXX";
	struct seen seen = {0};
	struct df_err err = {0};
	const int fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, object.copy, object.size) == (ssize_t)object.size);
	close(fd);
	cr_expect_eq(audit_file(path, &(struct audit_options){0}, take, &seen, &err),
		     -(int)DF_E_NOT_ELF, "%s", why);
	cr_expect(strstr(err.text, why), "%s: %s", why, err.text);
	unlink(path);
	memcpy(object.copy, object.bytes, object.size);
}

static void end_object(void)
{
	free(object.bytes);
	free(object.copy);
}

Test(object, relocations_of_records)
{
	begin_object();
	cr_expect_eq(audit_object().wrong, 0);
	for (size_t i = 0; i < object.relocation_count; i++) {
		Elf64_Rela *rela = &object.relocations[i];
		if (ELF64_R_TYPE(rela->r_info) == R_X86_64_NONE)
			continue; /* which keeps the note beside the record */
		const uint32_t record = (uint32_t)(rela->r_offset / DF_SITE_SIZE);
		const uint64_t symbol = ELF64_R_SYM(rela->r_info);
		rela->r_info = ELF64_R_INFO(symbol, R_X86_64_64);
		struct seen seen = audit_object();
		cr_expect_eq(seen.counts[FINDING_RELOCATION], 1, "type of %zu: %s", i, seen.first);
		cr_expect_eq(seen.record, record);
		cr_expect_gt(seen.wrong, 1, "%zu leads nowhere", i);
		rela->r_info = ELF64_R_INFO(0, R_X86_64_PC32);
		seen = audit_object();
		cr_expect_eq(seen.counts[FINDING_RELOCATION], 1, "symbol of %zu", i);
		cr_expect_eq(seen.record, record);
		rela->r_info = ELF64_R_INFO(UINT32_MAX, R_X86_64_PC32);
		cr_expect_eq(audit_object().counts[FINDING_RELOCATION], 1, "no symbol, %zu", i);
		rela->r_offset = i % 2 ? UINT64_MAX : object.table->sh_size - 3;
		seen = audit_object();
		cr_expect_eq(seen.counts[FINDING_RELOCATION], 1, "place of %zu: %zu, %s", i,
			     seen.counts[FINDING_RELOCATION], seen.first);
	}
	end_object();
}

Test(object, records_of_an_object)
{
	begin_object();
	object.table->sh_size -= 4;
	struct seen seen = audit_object();
	cr_expect_eq(seen.counts[FINDING_TABLE], 1, "cut: %s", seen.first);
	cr_expect_eq(seen.modules, 1);
	uint8_t *record = object.copy + object.table->sh_offset;
	record[FIELD(style)] ^= 9;
	cr_expect_eq(audit_object().counts[FINDING_RECORD_STYLE], 1);
	record[FIELD(flags)] ^= 0x80;
	cr_expect_eq(audit_object().counts[FINDING_RECORD_FLAGS], 1);
	record[FIELD(unhook)] ^= 1;
	cr_expect_eq(audit_object().counts[FINDING_COUNTS_BUILT], 1);
	end_object();
}

static Elf64_Shdr *section_of(size_t index)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)object.copy;
	return (Elf64_Shdr *)(object.copy + header->e_shoff) + index;
}

/* What would let a small file take time and memory without end. */
Test(object, sections_that_are_looked_at_once)
{
	begin_object();
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)object.copy;
	const size_t names = header->e_shstrndx;
	section_of(1)->sh_type = SHT_PROGBITS;
	section_of(1)->sh_offset = 0;
	section_of(1)->sh_size = object.size;
	expect_refused("sections that share bytes");
	size_t last = 0;
	for (size_t i = 1; i < header->e_shnum; i++)
		if (section_of(i)->sh_type == SHT_RELA)
			last = i;
	section_of(last)->sh_info = (Elf64_Word)(object.table - section_of(0));
	section_of(last)->sh_link = (Elf64_Word)names;
	expect_refused("more than one table of symbols");
	object.copy[section_of(names)->sh_offset + section_of(names)->sh_size - 1] = 'x';
	expect_refused("damaged names of sections");
	section_of(names)->sh_flags |= SHF_COMPRESSED;
	expect_refused("damaged names of sections");
	end_object();
}

/* ---- archives ---- */

struct skipped {
	size_t count;
	char member[256];
	const char *what;
};

static void take_skipped(void *context, const char *member, const char *what)
{
	struct skipped *skipped = context;
	skipped->count++;
	snprintf(skipped->member, sizeof(skipped->member), "%s", member);
	skipped->what = what;
}

Test(object, members_that_are_not_looked_at)
{
	struct seen seen = {0};
	struct df_err err = {0};
	struct skipped skipped = {0};
	const struct audit_options asked = {.skipped = take_skipped, .skipped_context = &skipped};
	cr_assert_eq(audit_file(FILES "archive.a", &asked, take, &seen, &err), 0, "%s", err.text);
	cr_expect_eq(skipped.count, 1);
	cr_expect_str_eq(skipped.member, FILES "archive.a(none)");
	cr_expect_str_eq(skipped.what, "no relocatable object");
	cr_assert_eq(audit_file(FILES "nested.a", &asked, take, &seen, &err), 0, "%s", err.text);
	cr_expect_eq(skipped.count, 2);
	cr_expect_str_eq(skipped.member, FILES "nested.a(archive.a)");
	cr_expect_str_eq(skipped.what, "an archive within an archive");
}
