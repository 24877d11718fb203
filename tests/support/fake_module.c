/* SPDX-License-Identifier: Apache-2.0 */
/* fake_module.c - a module with flags, built byte by byte in arrays. */
#include "fake_module.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64
#define TARGETS 64 /* bytes behind the last site, which the cold paths share */

/* One copy that `at` handed out, and behind it the next. */
struct copy {
	struct copy *next;
	uint8_t *bytes;
};

static void *allocate(size_t size)
{
	void *bytes = calloc(1, size);
	if (!bytes) {
		fputs("fake_module: out of memory\n", stderr);
		exit(1);
	}
	return bytes;
}

uint64_t fake_module_addr(const struct fake_module *m, enum fake_part part, int64_t offset)
{
	const struct df_range *s = &m->segments[part];
	return s->addr + (offset < 0 ? s->size : 0) + (uint64_t)offset;
}

uint8_t *fake_module_bytes(struct fake_module *m, uint64_t addr, size_t size)
{
	const struct df_range *s = df_view_within(&m->view, addr, size, 0);
	return s ? m->bytes[s - m->segments] + (addr - s->addr) : NULL;
}

static const void *at(const struct df_view *view, uint64_t addr, size_t size)
{
	struct fake_module *m = view->context;
	const struct df_range *s = size == 0 ? NULL : df_view_within(view, addr, size, 0);
	if (!s) {
		m->breaches++;
		return NULL;
	}
	if (addr - s->addr + size > m->present[s - m->segments])
		return NULL;
	struct copy *copy = allocate(sizeof(*copy));
	*copy = (struct copy){.next = m->copies, .bytes = allocate(size)};
	m->copies = copy;
	memcpy(copy->bytes, m->bytes[s - m->segments] + (addr - s->addr), size);
	return copy->bytes;
}

void fake_module_forget(struct fake_module *m)
{
	for (struct copy *copy = m->copies, *next; copy; copy = next) {
		next = copy->next;
		free(copy->bytes);
		free(copy);
	}
	m->copies = NULL;
}

struct df_note_v1 *fake_module_note(struct fake_module *m)
{
	return (struct df_note_v1 *)(void *)(m->bytes[FAKE_RODATA] + FAKE_NOTES);
}

struct df_control_v1 *fake_module_control(struct fake_module *m)
{
	return (struct df_control_v1 *)(void *)(m->bytes[FAKE_DATA] + FAKE_CONTROL);
}

struct df_site_v1 *fake_module_record(struct fake_module *m, size_t index)
{
	uint8_t *bytes = m->bytes[FAKE_RODATA] + FAKE_TABLE + index * DF_SITE_SIZE;
	return (struct df_site_v1 *)(void *)bytes;
}

struct df_state_v1 *fake_module_state(struct fake_module *m, size_t index)
{
	uint8_t *bytes = fake_module_bytes(m, m->sites[index].state, DF_STATE_SIZE);
	return (struct df_state_v1 *)(void *)bytes;
}

void fake_module_point(struct fake_module *m, enum fake_part part, size_t offset, uint64_t addr)
{
	const int32_t distance = (int32_t)(addr - (m->segments[part].addr + offset));
	memcpy(m->bytes[part] + offset, &distance, sizeof(distance));
}

void fake_module_put_note(struct fake_module *m, size_t offset, uint64_t control)
{
	const struct df_note_v1 note = {
		.owner_size = DF_NOTE_OWNER_SIZE,
		.desc_size = DF_NOTE_DESC_SIZE,
		.type = DF_ABI_VERSION,
		.owner = "DF",
		.magic = DF_NOTE_MAGIC,
	};
	memcpy(m->bytes[FAKE_RODATA] + offset, &note, sizeof(note));
	fake_module_point(m, FAKE_RODATA, offset + offsetof(struct df_note_v1, control), control);
	fake_module_point(m, FAKE_RODATA, offset + offsetof(struct df_note_v1, ehdr), m->view.ehdr);
}

/* What the strings of all sites take, terminators counted. */
static size_t string_bytes(const struct df_site *sites, size_t count)
{
	size_t size = 0;
	for (size_t i = 0; i < count; i++)
		size += strlen(sites[i].kind) + strlen(sites[i].name) + strlen(sites[i].file) +
			strlen(sites[i].doc) + 4;
	return size;
}

/* Gives every site its place and the parts their sizes. */
static void lay_out(struct fake_module *m, const struct df_site *like)
{
	size_t text = 16, data = FAKE_STATES;
	for (size_t i = 0; i < m->count; i++) {
		struct df_site *site = &m->sites[i];
		*site = like[i];
		if (site->addr == 0) {
			site->addr = 16 * (i + 1);
			site->state = FAKE_STATES + 16 * i;
		}
		text = site->addr + 16 > text ? site->addr + 16 : text;
		data = site->state + 16 > data ? site->state + 16 : data;
	}
	const size_t sizes[FAKE_PARTS] = {FAKE_TABLE + m->count * DF_SITE_SIZE +
						  string_bytes(like, m->count) + FAKE_TAIL,
					  text + TARGETS, data};
	const unsigned prot[FAKE_PARTS] = {DF_READ, DF_READ | DF_EXEC, DF_READ | DF_WRITE};
	for (int i = 0; i < FAKE_PARTS; i++) {
		const size_t rounded = (sizes[i] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
		m->segments[i] = (struct df_range){m->view.ehdr + (uint64_t)i * FAKE_PART_STEP,
						   sizes[i], prot[i]};
		m->present[i] = sizes[i];
		m->bytes[i] = aligned_alloc(ALIGNMENT, rounded);
		if (!m->bytes[i])
			exit(1);
		memset(m->bytes[i], 0, rounded);
	}
	for (size_t i = 0; i < m->count; i++) {
		m->sites[i].addr += m->segments[FAKE_TEXT].addr;
		m->sites[i].state += m->segments[FAKE_DATA].addr;
		if (m->sites[i].style == DF_STYLE_X86_GOTO)
			m->sites[i].target =
				fake_module_addr(m, FAKE_TEXT, -(int64_t)(1 + i % TARGETS));
	}
}

/* Writes the instruction that the record says was built. */
static void put_code(struct fake_module *m, const struct df_site *site)
{
	uint8_t *code = m->bytes[FAKE_TEXT] + (site->addr - m->segments[FAKE_TEXT].addr);
	const bool jump = (site->flags & DF_SITE_JUMP_BUILT) != 0;
	if (site->style == DF_STYLE_X86_CARRY) {
		code[0] = jump ? 0xf9 : 0xf8;
		return;
	}
	const int32_t distance = (int32_t)(site->target - site->addr - 5);
	code[0] = jump ? 0xe9 : 0xa9;
	memcpy(code + 1, &distance, sizeof(distance));
}

/* Appends a string at *end and makes the field lead to it. */
static void put_string(struct fake_module *m, size_t field, const char *text, size_t *end)
{
	const size_t size = strlen(text) + 1;
	memcpy(m->bytes[FAKE_RODATA] + *end, text, size);
	fake_module_point(m, FAKE_RODATA, field, m->segments[FAKE_RODATA].addr + *end);
	*end += size;
}

static void put_record(struct fake_module *m, size_t index, size_t *end)
{
	const struct df_site *site = &m->sites[index];
	const size_t record = FAKE_TABLE + index * DF_SITE_SIZE;
	struct df_site_v1 *raw = fake_module_record(m, index);
	raw->line = site->line;
	raw->style = site->style;
	raw->flags = site->flags;
	raw->activation = site->activation;
	raw->unhook = site->unhook;
#define FIELD(MEMBER) (record + offsetof(struct df_site_v1, MEMBER))
	fake_module_point(m, FAKE_RODATA, FIELD(site), site->addr);
	if (site->style == DF_STYLE_X86_GOTO)
		fake_module_point(m, FAKE_RODATA, FIELD(target), site->target);
	fake_module_point(m, FAKE_RODATA, FIELD(state), site->state);
	put_string(m, FIELD(kind), site->kind, end);
	put_string(m, FIELD(name), site->name, end);
	put_string(m, FIELD(file), site->file, end);
	put_string(m, FIELD(doc), site->doc, end);
#undef FIELD
	put_code(m, site);
}

static void put_control(struct fake_module *m)
{
	const uint64_t table = fake_module_addr(m, FAKE_RODATA, FAKE_TABLE);
	struct df_control_v1 *control = fake_module_control(m);
	*control = (struct df_control_v1){
		.site_size = DF_SITE_SIZE,
		.state_size = DF_STATE_SIZE,
		.control_size = DF_CONTROL_SIZE,
	};
	memcpy(control->magic, DF_CONTROL_MAGIC, sizeof(control->magic));
	fake_module_point(m, FAKE_DATA, FAKE_CONTROL + offsetof(struct df_control_v1, start),
			  table);
	fake_module_point(m, FAKE_DATA, FAKE_CONTROL + offsetof(struct df_control_v1, stop),
			  table + m->count * DF_SITE_SIZE);
}

void fake_module_build(struct fake_module *m, uint64_t base, const struct df_site *like,
		       size_t count)
{
	*m = (struct fake_module){.count = count};
	m->view = (struct df_view){.segments = m->segments,
				   .segment_count = FAKE_PARTS,
				   .notes = m->notes,
				   .note_count = 1,
				   .ehdr = base,
				   .at = at,
				   .context = m};
	m->sites = allocate((count + 1) * sizeof(*m->sites));
	lay_out(m, like);
	m->notes[0] = (struct df_range){base + FAKE_NOTES, FAKE_NOTES_SIZE, 0};
	size_t end = FAKE_TABLE + count * DF_SITE_SIZE;
	for (size_t i = 0; i < count; i++)
		put_record(m, i, &end);
	memset(m->bytes[FAKE_RODATA] + end, 'x', FAKE_TAIL);
	put_control(m);
	fake_module_put_note(m, FAKE_NOTES, fake_module_addr(m, FAKE_DATA, FAKE_CONTROL));
}

void fake_module_free(struct fake_module *m)
{
	fake_module_forget(m);
	for (int i = 0; i < FAKE_PARTS; i++)
		free(m->bytes[i]);
	free(m->sites);
}
