/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_table.c - notes, control blocks, records and strings of a module.
 *
 * input: segments (protection, address, size, bytes present), notes (address,
 * size), address of the ELF header, then the bytes of the segments
 */
#include "flag.h"
#include "fuzz.h"
#include "insn.h"
#include "table.h"

#define SEGMENTS_MAX 4
#define NOTES_MAX 3
#define SITES_MAX 4096

struct copy {
	struct copy *next;
	uint8_t bytes[];
};

struct module {
	struct df_view view;
	struct df_range segments[SEGMENTS_MAX], notes[NOTES_MAX];
	size_t present[SEGMENTS_MAX];
	uint8_t *bytes[SEGMENTS_MAX];
	struct copy *copies;
};

static const void *at(const struct df_view *view, uint64_t addr, size_t size)
{
	struct module *m = view->context;
	const struct df_range *s = df_view_within(view, addr, size, 0);
	MUST(s && size > 0);
	if (addr - s->addr + size > m->present[s - m->segments])
		return NULL;
	struct copy *copy = fuzz_room(sizeof(*copy) + size);
	copy->next = m->copies;
	m->copies = copy;
	memcpy(copy->bytes, m->bytes[s - m->segments] + (addr - s->addr), size);
	return copy->bytes;
}

static void read_module(struct input *in, struct module *m)
{
	*m = (struct module){0};
	m->view = (struct df_view){
		.segments = m->segments, .notes = m->notes, .at = at, .context = m};
	m->view.segment_count = input_byte(in) % (SEGMENTS_MAX + 1);
	for (size_t i = 0; i < m->view.segment_count; i++) {
		m->segments[i].prot = input_byte(in) & 7;
		m->segments[i].addr = input_long(in);
		m->segments[i].size = input_long(in);
		m->present[i] = input_short(in);
		if (m->present[i] > m->segments[i].size)
			m->present[i] = (size_t)m->segments[i].size;
	}
	m->view.note_count = input_byte(in) % (NOTES_MAX + 1);
	for (size_t i = 0; i < m->view.note_count; i++) {
		m->notes[i].addr = input_long(in);
		m->notes[i].size = input_long(in);
	}
	m->view.ehdr = input_long(in);
	for (size_t i = 0; i < m->view.segment_count; i++) {
		m->bytes[i] = fuzz_room(m->present[i]);
		input_take(in, m->bytes[i], m->present[i]);
	}
}

static void free_module(struct module *m)
{
	for (struct copy *copy = m->copies, *next; copy; copy = next) {
		next = copy->next;
		free(copy);
	}
	for (size_t i = 0; i < m->view.segment_count; i++)
		free(m->bytes[i]);
}

static void look_at_site(const struct module *m, const struct df_table *t, const struct df_site *s)
{
	const char *const texts[] = {s->kind, s->name, s->file, s->doc};
	const size_t size = df_insn_size(s->style);
	MUST(size > 0 && df_view_within(&m->view, s->addr, size, DF_EXEC));
	MUST(s->style != DF_STYLE_X86_GOTO || df_view_within(&m->view, s->target, 1, DF_EXEC));
	MUST(df_view_within(&m->view, s->state, DF_STATE_SIZE, DF_READ | DF_WRITE));
	MUST(s->state % DF_STATE_SIZE == 0);
	for (uint64_t i = 0; i < DF_STATE_SIZE; i++)
		MUST(s->state + i - t->control >= DF_CONTROL_SIZE);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		MUST(strnlen(texts[i], DF_STRING_MAX) < DF_STRING_MAX);
}

static void look_at(const struct module *m, const struct df_table *t, const struct df_site *sites,
		    uint32_t *order)
{
	for (size_t i = 0; i < t->count; i++) {
		look_at_site(m, t, &sites[i]);
		for (size_t j = 0; j < t->count && i < 64; j++) {
			const uint64_t apart = sites[j].addr - sites[i].addr;
			MUST(i == j || sites[i].state != sites[j].state);
			MUST(i == j || sites[j].addr < sites[i].addr ||
			     apart >= df_insn_size(sites[i].style));
		}
	}
	struct df_flag *flags = fuzz_room(t->count * sizeof(*flags));
	const size_t found = df_flags_group(sites, t->count, order, flags);
	size_t grouped = 0;
	for (size_t i = 0; i < found; i++)
		grouped += flags[i].count;
	MUST(grouped == t->count);
	free(flags);
}

static void read_sites(const struct module *m, const struct df_table *t)
{
	struct df_err err = {0};
	struct df_site *sites = fuzz_room(t->count * sizeof(*sites));
	uint32_t *order = fuzz_room(t->count * sizeof(*order));
	const int status = df_table_sites(&m->view, t, sites, order, &err);
	if (status == 0)
		look_at(m, t, sites, order);
	else
		MUST(status == -(int)err.code && err.text[0] != '\0');
	free(order);
	free(sites);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct module m;
	struct df_table table;
	struct df_site last;
	struct df_err err = {0};
	read_module(&in, &m);
	const int status = df_table_find(&m.view, &table, &err);
	if (status < 0)
		MUST(status == -(int)err.code && err.text[0] != '\0');
	/* As image.c has it: the last record says whether to make room for all. */
	if (status > 0 && table.count > 0 && table.count <= SITES_MAX &&
	    df_table_site(&m.view, &table, table.count - 1, &last, &err) == 0)
		read_sites(&m, &table);
	free_module(&m);
	return 0;
}
