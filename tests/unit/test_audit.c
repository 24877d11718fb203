/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of dfpatch/binary/audit.c and what is below: every kind of byte that says
 * something about a flag is damaged in turn, in a copy of a real program, and must be named.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit_target.h"
#include "whole_file.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define FILES "files/" /* below the directory that ctest starts this in */

/* ---- a program, and copies of it ---- */

static struct {
	uint8_t *bytes;
	size_t size;
	struct images images;
	const struct image *image;
	const struct df_site *site; /* that with room around it */
	uint32_t record;	    /* its own */
} sound;

static uint8_t *copy;

static void begin(const char *path)
{
	struct df_err err = {0};
	sound.bytes = whole_file(path, &sound.size);
	copy = malloc(sound.size);
	cr_assert(copy && images_from_file(path, &sound.images, &err) == 0, "%s", err.text);
	sound.image = sound.images.list[0];
	for (uint32_t i = 0; i < sound.image->table.count; i++)
		if (strcmp(sound.image->sites[i].name, "site") == 0) {
			sound.site = &sound.image->sites[i];
			sound.record = i;
		}
	memcpy(copy, sound.bytes, sound.size);
}

static void end(void)
{
	images_free(&sound.images);
	free(sound.bytes);
	free(copy);
}

/* What lies at an ELF address of the copy. */
static uint8_t *at(uint64_t addr)
{
	for (size_t i = 0; i < sound.image->elf.part_count; i++) {
		const struct elf_part *p = &sound.image->elf.parts[i];
		if (p->type == PT_LOAD && addr >= p->addr && addr - p->addr < p->file_size)
			return copy + p->offset + (addr - p->addr);
	}
	cr_assert_fail("nothing lies at %#lx", (unsigned long)addr);
	abort();
}

static uint8_t *field(uint32_t record, size_t offset)
{
	return at(sound.image->table.start + record * DF_SITE_SIZE + offset);
}

static void add_to(uint8_t *word, int32_t more)
{
	int32_t value;
	memcpy(&value, word, sizeof(value));
	value += more;
	memcpy(word, &value, sizeof(value));
}

static void put(uint8_t *word, int32_t value)
{
	memcpy(word, &value, sizeof(value));
}

/* ---- what an audit of the copy finds ---- */

struct seen {
	size_t counts[FINDING_CODES];
	size_t modules;
	size_t wrong;
	uint32_t record; /* of the first finding that has one */
	struct audit_summary summary;
	char text[512]; /* of the first */
};

static int take(void *context, const struct audit_module *module, struct df_err *err)
{
	struct seen *seen = context;
	(void)err;
	memcpy(seen->counts, module->findings.counts, sizeof(seen->counts));
	seen->modules++;
	seen->wrong += findings_total(&module->findings, SEVERITY_FINDING);
	seen->summary = module->summary;
	seen->record = FINDING_NO_RECORD;
	for (size_t i = 0; i < module->findings.count; i++) {
		const struct finding *f = &module->findings.list[i];
		if (seen->text[0] == '\0' && finding_severity(f->code) == SEVERITY_FINDING)
			snprintf(seen->text, sizeof(seen->text), "%s: %s", finding_name(f->code),
				 f->text);
		if (seen->record == FINDING_NO_RECORD &&
		    finding_severity(f->code) == SEVERITY_FINDING)
			seen->record = f->record;
	}
	return 0;
}

static const struct audit_options options;

static int audit_bytes(const uint8_t *bytes, size_t size, struct seen *seen, struct df_err *err)
{
	char path[] = "/tmp/test_audit.XXXXXX";
	const int fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
	*seen = (struct seen){0};
	const int status = audit_file(path, &options, take, seen, err);
	unlink(path);
	return status;
}

static struct seen audit_copy(void)
{
	struct seen seen;
	struct df_err err = {0};
	cr_assert_eq(audit_bytes(copy, sound.size, &seen, &err), 0, "%s", err.text);
	memcpy(copy, sound.bytes, sound.size);
	return seen;
}

static void expect(enum finding_code code, const char *row)
{
	const struct seen seen = audit_copy();
	cr_expect_gt(seen.counts[code], 0, "%s: wanted %s, and found '%s'", row, finding_name(code),
		     seen.text);
}

/* ---- the tests ---- */

Test(audit, sound_files)
{
	static const char *const names[] = {FILES "good",     FILES "exec",   FILES "stripped",
					    FILES "object.o", FILES "damage", FILES "archive.a",
					    FILES "carry"};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct seen seen = {0};
		struct df_err err = {0};
		cr_assert_eq(audit_file(names[i], &options, take, &seen, &err), 0, "%s: %s",
			     names[i], err.text);
		cr_expect_eq(seen.modules, 1, "%s", names[i]);
		cr_expect_eq(seen.wrong, 0, "%s: %s", names[i], seen.text);
		cr_expect_eq(seen.counts[FINDING_FUNCTION_UNKNOWN], 0, "%s", names[i]);
		cr_expect_eq(seen.summary.records, seen.summary.sites);
		cr_expect_eq(seen.summary.flags,
			     strstr(names[i], "damage") || strstr(names[i], "carry") ? 3 : 5, "%s",
			     names[i]);
	}
}

Test(audit, summary)
{
	struct seen seen = {0};
	struct df_err err = {0};
	cr_assert_eq(audit_file(FILES "good", &options, take, &seen, &err), 0, "%s", err.text);
	cr_expect_eq(seen.summary.kinds, 3);
	cr_expect_eq(seen.summary.off, 2);
	cr_expect_eq(seen.summary.on, 2);
	cr_expect_eq(seen.summary.held, 1);
	cr_expect_eq(seen.summary.mixed, 0);
	cr_expect_eq(seen.summary.docs, 3);
	cr_expect_eq(seen.counts[FINDING_DOC_MISSING], 2);
	cr_expect_gt(seen.summary.functions, 0);
	cr_expect_eq(seen.summary.proven, seen.summary.sites);
}

#define FIELD(NAME) offsetof(struct df_site_v1, NAME)

static const struct {
	const char *name;
	size_t field;
	int32_t value;
	enum finding_code code;
} fields[] = {
	{"site", FIELD(site), INT32_MAX, FINDING_SITE_SEGMENT},
	{"site", FIELD(site), 0, FINDING_SITE_SEGMENT},
	{"target", FIELD(target), INT32_MIN, FINDING_TARGET_SEGMENT},
	{"kind", FIELD(kind), INT32_MAX, FINDING_STRING_BOUNDS},
	{"name", FIELD(name), INT32_MAX, FINDING_STRING_BOUNDS},
	{"file", FIELD(file), INT32_MAX, FINDING_STRING_BOUNDS},
	{"doc", FIELD(doc), INT32_MIN, FINDING_STRING_BOUNDS},
	{"state", FIELD(state), INT32_MAX, FINDING_STATE_BOUNDS},
	{"state", FIELD(state), 0, FINDING_STATE_BOUNDS},
};

Test(audit, distances_that_lead_nowhere)
{
	begin(FILES "damage");
	for (size_t i = 0; i < COUNT(fields); i++) {
		put(field(sound.record, fields[i].field), fields[i].value);
		const struct seen seen = audit_copy();
		cr_expect_eq(seen.counts[fields[i].code], 1, "%s: '%s'", fields[i].name, seen.text);
		cr_expect_eq(seen.record, sound.record, "%s", fields[i].name);
		cr_expect_eq(seen.summary.sites, sound.image->table.count - 1, "%s",
			     fields[i].name);
	}
	end();
}

Test(audit, distances_that_lead_elsewhere)
{
	begin(FILES "damage");
	const uint32_t other = sound.record == 0 ? 1 : 0;
	add_to(field(sound.record, FIELD(site)), 1);
	expect(FINDING_SITE_BYTES, "site, one further");
	add_to(field(sound.record, FIELD(site)), -1);
	expect(FINDING_SITE_BYTES, "site, one less");
	add_to(field(sound.record, FIELD(target)), 1);
	expect(FINDING_SITE_DISPLACEMENT, "target");
	add_to(field(sound.record, FIELD(state)), 4);
	expect(FINDING_STATE_BOUNDS, "state, not aligned");
	add_to(field(sound.record, FIELD(state)),
	       (int32_t)(sound.image->sites[other].state - sound.site->state));
	expect(FINDING_STATE_OVERLAP, "the state of another");
	add_to(field(sound.record, FIELD(state)),
	       (int32_t)(sound.image->table.control - sound.site->state));
	expect(FINDING_STATE_BOUNDS, "the control block as its state");
	add_to(field(other, FIELD(site)),
	       (int32_t)(sound.site->addr + 2 - sound.image->sites[other].addr));
	expect(FINDING_SITE_OVERLAP, "within another site");
	end();
}

Test(audit, bytes_of_records)
{
	begin(FILES "damage");
	static const struct {
		const char *name;
		size_t field;
		uint8_t flip;
		enum finding_code code;
	} rows[] = {
		{"style, unknown", FIELD(style), 9, FINDING_RECORD_STYLE},
		{"style, the other", FIELD(style), 3, FINDING_SITE_BYTES},
		{"flags, unknown", FIELD(flags), 0x80, FINDING_RECORD_FLAGS},
		{"flags, inverted", FIELD(flags), DF_SITE_INVERTED, FINDING_SITE_STATE},
		{"flags, held", FIELD(flags), DF_SITE_HELD, FINDING_SITE_STATE},
		{"flags, jump", FIELD(flags), DF_SITE_JUMP_BUILT, FINDING_SITE_STATE},
		{"activation", FIELD(activation), 1, FINDING_SITE_STATE},
		{"unhook", FIELD(unhook), 1, FINDING_COUNTS_BUILT},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		*field(sound.record, rows[i].field) ^= rows[i].flip;
		expect(rows[i].code, rows[i].name);
	}
	end();
}

Test(audit, bytes_of_the_site)
{
	begin(FILES "damage");
	static const struct {
		const char *name;
		size_t offset;
		uint8_t flip;
		enum finding_code code;
	} rows[] = {
		{"opcode, another", 0, 0xa9 ^ 0x90, FINDING_SITE_BYTES},
		{"opcode, the other", 0, 0xa9 ^ 0xe9, FINDING_SITE_STATE},
		{"opcode, a breakpoint", 0, 0xa9 ^ 0xcc, FINDING_BREAKPOINT},
		{"displacement", 1, 1, FINDING_SITE_DISPLACEMENT},
		{"displacement", 2, 0x80, FINDING_SITE_DISPLACEMENT},
		{"displacement", 3, 4, FINDING_SITE_DISPLACEMENT},
		{"displacement", 4, 0xff, FINDING_SITE_DISPLACEMENT},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		*at(sound.site->addr + rows[i].offset) ^= rows[i].flip;
		expect(rows[i].code, rows[i].name);
	}
	end();
}

/* One byte, and no target. */
Test(audit, sites_of_the_other_style)
{
	begin(FILES "carry");
	cr_assert_eq(sound.site->style, DF_STYLE_X86_CARRY);
	cr_expect_eq(audit_copy().wrong, 0);
	*at(sound.site->addr) ^= 0xf8 ^ 0xf9;
	expect(FINDING_SITE_STATE, "the other opcode");
	*at(sound.site->addr) = 0xcc;
	expect(FINDING_BREAKPOINT, "a breakpoint");
	*at(sound.site->addr) = 0x90;
	expect(FINDING_SITE_BYTES, "another opcode");
	put(field(sound.record, FIELD(target)), 1);
	expect(FINDING_TARGET_SEGMENT, "a target");
	end();
}

/* Where the string of a record lies in the copy. */
static uint8_t *string(size_t offset)
{
	int32_t distance;
	memcpy(&distance, field(sound.record, offset), sizeof(distance));
	return at(sound.image->table.start + sound.record * DF_SITE_SIZE + offset +
		  (uint64_t)(int64_t)distance);
}

Test(audit, bytes_of_strings)
{
	begin(FILES "damage");
	static const size_t strings[] = {FIELD(kind), FIELD(name), FIELD(file), FIELD(doc)};
	for (size_t i = 0; i < COUNT(strings); i++) {
		*string(strings[i]) = 0xff;
		expect(FINDING_STRING_UTF8, "a byte of no UTF-8");
		memcpy(string(strings[i]), "\xc0\x80", 2);
		expect(FINDING_STRING_UTF8, "an overlong one");
	}
	end();
}

Test(audit, names_without_a_part)
{
	static const struct {
		const char *name, *says;
		size_t field;
	} rows[] = {
		{"kind", "string-empty: its kind is empty", FIELD(kind)},
		{"name", "string-empty: its name is empty", FIELD(name)},
		{"file", "string-empty: its file is empty", FIELD(file)},
	};
	begin(FILES "damage");
	for (size_t i = 0; i < COUNT(rows); i++) {
		*string(rows[i].field) = '\0';
		const struct seen seen = audit_copy();
		cr_expect_gt(seen.counts[FINDING_STRING_EMPTY], 0, "%s", rows[i].name);
		cr_expect_str_eq(seen.text, rows[i].says, "%s: '%s'", rows[i].name, seen.text);
	}
	*string(FIELD(doc)) = '\0';
	put(field(sound.record, FIELD(line)), 0);
	cr_expect_eq(audit_copy().counts[FINDING_STRING_EMPTY], 0,
		     "a doc may be empty, and #line say 0");
	end();
}

/* Every byte of the control block is either part of what is held against something, or 0. */
Test(audit, bytes_of_the_control_block)
{
	begin(FILES "damage");
	for (uint64_t i = 0; i < DF_CONTROL_SIZE; i++) {
		*at(sound.image->table.control + i) ^= 0x41;
		const struct seen seen = audit_copy();
		const bool minor = i / 2 * 2 == offsetof(struct df_control_v1, minor);
		if (minor)
			cr_expect_eq(seen.counts[FINDING_MINOR_VERSION], 1);
		else
			cr_expect_gt(seen.counts[FINDING_TABLE] + seen.counts[FINDING_VERSION] +
					     seen.counts[FINDING_CONTROL],
				     0, "byte %lu", (unsigned long)i);
	}
	/* One record more or less would still be whole ones. */
	add_to(at(sound.image->table.control + offsetof(struct df_control_v1, stop)),
	       -DF_SITE_SIZE);
	expect(FINDING_TABLE, "one record less");
	add_to(at(sound.image->table.control + offsetof(struct df_control_v1, start)),
	       DF_SITE_SIZE);
	expect(FINDING_TABLE, "the first record lost");
	end();
}

static uint64_t find_note(void)
{
	for (size_t i = 0; i < sound.image->snapshot.view.note_count; i++) {
		const struct df_range *notes = &sound.image->snapshot.view.notes[i];
		for (uint64_t a = notes->addr; a + DF_NOTE_SIZE <= notes->addr + notes->size;
		     a += 4)
			if (memcmp(at(a + 12), "DF\0\0DFv1", 8) == 0)
				return a;
	}
	cr_assert_fail("no note");
	abort();
}

Test(audit, bytes_of_the_note)
{
	begin(FILES "damage");
	const uint64_t note = find_note();
	for (uint64_t i = 0; i < DF_NOTE_SIZE; i++) {
		*at(note + i) ^= 0x21;
		const struct seen seen = audit_copy();
		cr_expect_gt(seen.counts[FINDING_TABLE], 0, "byte %lu", (unsigned long)i);
	}
	end();
}

/* As far down as patchelf pushes it where pages are of 2 MiB. */
Test(audit, a_header_that_was_pushed_down)
{
	begin(FILES "damage");
	uint8_t *ehdr = at(find_note() + offsetof(struct df_note_v1, ehdr));
	add_to(ehdr, 0x1fa000);
	const struct seen seen = audit_copy();
	cr_expect_eq(seen.wrong, 0, "%s", seen.text);
	add_to(ehdr, 8);
	expect(FINDING_TABLE, "not by whole pages");
	add_to(ehdr, 0x400000 - 8);
	expect(FINDING_TABLE, "further than anybody would");
	end();
}

Test(audit, bytes_of_the_function)
{
	begin(FILES "damage");
	const uint64_t site = sound.site->addr, target = sound.site->target;
	cr_assert(*at(site - 1) == 0x90 && *at(site - 16) == 0x90,
		  "no room in front of the site; the compiler moved it");
	cr_assert(*at(target) == 0xb8, "no long instruction at the target");
	*at(site - 8) = 0x06; /* none in 64-bit mode */
	expect(FINDING_FUNCTION_UNDECODABLE, "no instruction");
	cr_expect_eq(audit_copy().summary.proven, sound.image->table.count);
	memcpy(at(site - 8), "\x0f\x04", 2); /* none so far */
	const struct seen unknown = audit_copy();
	cr_expect_eq(unknown.wrong, 0, "%s", unknown.text);
	cr_expect_gt(unknown.counts[FINDING_NOT_CHECKED], 0);
	cr_expect_lt(unknown.summary.proven, sound.image->table.count);
	cr_expect_gt(unknown.counts[FINDING_FUNCTION_UNKNOWN], 0);
	*at(site - 1) = 0xb8; /* takes four bytes of the site */
	expect(FINDING_SITE_BOUNDARY, "the site within an instruction");
	*at(site - 16) = 0xeb; /* jmp, from behind its two bytes */
	*at(site - 15) = 14 + 2;
	expect(FINDING_BRANCH_INTO_SITE, "a jump into the site");
	*at(site - 16) = 0x74; /* je */
	*at(site - 15) = 14 + 4;
	expect(FINDING_BRANCH_INTO_SITE, "a conditional jump to its last byte");
	*at(site - 16) = 0xe8; /* call */
	put(at(site - 15), 11 + 1);
	expect(FINDING_BRANCH_INTO_SITE, "a call into the site");
	*at(site - 16) = 0xeb;
	*at(site - 15) = 14;
	cr_expect_eq(audit_copy().wrong, 0, "to its first byte anybody may jump");
	add_to(field(sound.record, FIELD(target)), 2);
	add_to(at(site + 1), 2);
	expect(FINDING_TARGET_BOUNDARY, "the target within an instruction");
	end();
}

/* Without symbols nothing else tells where functions begin. */
Test(audit, bytes_of_the_unwind_table)
{
	int32_t distance;
	begin(FILES "stripped");
	cr_expect_eq(audit_copy().summary.proven, sound.image->table.count);
	const uint64_t header = sound.image->elf.eh_frame_hdr;
	memcpy(&distance, at(header + 4), sizeof(distance));
	put(at(header + 4 + (uint64_t)(int64_t)distance), INT32_MAX);
	const struct seen seen = audit_copy();
	cr_expect_eq(seen.counts[FINDING_UNWIND_DAMAGED], 1, "%s", seen.text);
	cr_expect_gt(seen.counts[FINDING_FUNCTION_UNKNOWN], 0);
	cr_expect_eq(seen.summary.proven, 0);
	end();
}

/* ---- headers ---- */

Test(audit, whatever_the_bytes_are)
{
	uint32_t seed = 7;
	begin(FILES "damage");
	for (int round = 0; round < 400; round++) {
		struct seen seen;
		struct df_err err = {0};
		for (int i = 0; i < 6; i++) {
			seed = seed * 1664525u + 1013904223u;
			const size_t most = seed % 2 ? 1024 : sound.size;
			copy[(seed >> 8) % most] = (uint8_t)(seed >> 16);
		}
		const int status = audit_bytes(copy, sound.size, &seen, &err);
		cr_assert(status == 0 || err.text[0] != '\0', "round %d", round);
		memcpy(copy, sound.bytes, sound.size);
	}
	end();
}

Test(audit, cut_files)
{
	static const char *const names[] = {FILES "damage", FILES "object.o", FILES "archive.a"};
	for (size_t i = 0; i < COUNT(names); i++) {
		size_t size;
		uint8_t *bytes = whole_file(names[i], &size);
		for (size_t cut = 0; cut < size; cut += cut < 1024 ? 31 : 1009) {
			struct seen seen;
			struct df_err err = {0};
			const int status = audit_bytes(bytes, cut, &seen, &err);
			cr_assert(status == 0 || err.text[0] != '\0', "%s cut at %zu", names[i],
				  cut);
			cr_expect(i == 0 || status < 0, "%s cut at %zu", names[i], cut);
		}
		free(bytes);
	}
}

Test(audit, refused_files)
{
	static const struct {
		const char *name;
		enum df_errc code;
	} rows[] = {
		{FILES "none", DF_E_NO_FLAGS},
		{FILES "nowhere", DF_E_SYSTEM},
		{FILES, DF_E_NOT_ELF},
		{"/dev/zero", DF_E_NOT_ELF},
		{"", DF_E_SYSTEM},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seen seen = {0};
		struct df_err err = {0};
		cr_expect_eq(audit_file(rows[i].name, &options, take, &seen, &err),
			     -(int)rows[i].code, "%s: %s", rows[i].name, err.text);
		cr_expect(strstr(err.text, rows[i].name), "%s", err.text);
		cr_expect_eq(seen.modules, 0);
	}
}
