/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/text.c: whatever the bytes are, what is shown is harmless and UTF-8. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static const struct {
	const char *row, *from, *terminal, *json;
} table[] = {
	{"empty", "", "", ""},
	{"plain", "http:fast_path@src/conn.c:41", "http:fast_path@src/conn.c:41",
	 "http:fast_path@src/conn.c:41"},
	{"newline and tab", "a\nb\tc", "a\\nb\\tc", "a\nb\tc"},
	{"carriage return", "a\rb", "a\\x0db", "a\rb"},
	{"terminal escape", "\033[31mred", "\\x1b[31mred", "\033[31mred"},
	{"bell and backspace", "\a\b", "\\x07\\x08", "\a\b"},
	{"first control", "\001", "\\x01", "\001"},
	{"last control, and space", "\x1f ", "\\x1f ", "\x1f "},
	{"delete", "~\x7f", "~\\x7f", "~\x7f"},
	{"backslash", "a\\x41", "a\\x41", "a\\x41"},
	{"quotes", "\"'<&>", "\"'<&>", "\"'<&>"},
	{"C1 control (CSI)",
	 "\xc2\x9b"
	 "31m",
	 "\\xc2\\x9b31m",
	 "\xc2\x9b"
	 "31m"},
	{"first after C1", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0"},
	{"two bytes", "caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9"},
	{"three bytes", "\xe2\x82\xac", "\xe2\x82\xac", "\xe2\x82\xac"},
	{"four bytes", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	{"last code point", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
	{"beyond the last", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80"},
	{"five byte form", "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80",
	 "\\xf8\\x88\\x80\\x80\\x80"},
	{"fe and ff", "\xfe\xff", "\\xfe\\xff", "\\xfe\\xff"},
	{"lone continuation", "a\x80z", "a\\x80z", "a\\x80z"},
	{"overlong slash", "\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf"},
	{"overlong escape", "\xc0\x9b[", "\\xc0\\x9b[", "\\xc0\\x9b["},
	{"overlong in three", "\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\xe0\\x80\\xaf"},
	{"largest overlong in three", "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf", "\\xe0\\x9f\\xbf"},
	{"smallest of three", "\xe0\xa0\x80", "\xe0\xa0\x80", "\xe0\xa0\x80"},
	{"overlong in four", "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf", "\\xf0\\x8f\\xbf\\xbf"},
	{"first surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80"},
	{"last surrogate", "\xed\xbf\xbf", "\\xed\\xbf\\xbf", "\\xed\\xbf\\xbf"},
	{"before the surrogates", "\xed\x9f\xbf", "\xed\x9f\xbf", "\xed\x9f\xbf"},
	{"behind the surrogates", "\xee\x80\x80", "\xee\x80\x80", "\xee\x80\x80"},
	{"cut after one of two", "\xc3", "\\xc3", "\\xc3"},
	{"cut after two of three", "\xe2\x82", "\\xe2\\x82", "\\xe2\\x82"},
	{"cut after three of four", "\xf0\x9f\x98", "\\xf0\\x9f\\x98", "\\xf0\\x9f\\x98"},
	{"broken, then sound", "\xe2\x82\xc3\xa9", "\\xe2\\x82\xc3\xa9", "\\xe2\\x82\xc3\xa9"},
	{"right-to-left override",
	 "a\xe2\x80\xae"
	 "b",
	 "a\\xe2\\x80\\xaeb",
	 "a\xe2\x80\xae"
	 "b"},
	{"left-to-right mark", "\xe2\x80\x8e", "\\xe2\\x80\\x8e", "\xe2\x80\x8e"},
	{"right-to-left mark", "\xe2\x80\x8f", "\\xe2\\x80\\x8f", "\xe2\x80\x8f"},
	{"first embedding", "\xe2\x80\xaa", "\\xe2\\x80\\xaa", "\xe2\x80\xaa"},
	{"first isolate", "\xe2\x81\xa6", "\\xe2\\x81\\xa6", "\xe2\x81\xa6"},
	{"last isolate", "\xe2\x81\xa9", "\\xe2\\x81\\xa9", "\xe2\x81\xa9"},
	{"Arabic letter mark", "\xd8\x9c", "\\xd8\\x9c", "\xd8\x9c"},
	{"line separator", "\xe2\x80\xa8", "\\xe2\\x80\\xa8", "\xe2\x80\xa8"},
	{"paragraph separator", "\xe2\x80\xa9", "\\xe2\\x80\\xa9", "\xe2\x80\xa9"},
	{"Arabic itself stays", "\xd8\xa7", "\xd8\xa7", "\xd8\xa7"},
};

Test(text, each_kind_of_character)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		char to[256];
		text_escape(TEXT_FOR_TERMINAL, table[i].from, to, sizeof(to));
		cr_expect_str_eq(to, table[i].terminal, "%s: '%s'", table[i].row, to);
		text_escape(TEXT_FOR_JSON, table[i].from, to, sizeof(to));
		cr_expect_str_eq(to, table[i].json, "%s for JSON: '%s'", table[i].row, to);
	}
}

/* A document keeps its lines and its meaning: \u says the same inside a string. */
Test(text, json_documents)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"{\n \"a\": \"\xc3\xa9\"\n}", "{\n \"a\": \"\xc3\xa9\"\n}"},
		{"\"\x7f\"", "\"\\u007f\""},
		{"\"\xc2\x9b\"", "\"\\u009b\""},
		{"\"\xe2\x80\xae\"", "\"\\u202e\""},
		{"\"\xe2\x80\xa8\"", "\"\\u2028\""},
		{"\"\xd8\x9c\"", "\"\\u061c\""},
		{"\"\xf0\x9f\x98\x80\"", "\"\xf0\x9f\x98\x80\""},
		{"\x7f\x7f\x7f", "\\u007f\\u007f\\u007f"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *to = text_escaped(TEXT_FOR_DOCUMENT, rows[i].from);
		cr_assert(to);
		cr_expect_str_eq(to, rows[i].to, "%zu: '%s'", i, to);
		free(to);
	}
}

/* A stricter reader of UTF-8 than the one under test: a table of RFC 3629's ranges. */
static size_t sequence(const unsigned char *s)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t length;
	} forms[] = {
		{0x01, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (forms[i].length > 1 && (s[1] < forms[i].low || s[1] > forms[i].high))
			return 0;
		for (size_t j = 2; j < forms[i].length; j++)
			if (s[j] < 0x80 || s[j] > 0xbf)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static bool is_utf8(const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s != '\0';) {
		const size_t length = sequence(s);
		if (length == 0)
			return false;
		s += length;
	}
	return true;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

Test(text, every_two_bytes_come_out_as_utf8)
{
	for (unsigned value = 0x0101; value <= 0xffff; value++) {
		const char from[] = {(char)(value >> 8), (char)value, '\0'};
		char to[16];
		text_escape(TEXT_FOR_TERMINAL, from, to, sizeof(to));
		cr_assert(is_utf8(to) && !has_control(to), "%#x", value);
		text_escape(TEXT_FOR_JSON, from, to, sizeof(to));
		cr_assert(is_utf8(to), "%#x for JSON", value);
	}
}

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

Test(text, random_bytes_come_out_as_utf8)
{
	uint32_t seed = 1;
	for (int round = 0; round < 20000; round++) {
		char from[13] = {0};
		for (size_t i = 0; i < sizeof(from) - 1; i++) {
			/* Half of them lead or continue a sequence. */
			const uint32_t value = random_next(&seed);
			from[i] = (char)(value & 0x100 ? 0x80 | value : value);
		}
		char *safe = text_escaped(TEXT_FOR_TERMINAL, from);
		cr_assert(safe);
		cr_assert(is_utf8(safe) && !has_control(safe), "round %d", round);
		free(safe);
	}
}

/* Cut at every size: terminated, a beginning of the whole, and never in the middle of a piece. */
Test(text, cut_to_fit)
{
	static const char from[] = "ab\xc3\xa9\n\x1b\xf0\x9f\x98\x80\xff\xe2\x82\xac!";
	char *whole = text_escaped(TEXT_FOR_TERMINAL, from);
	cr_assert_str_eq(whole, "ab\xc3\xa9\\n\\x1b\xf0\x9f\x98\x80\\xff\xe2\x82\xac!");
	for (size_t size = 1; size <= strlen(whole) + 2; size++) {
		char *to = malloc(size);
		cr_assert(to);
		memset(to, 'x', size);
		text_escape(TEXT_FOR_TERMINAL, from, to, size);
		const size_t length = strnlen(to, size);
		cr_assert_lt(length, size, "size %zu: not terminated", size);
		cr_expect(strncmp(to, whole, length) == 0, "size %zu", size);
		cr_expect(is_utf8(to), "size %zu", size);
		/* No piece is longer than 4 bytes. */
		cr_expect(length == strlen(whole) || length + 4 >= size, "size %zu", size);
		free(to);
	}
	free(whole);
}
