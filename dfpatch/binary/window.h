/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - bytes of a module's segments that are looked at once and not kept.
 *
 * A snapshot keeps all that it read: right for tables and strings, and too much
 * for the whole text of a large program. A window holds one piece at a time.
 */
#ifndef DFPATCH_WINDOW_H
#define DFPATCH_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "mem.h"
#include "snapshot.h"

#define WINDOW_SIZE 65536

/*
 * Where the bytes come from. Addresses are of the view's space, of which only the
 * segments are used. `pull` may be called by several threads at once.
 */
struct window_source {
	const struct df_view *view;
	snapshot_pull pull;
	void *context;
};

/* Large: not for the stack. Belongs to one thread. */
struct window {
	const struct window_source *source;
	uint64_t start; /* what `bytes` holds */
	size_t size;
	size_t ahead; /* how much to read at once: the more, the longer it went straight on */
	uint8_t bytes[WINDOW_SIZE];
};

/* Empty; `source` must outlive it. */
void window_begin(struct window *window, const struct window_source *source);

/*
 * The `size` bytes (1 to WINDOW_SIZE) at `addr`, or NULL if they do not lie in one
 * segment or cannot be had. Valid until the next call; the caller may write to them.
 */
uint8_t *window_at(struct window *window, uint64_t addr, size_t size);

/* How many bytes from `addr` on the window holds; 0 if that one is not in it. */
static inline size_t window_left(const struct window *window, uint64_t addr)
{
	const uint64_t from = addr - window->start;
	return from < window->size ? (size_t)(window->size - from) : 0;
}

#endif
