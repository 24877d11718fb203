/* SPDX-License-Identifier: Apache-2.0 */
/* window.c - bytes of a module's segments that are looked at once and not kept. */
#include "window.h"

#define LEAST_AHEAD 4096

void window_begin(struct window *window, const struct window_source *source)
{
	window->source = source;
	window->start = 0;
	window->size = 0;
	window->ahead = LEAST_AHEAD;
}

/* Whoever reads here and there must not pay for 64 kB each time. */
static size_t read_ahead(struct window *window, uint64_t addr)
{
	const bool straight = addr >= window->start && addr - window->start <= window->size;
	window->ahead = straight ? 2 * window->ahead : LEAST_AHEAD;
	if (window->ahead > WINDOW_SIZE)
		window->ahead = WINDOW_SIZE;
	return window->ahead;
}

static bool fill(struct window *window, uint64_t addr, size_t size)
{
	const struct window_source *s = window->source;
	window->start = addr;
	window->size = s->pull(s->context, addr, window->bytes, size) == 0 ? size : 0;
	return window->size > 0;
}

uint8_t *window_at(struct window *window, uint64_t addr, size_t size)
{
	if (window_left(window, addr) >= size)
		return window->bytes + (addr - window->start);
	const struct df_range *segment = df_view_within(window->source->view, addr, size, 0);
	if (!segment || size > WINDOW_SIZE)
		return NULL;
	const uint64_t left = segment->addr + segment->size - addr;
	const size_t ahead = read_ahead(window, addr);
	/* The rest of the segment may be in no file, or not mapped any more. */
	if ((ahead > size && left > size &&
	     fill(window, addr, left < ahead ? (size_t)left : ahead)) ||
	    fill(window, addr, size))
		return window->bytes;
	return NULL;
}
