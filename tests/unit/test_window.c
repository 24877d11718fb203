/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/window.c: the right bytes, and not many reads for them. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "fake_text.h"

#define ADDR UINT64_C(0x400000)
#define SIZE (1u << 20)

static struct window *begin(struct fake_text *text, size_t present)
{
	struct window *window = malloc(sizeof(*window));
	cr_assert(window);
	fake_text_begin(text);
	uint8_t *bytes = fake_text_add(text, ADDR, SIZE, DF_READ);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	text->present[0] = present;
	window_begin(window, &text->source);
	return window;
}

static void expect(struct fake_text *text, struct window *window, size_t from, size_t size)
{
	const uint8_t *bytes = window_at(window, ADDR + from, size);
	cr_assert(bytes, "%zu at %zu", size, from);
	cr_expect_geq(window_left(window, ADDR + from), size);
	cr_expect_arr_eq(bytes, text->bytes[0] + from, size, "%zu at %zu", size, from);
}

Test(window, straight_on)
{
	struct fake_text text;
	struct window *window = begin(&text, SIZE);
	for (size_t from = 0; from + 15 <= SIZE; from += 11)
		expect(&text, window, from, 15);
	cr_expect_leq(text.pulls, 2 * SIZE / WINDOW_SIZE, "%zu", text.pulls);
	free(window);
	fake_text_free(&text);
}

Test(window, here_and_there)
{
	struct fake_text text;
	struct window *window = begin(&text, SIZE);
	for (size_t i = 0; i < 1000; i++)
		expect(&text, window, i * 7919u * 97u % (SIZE - 100), 1 + i % 100);
	expect(&text, window, SIZE - WINDOW_SIZE, WINDOW_SIZE);
	free(window);
	fake_text_free(&text);
}

/* What is not in the file does not hide what lies in front of it. */
Test(window, at_the_end)
{
	struct fake_text text;
	const size_t present = SIZE / 2 + 10;
	struct window *window = begin(&text, present);
	expect(&text, window, present - 20, 20);
	expect(&text, window, present - 1, 1);
	cr_expect_null(window_at(window, ADDR + present - 1, 2));
	cr_expect_null(window_at(window, ADDR + SIZE - 1, 1));
	expect(&text, window, present - 3, 2);
	cr_expect_null(window_at(window, ADDR + SIZE, 1));
	cr_expect_null(window_at(window, ADDR - 1, 2));
	cr_expect_null(window_at(window, UINT64_MAX, 2));
	cr_expect_null(window_at(window, ADDR, WINDOW_SIZE + 1));
	cr_expect_eq(window_left(window, ADDR + SIZE), 0);
	free(window);
	fake_text_free(&text);
}

/* Two segments that touch are two: an instruction does not go from one to the next. */
Test(window, within_one_segment)
{
	struct fake_text text;
	struct window *window = begin(&text, SIZE);
	fake_text_add(&text, ADDR + SIZE, 16, DF_READ);
	cr_expect_null(window_at(window, ADDR + SIZE - 1, 2));
	cr_expect_not_null(window_at(window, ADDR + SIZE, 16));
	free(window);
	fake_text_free(&text);
}
