/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c - the nearest of several names. */
#include "nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void nearest_begin(struct nearest *nearest, const char *wanted)
{
	*nearest = (struct nearest){.distance = strlen(wanted) / 3 + 1};
	snprintf(nearest->wanted, sizeof(nearest->wanted), "%s", wanted);
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static uint8_t least(unsigned a, unsigned b, unsigned c)
{
	const unsigned first = a < b ? a : b;
	return (uint8_t)(first < c ? first : c);
}

/*
 * Letters that are missing, too many, others, or have changed places (the optimal string
 * alignment distance); upper and lower case are alike. Neither text is longer than
 * NEAREST_LENGTH.
 */
static size_t distance(const char *a, const char *b)
{
	uint8_t rows[3][NEAREST_LENGTH + 1];
	const size_t length = strlen(b);
	size_t i;
	for (size_t j = 0; j <= length; j++)
		rows[0][j] = (uint8_t)j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		uint8_t *now = rows[i % 3];
		const uint8_t *before = rows[(i - 1) % 3], *earlier = rows[(i + 1) % 3];
		now[0] = (uint8_t)i;
		for (size_t j = 1; j <= length; j++) {
			now[j] = least(before[j] + 1u, now[j - 1] + 1u,
				       before[j - 1] + (same(a[i - 1], b[j - 1]) ? 0u : 1u));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				now[j] = least(now[j], earlier[j - 2] + 1u, now[j]);
		}
	}
	return rows[(i - 1) % 3][length];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	const size_t length = strlen(name), wanted = strlen(nearest->wanted);
	const size_t between = length > wanted ? length - wanted : wanted - length;
	if (length > NEAREST_LENGTH || wanted > NEAREST_LENGTH || between >= nearest->distance ||
	    nearest->offered >= NEAREST_NAMES)
		return;
	nearest->offered++;
	const size_t found = distance(nearest->wanted, name);
	if (found >= nearest->distance)
		return;
	nearest->distance = found;
	memcpy(nearest->name, name, length + 1);
}

const char *nearest_name(const struct nearest *nearest)
{
	return nearest->name[0] != '\0' ? nearest->name : NULL;
}
