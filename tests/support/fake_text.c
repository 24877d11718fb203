/* SPDX-License-Identifier: Apache-2.0 */
/* fake_text.c - segments in arrays, read through a window. */
#include "fake_text.h"

#include <stdlib.h>
#include <string.h>

static int pull(void *context, uint64_t addr, void *to, size_t size)
{
	struct fake_text *text = context;
	atomic_fetch_add(&text->pulls, 1);
	for (size_t i = 0; i < text->view.segment_count; i++) {
		const uint64_t from = addr - text->segments[i].addr;
		if (from >= text->present[i])
			continue;
		if (size > text->present[i] - from)
			return -1;
		memcpy(to, text->bytes[i] + from, size);
		return 0;
	}
	return -1;
}

void fake_text_begin(struct fake_text *text)
{
	memset(text, 0, sizeof(*text));
	text->view.segments = text->segments;
	text->source = (struct window_source){&text->view, pull, text};
}

uint8_t *fake_text_add(struct fake_text *text, uint64_t addr, size_t size, unsigned prot)
{
	const size_t i = text->view.segment_count++;
	if (i >= FAKE_SEGMENTS)
		abort();
	text->segments[i] = (struct df_range){.addr = addr, .size = size, .prot = prot};
	text->present[i] = size;
	text->bytes[i] = calloc(size, 1);
	if (!text->bytes[i])
		abort();
	return text->bytes[i];
}

void fake_text_free(struct fake_text *text)
{
	for (size_t i = 0; i < text->view.segment_count; i++)
		free(text->bytes[i]);
}
