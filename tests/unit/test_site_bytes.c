/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/site_bytes.c: what stands at a site, on any number of threads. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fake_places.h"
#include "fake_text.h"
#include "site.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define ADDR UINT64_C(0x401000)
#define GOTO DF_STYLE_X86_GOTO
#define CARRY DF_STYLE_X86_CARRY

static const struct {
	const char *row;
	const char *code;
	size_t size;
	uint8_t style;
	enum site_bytes is;
} rows[] = {
	{"straight", "\xa9\x00\x01\0\0", 5, GOTO, SITE_BYTES_STRAIGHT},
	{"jump", "\xe9\x00\x01\0\0", 5, GOTO, SITE_BYTES_JUMP},
	{"breakpoint", "\xcc\x00\x01\0\0", 5, GOTO, SITE_BYTES_BREAKPOINT},
	{"elsewhere", "\xe9\x01\x01\0\0", 5, GOTO, SITE_BYTES_OTHER},
	{"straight, but leads elsewhere", "\xa9\x00\x01\0\x80", 5, GOTO, SITE_BYTES_OTHER},
	{"breakpoint in something else", "\xcc\xcc\xcc\xcc\xcc", 5, GOTO, SITE_BYTES_OTHER},
	{"call", "\xe8\x00\x01\0\0", 5, GOTO, SITE_BYTES_OTHER},
	{"clc", "\xf8", 1, CARRY, SITE_BYTES_STRAIGHT},
	{"stc", "\xf9", 1, CARRY, SITE_BYTES_JUMP},
	{"breakpoint on carry", "\xcc", 1, CARRY, SITE_BYTES_BREAKPOINT},
	{"cmc", "\xf5", 1, CARRY, SITE_BYTES_OTHER},
	{"no style that we know", "\xa9\x00\x01\0\0", 5, 3, SITE_BYTES_OTHER},
	{"cut by the end", "\xa9\x00\x01\0", 4, GOTO, SITE_BYTES_UNREADABLE},
};

Test(site_bytes, kinds)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct place place = {ADDR, ADDR + 0x105, rows[i].style};
		const struct places places = fake_places(&place, 1, 1);
		struct fake_text text;
		struct df_err err = {0};
		uint8_t bytes = 0xee;
		fake_text_begin(&text);
		memcpy(fake_text_add(&text, ADDR, rows[i].size, DF_READ | DF_EXEC), rows[i].code,
		       rows[i].size);
		cr_assert_eq(site_bytes_find(&text.source, &places, &bytes, &err), 0, "%s",
			     err.text);
		cr_expect_eq(bytes, rows[i].is, "%s: %u", rows[i].row, bytes);
		fake_text_free(&text);
	}
}

struct progress {
	uint64_t done;
	uint64_t all;
};

static void take_progress(void *context, uint64_t done, uint64_t all)
{
	struct progress *progress = context;
	cr_expect(done >= progress->done && done <= all);
	*progress = (struct progress){done, all};
}

/* Many more than are looked at at once, in two orders, with a fault here and there. */
Test(site_bytes, many)
{
	enum { MANY = 20000, STRIDE = 16 };
	struct place *list = calloc(MANY, sizeof(*list));
	struct fake_text text;
	fake_text_begin(&text);
	uint8_t *code = fake_text_add(&text, ADDR, MANY * STRIDE, DF_READ | DF_EXEC);
	for (size_t i = 0; i < MANY; i++) {
		const size_t at = STRIDE * (i % 2 ? i : MANY - 1 - (i | 1));
		code[at] = i % 7 == 0 ? 0xe9 : i % 1001 == 0 ? 0xcc : i % 333 == 0 ? 0x90 : 0xa9;
		list[i] = (struct place){ADDR + at, ADDR + at + 5, GOTO};
	}
	for (unsigned threads = 0; threads <= 3; threads++) {
		struct places places = fake_places(list, MANY, threads);
		struct progress progress = {0};
		struct df_err err = {0};
		uint8_t *bytes = malloc(MANY);
		places.progress = take_progress;
		places.progress_context = &progress;
		cr_assert_eq(site_bytes_find(&text.source, &places, bytes, &err), 0);
		for (size_t i = 0; i < MANY; i++)
			cr_assert_eq(bytes[i],
				     i % 7 == 0	     ? SITE_BYTES_JUMP
				     : i % 1001 == 0 ? SITE_BYTES_BREAKPOINT
				     : i % 333 == 0  ? SITE_BYTES_OTHER
						     : SITE_BYTES_STRAIGHT,
				     "%zu: %u", i, bytes[i]);
		cr_expect(threads != 1 || progress.all == MANY);
		free(bytes);
	}
	fake_text_free(&text);
	free(list);
}
