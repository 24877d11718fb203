/* SPDX-License-Identifier: Apache-2.0 */
/* fake_loaded.c - a module of this process made of memory of the test's own. */
#include "fake_loaded.h"

#include <stdlib.h>
#include <string.h>

#include "insn.h"

static size_t looks;

size_t fake_loaded_looks(void)
{
	const size_t was = looks;
	looks = 0;
	return was;
}

int loaded_site(const struct loaded *m, uint32_t index, struct df_site *site, struct df_err *err)
{
	looks += !m->checked;
	*site = record_site(&m->records[index]);
	if (site->line == UINT32_MAX)
		return df_fail(err, DF_E_TABLE, "record %u is damaged", index);
	return 0;
}

int loaded_check(struct loaded *m, struct df_err *err)
{
	for (uint32_t i = 0; i < m->count && !m->checked; i++) {
		struct df_site site;
		if (loaded_site(m, i, &site, err) < 0)
			return -(int)err->code;
	}
	m->checked = true;
	return 0;
}

/* The block, filled from its start on. */
struct block {
	uint8_t *bytes;
	size_t used;
	const char **seen; /* strings of the block, */
	size_t seen_count;
	bool merged;
};

static void *take(struct block *b, size_t size, size_t alignment)
{
	b->used = (b->used + alignment - 1) / alignment * alignment;
	void *place = b->bytes + b->used;
	b->used += size;
	return place;
}

static const char *put_text(struct block *b, const char *text)
{
	for (size_t i = b->seen_count; b->merged && i > 0 && i + 64 > b->seen_count; i--)
		if (strcmp(b->seen[i - 1], text) == 0)
			return b->seen[i - 1];
	char *copy = take(b, strlen(text) + 1, 1);
	strcpy(copy, text);
	b->seen[b->seen_count++] = copy;
	return copy;
}

static void lead(int32_t *field, const void *to)
{
	*field = (int32_t)((const uint8_t *)to - (const uint8_t *)field);
}

static void put_code(uint8_t *code, const struct df_site_v1 *r)
{
	const int32_t distance = (int32_t)(record_follow(&r->target) - (uintptr_t)code - 5);
	code[0] = df_insn_opcode(r->style, (r->flags & DF_SITE_JUMP_BUILT) != 0);
	if (r->style == DF_STYLE_X86_GOTO)
		memcpy(code + 1, &distance, sizeof(distance));
}

static size_t size_of(const struct fake_flag *flags, uint32_t count, size_t stride)
{
	size_t size = 4096;
	for (uint32_t i = 0; i < count; i++)
		size += sizeof(struct df_site_v1) + sizeof(struct df_state_v1) + stride +
			strlen(flags[i].kind) + strlen(flags[i].name) + strlen(flags[i].file) + 4;
	return size;
}

struct loaded *fake_loaded(const struct fake_flag *flags, uint32_t count, size_t stride,
			   bool merged)
{
	struct loaded *m = calloc(1, sizeof(*m));
	struct block b = {
		.bytes = aligned_alloc(4096, (size_of(flags, count, stride) + 4095) / 4096 * 4096),
		.seen = calloc((size_t)count * 4 + 1, sizeof(*b.seen)),
		.merged = merged};
	if (!m || !b.bytes || !b.seen)
		abort();
	m->path = (char *)"fake.so";
	m->base = b.bytes;
	m->control = take(&b, sizeof(*m->control), 64);
	memset(m->control, 0, sizeof(*m->control));
	memcpy(m->control->magic, DF_CONTROL_MAGIC, sizeof(m->control->magic));
	struct df_site_v1 *records = take(&b, count * sizeof(*records), 4);
	struct df_state_v1 *states = take(&b, count * sizeof(*states), 16);
	uint8_t *text = take(&b, count * stride + 8, 16);
	memset(states, 0, count * sizeof(*states));
	m->records = records;
	m->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct df_site_v1 *r = &records[i];
		r->style = flags[i].style == 0 ? DF_STYLE_X86_GOTO : flags[i].style;
		r->flags = flags[i].flags;
		r->activation = flags[i].activation;
		r->unhook = 0;
		r->line = flags[i].line;
		lead(&r->site, text + i * stride);
		lead(&r->target, text + i * stride + 7);
		lead(&r->state, &states[i]);
		lead(&r->kind, put_text(&b, flags[i].kind));
		lead(&r->name, put_text(&b, flags[i].name));
		lead(&r->file, put_text(&b, flags[i].file));
		lead(&r->doc, put_text(&b, ""));
		put_code(text + i * stride, r);
	}
	m->text = (struct span){(uintptr_t)text, (uintptr_t)text + count * stride};
	m->texts = (struct span){(uintptr_t)b.bytes, (uintptr_t)b.bytes + b.used};
	free(b.seen);
	return m;
}

void fake_loaded_free(struct loaded *m)
{
	if (m->names)
		m->free_names(m->names, true);
	if (m->kinds)
		m->free_kinds(m->kinds);
	free(m->base);
	free(m);
}
