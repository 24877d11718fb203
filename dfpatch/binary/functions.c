/* SPDX-License-Identifier: Apache-2.0 */
/* functions.c - where the functions of a module lie. */
#include "functions.h"

#include <stdlib.h>

#include "cleanup.h"
#include "eh_frame.h"
#include "elf_symbols.h"

#define LARGEST (((uint32_t)1 << 31) - 1)

struct collection {
	struct functions *functions;
	size_t room;
	struct df_range *text; /* executable segments, ascending */
	size_t text_count;
	uint64_t bias; /* what symbols need added */
	bool no_memory;
};

/* ---- what there is ---- */

static int by_address(const void *a, const void *b)
{
	const struct df_range *left = a, *right = b;
	return (left->addr > right->addr) - (left->addr < right->addr);
}

static bool find_text(struct collection *c, const struct df_view *view)
{
	c->text = calloc(view->segment_count + 1, sizeof(*c->text));
	if (!c->text)
		return false;
	for (size_t i = 0; i < view->segment_count; i++)
		if ((view->segments[i].prot & DF_EXEC) && view->segments[i].size > 0)
			c->text[c->text_count++] = view->segments[i];
	qsort(c->text, c->text_count, sizeof(*c->text), by_address);
	c->functions->base = c->text_count > 0 ? c->text[0].addr : 0;
	return true;
}

/* How many bytes of text follow from `addr` on; 0 if it is in none. */
static uint64_t text_left(const struct collection *c, uint64_t addr)
{
	size_t low = 0, high = c->text_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (c->text[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || addr - c->text[low - 1].addr >= c->text[low - 1].size)
		return 0;
	return c->text[low - 1].size - (addr - c->text[low - 1].addr);
}

static bool make_room(struct collection *c)
{
	struct functions *f = c->functions;
	if (f->count < c->room)
		return true;
	const size_t room = c->room ? 2 * c->room : 1024;
	struct function *larger = realloc(f->list, room * sizeof(*larger));
	c->no_memory = !larger;
	if (!larger)
		return false;
	f->list = larger;
	c->room = room;
	return true;
}

/* While ranges are collected, `open` says that one comes from a symbol. */
static bool add(struct collection *c, uint64_t addr, uint64_t size, bool symbol)
{
	const uint64_t left = text_left(c, addr);
	const uint64_t from = addr - c->functions->base;
	if (left == 0 || from > UINT32_MAX)
		return true;
	if (!make_room(c))
		return false;
	if (size > left)
		size = left;
	c->functions->list[c->functions->count++] = (struct function){
		.start = (uint32_t)from,
		.size = (size < LARGEST ? (uint32_t)size : LARGEST) & LARGEST,
		.open = symbol,
	};
	return true;
}

static bool add_frame(void *context, uint64_t addr, uint64_t size)
{
	return size == 0 || add(context, addr, size, false);
}

static bool add_symbol(void *context, uint64_t addr, uint64_t size)
{
	struct collection *c = context;
	return add(c, addr + c->bias, size, true);
}

static int collect(struct collection *c, const struct window_source *source,
		   const struct elf_info *elf, int fd, struct df_err *err)
{
	CLEANUP_FREE struct window *window = malloc(sizeof(*window));
	const struct eh_frame where = {
		.header = c->bias + elf->eh_frame_hdr,
		.header_size = elf->eh_frame_hdr_size,
		.frames = c->bias + elf->eh_frame,
		.frames_size = elf->eh_frame_size,
	};
	if (!window || !find_text(c, source->view))
		return df_fail_memory(err);
	window_begin(window, source);
	c->functions->frames_damaged =
		eh_frame_each(window, &where, add_frame, c) == EH_FRAME_DAMAGED;
	c->functions->symbols_damaged = fd >= 0 && elf_symbols_each(fd, add_symbol, c, NULL) < 0;
	return c->no_memory ? df_fail_memory(err) : 0;
}

/* ---- one beside the other ---- */

/* Of those that begin at one place: frames first, then the largest. */
static int by_start(const void *a, const void *b)
{
	const struct function *left = a, *right = b;
	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	if (left->open != right->open)
		return left->open ? 1 : -1;
	return (left->size < right->size) - (left->size > right->size);
}

static void sort(struct functions *f)
{
	for (size_t i = 1; i < f->count; i++) {
		if (by_start(&f->list[i - 1], &f->list[i]) <= 0)
			continue;
		qsort(f->list, f->count, sizeof(*f->list), by_start);
		return;
	}
}

/* The range that was begun last, and how far those reach that began so far. */
struct cover {
	uint64_t frames;
	uint64_t symbols;
	uint64_t limit; /* where the last range ends if none begins before */
	bool open;	/* it is a symbol without a size, and goes on to the next one */
};

/* Whether a range begins there that is not just a part of another. */
static bool begins(const struct cover *c, const struct function *next)
{
	if (!next->open)
		return true;
	if (next->start < c->frames)
		return false;
	return next->size > 0 || next->start >= c->limit || c->open;
}

static void begin(struct collection *c, struct cover *cover, const struct function *next)
{
	const uint64_t end = (uint64_t)next->start + next->size;
	uint64_t *reach = next->open ? &cover->symbols : &cover->frames;
	if (end > *reach)
		*reach = end;
	cover->limit = *reach;
	cover->open = cover->limit == next->start;
	if (cover->open)
		cover->limit += text_left(c, c->functions->base + next->start);
}

/* Ends the last one, where the next one begins or (UINT64_MAX) there is none. */
static void end(const struct cover *c, struct function *last, uint64_t next)
{
	const uint64_t size = (c->limit < next ? c->limit : next) - last->start;
	last->size = (size < LARGEST ? (uint32_t)size : LARGEST) & LARGEST;
	last->open = c->open;
}

/*
 * Frames are right where symbols say something else: the unwinder depends on them, and nothing
 * on the size of a symbol. Where one range begins within another, an instruction was meant to
 * begin there, and what lies before it may be padding.
 */
static void separate(struct collection *c)
{
	struct functions *f = c->functions;
	struct cover cover = {0};
	size_t count = 0;
	for (size_t i = 0; i < f->count; i++) {
		const struct function next = f->list[i];
		struct function *last = count > 0 ? &f->list[count - 1] : NULL;
		if ((last && last->start == next.start) || !begins(&cover, &next))
			continue;
		if (last)
			end(&cover, last, next.start);
		begin(c, &cover, &next);
		f->list[count++] = next;
	}
	if (count > 0)
		end(&cover, &f->list[count - 1], UINT64_MAX);
	f->count = count;
}

int functions_find(const struct window_source *source, const struct elf_info *elf, uint64_t bias,
		   int fd, struct functions *functions, struct df_err *err)
{
	struct collection c = {.functions = functions, .bias = bias};
	*functions = (struct functions){0};
	const int status = collect(&c, source, elf, fd, err);
	if (status == 0) {
		sort(functions);
		separate(&c);
	} else {
		functions_free(functions);
	}
	free(c.text);
	return status;
}

void functions_free(struct functions *functions)
{
	free(functions->list);
	*functions = (struct functions){0};
}
