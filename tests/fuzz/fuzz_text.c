/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_text.c - strings of a target on their way to a terminal, to JSON and to a document. */
#include "fuzz.h"
#include "text.h"

/* Written anew, and not as text.c does it: the next code point, or -1 for what is no UTF-8. */
static long next_point(const char **at)
{
	const unsigned char *s = (const unsigned char *)*at;
	size_t more = 0;
	long point = s[0];
	if (s[0] >= 0x80) {
		more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : 1;
		point = s[0] & (0x3f >> more);
		if (s[0] < 0xc2 || s[0] > 0xf4)
			return -1;
	}
	for (size_t i = 1; i <= more; i++) {
		if (s[i] < 0x80 || s[i] > 0xbf)
			return -1;
		point = point * 64 + (s[i] - 0x80);
	}
	if ((more == 2 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) ||
	    (more == 3 && (point < 0x10000 || point > 0x10ffff)))
		return -1;
	*at += more + 1;
	return point;
}

static int moves_or_hides(long point)
{
	static const struct {
		long first, last;
	} ranges[] = {
		{0, 0x1f},	  {0x7f, 0x9f},	    {0x61c, 0x61c},
		{0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
	};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return 1;
	return 0;
}

static void look_at(enum text_for use, const char *text)
{
	while (*text != '\0') {
		const long point = next_point(&text);
		MUST(point > 0);
		if (use == TEXT_FOR_DOCUMENT && point == '\n')
			continue;
		MUST(use == TEXT_FOR_JSON || !moves_or_hides(point));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const size_t room = (size_t)input_byte(&in) + 1;
	char *text = input_text(&in), *cut = fuzz_room(room);
	for (int use = TEXT_FOR_TERMINAL; use <= TEXT_FOR_DOCUMENT; use++) {
		text_escape((enum text_for)use, text, cut, room);
		MUST(strnlen(cut, room) < room);
		look_at((enum text_for)use, cut);
		char *whole = text_escaped((enum text_for)use, text);
		MUST(whole && strlen(whole) >= strlen(text) / 4);
		look_at((enum text_for)use, whole);
		MUST(strncmp(whole, cut, strlen(cut)) == 0);
		free(whole);
	}
	free(cut);
	free(text);
	return 0;
}
