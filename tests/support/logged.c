/* SPDX-License-Identifier: Apache-2.0 */
/* logged.c - what a log says. */
#include "logged.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "whole_file.h"

/* ---- records ---- */

void logged_read(struct logged *logged, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	*logged = (struct logged){0};
	while (file && getline(&line, &room, file) > 0) {
		struct json_object *record = json_tokener_parse(line);
		cr_assert(strchr(line, '\n'), "the last line has no end: %s", line);
		cr_assert(json_object_is_type(record, json_type_object), "no record: %s", line);
		logged->list = realloc(logged->list, (logged->count + 1) * sizeof(record));
		logged->list[logged->count++] = record;
	}
	free(line);
	if (file)
		fclose(file);
}

void logged_free(struct logged *logged)
{
	for (size_t i = 0; i < logged->count; i++)
		json_object_put(logged->list[i]);
	free(logged->list);
}

static struct json_object *find(const struct json_object *record, const char *member)
{
	char name[64];
	const char *dot = strchr(member, '.');
	const size_t length = dot ? (size_t)(dot - member) : strlen(member);
	struct json_object *found = NULL;
	snprintf(name, sizeof(name), "%.*s", (int)length, member);
	json_object_object_get_ex(record, name, &found);
	return found && dot ? find(found, dot + 1) : found;
}

bool logged_has(const struct json_object *record, const char *member)
{
	return find(record, member) != NULL;
}

const char *logged_text(const struct json_object *record, const char *member)
{
	struct json_object *found = find(record, member);
	cr_assert(found, "there is no %s in %s", member,
		  json_object_to_json_string((struct json_object *)record));
	return json_object_get_string(found);
}

uint64_t logged_number(const struct json_object *record, const char *member)
{
	const char *text = logged_text(record, member);
	char *end;
	const uint64_t number = strtoull(text, &end, 0);
	cr_assert(end != text && *end == '\0', "%s is no number: %s", member, text);
	return number;
}

struct json_object *logged_find(const struct logged *logged, const char *kind, size_t i)
{
	for (size_t at = 0; at < logged->count; at++)
		if (strcmp(logged_text(logged->list[at], "record"), kind) == 0 && i-- == 0)
			return logged->list[at];
	return NULL;
}

size_t logged_count(const struct logged *logged, const char *kind)
{
	size_t count = 0;
	while (logged_find(logged, kind, count))
		count++;
	return count;
}

/* ---- text ---- */

void replay_begin(struct replay *replay, const char *file, uint64_t bias)
{
	size_t size;
	uint8_t *bytes = whole_file(file, &size);
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)bytes;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(const void *)(bytes + header->e_phoff);
	*replay = (struct replay){0};
	for (int i = 0; i < header->e_phnum; i++, segment++) {
		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		cr_assert_null(replay->text, "%s has several executable segments", file);
		replay->size = segment->p_filesz;
		replay->start = bias + segment->p_vaddr;
		replay->text = malloc(replay->size);
		memcpy(replay->text, bytes + segment->p_offset, replay->size);
	}
	cr_assert_not_null(replay->text);
	free(bytes);
}

void replay_end(struct replay *replay)
{
	free(replay->text);
}

static size_t bytes_of(const struct json_object *record, const char *member, uint8_t bytes[4])
{
	const char *text = logged_text(record, member);
	size_t count = 0;
	for (; count < 4 && sscanf(text + 2 * count, "%2hhx", &bytes[count]) == 1; count++)
		;
	cr_assert(count > 0 && text[2 * count] == '\0', "%s: %s", member, text);
	return count;
}

static void apply(struct replay *r, const struct json_object *record)
{
	uint8_t before[4], after[4];
	const uint64_t addr = logged_number(record, "address");
	const size_t size = bytes_of(record, "new_bytes", after);
	cr_assert(addr >= r->start && addr - r->start + size <= r->size);
	uint8_t *at = r->text + (addr - r->start);
	const bool found = strcmp(logged_text(record, "cause"), "found") == 0;
	cr_assert(found || bytes_of(record, "old_bytes", before) == size);
	cr_assert(found || memcmp(at, before, size) == 0,
		  "at %#" PRIx64 " stands %02x, not %02x: %s", addr, at[0], before[0],
		  json_object_to_json_string((struct json_object *)record));
	memcpy(at, after, size);
}

void replay_until(struct replay *r, const struct logged *logged, uint64_t time)
{
	uint64_t last = 0;
	for (; r->next < logged->count; r->next++) {
		const struct json_object *record = logged->list[r->next];
		if (strcmp(logged_text(record, "record"), "write") != 0)
			continue;
		const uint64_t at = logged_number(record, "monotonic_ns");
		cr_assert_geq(at, last);
		last = at;
		if (at > time)
			return;
		apply(r, record);
	}
}

void replay_is(const struct replay *r, int mem, const char *when)
{
	uint8_t *now = malloc(r->size);
	cr_assert_eq(pread(mem, now, r->size, (off_t)r->start), (ssize_t)r->size);
	for (size_t i = 0; i < r->size; i++)
		cr_assert_eq(now[i], r->text[i], "%s: at %#" PRIx64 " stands %02x, and not %02x",
			     when, r->start + i, now[i], r->text[i]);
	free(now);
}
