/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_text.h - segments in arrays, read through a window.
 *
 * Each pull is counted, and copies from memory of exactly the size of the
 * segment, so that a sanitizer sees each byte read beyond it.
 */
#ifndef FAKE_TEXT_H
#define FAKE_TEXT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "window.h"

#define FAKE_SEGMENTS 4

struct fake_text {
	struct window_source source;
	struct df_view view;
	struct df_range segments[FAKE_SEGMENTS];
	uint8_t *bytes[FAKE_SEGMENTS];
	size_t present[FAKE_SEGMENTS]; /* bytes that can be had; the others are not in the file */
	atomic_size_t pulls;
};

/* Begins with no segments. Not to be moved afterwards. */
void fake_text_begin(struct fake_text *text);

/* Adds a segment of zeros and returns its bytes; `prot` is DF_READ | DF_EXEC, for one. */
uint8_t *fake_text_add(struct fake_text *text, uint64_t addr, size_t size, unsigned prot);

void fake_text_free(struct fake_text *text);

#endif
