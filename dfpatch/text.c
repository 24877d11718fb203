/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - strings of the target made safe to show. */
#include "text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the well-formed UTF-8 sequence at `s` and its code point; 0 if there is none (RFC
 * 3629). */
static size_t decode_utf8(const unsigned char *s, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const size_t length = s[0] < 0x80	      ? 1
			      : (s[0] & 0xe0) == 0xc0 ? 2
			      : (s[0] & 0xf0) == 0xe0 ? 3
			      : (s[0] & 0xf8) == 0xf0 ? 4
						      : 0;
	if (length <= 1) {
		*point = s[0];
		return length;
	}
	uint32_t value = s[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s[i] & 0x3fu);
	}
	*point = value;
	const bool surrogate = value >= 0xd800 && value <= 0xdfff;
	return value < least[length] || value > 0x10ffff || surrogate ? 0 : length;
}

bool text_is_utf8(const char *text)
{
	uint32_t point;
	for (const unsigned char *s = (const unsigned char *)text; *s != '\0';) {
		if (*s < 0x80) {
			s++;
			continue;
		}
		const size_t length = decode_utf8(s, &point);
		if (length == 0)
			return false;
		s += length;
	}
	return true;
}

static bool changes_direction(uint32_t point)
{
	return point == 0x061c || point == 0x200e || point == 0x200f ||
	       (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static bool is_safe(uint32_t point)
{
	return point >= 0x20 && !(point >= 0x7f && point <= 0x9f) && !changes_direction(point) &&
	       point != 0x2028 && point != 0x2029;
}

/* Writes what stands for the bytes at `s` into `piece`; returns how many of them it stands for. */
static size_t escape_one(enum text_for use, const unsigned char *s, char piece[32])
{
	uint32_t point;
	const size_t length = decode_utf8(s, &point);
	const bool line_end = use == TEXT_FOR_DOCUMENT && *s == '\n';
	if (length > 0 && (use == TEXT_FOR_JSON || line_end || is_safe(point))) {
		memcpy(piece, s, length);
		piece[length] = '\0';
		return length;
	}
	if (length > 0 && use == TEXT_FOR_DOCUMENT) {
		snprintf(piece, 32, "\\u%04" PRIx32, point); /* all of them are below U+10000 */
		return length;
	}
	if (*s == '\n' || *s == '\t') {
		memcpy(piece, *s == '\n' ? "\\n" : "\\t", 3);
		return 1;
	}
	const size_t bytes = length > 0 ? length : 1;
	for (size_t i = 0; i < bytes; i++)
		snprintf(piece + 4 * i, 5, "\\x%02x", s[i]);
	return bytes;
}

/* How many bytes are printable ASCII, which stands for itself everywhere; at most `most`. */
static size_t plain_run(const unsigned char *s, size_t most)
{
	size_t length = 0;
	while (length < most && s[length] >= 0x20 && s[length] < 0x7f)
		length++;
	return length;
}

void text_escape(enum text_for use, const char *from, char *to, size_t size)
{
	size_t used = 0;
	for (const unsigned char *s = (const unsigned char *)from;;) {
		char piece[32];
		/* Nearly all of nearly every name: a thousand of them are a tenth of a change. */
		const size_t run = plain_run(s, size - 1 - used);
		memcpy(to + used, s, run);
		used += run;
		s += run;
		if (*s == '\0')
			break;
		s += escape_one(use, s, piece);
		const size_t length = strlen(piece);
		if (used + length + 1 > size)
			break;
		memcpy(to + used, piece, length);
		used += length;
	}
	to[used] = '\0';
}

char *text_escaped(enum text_for use, const char *from)
{
	const size_t size = 6 * strlen(from) + 1; /* a byte becomes \uNNNN at most */
	char *to = malloc(size);
	if (to)
		text_escape(use, from, to, size);
	return to;
}
