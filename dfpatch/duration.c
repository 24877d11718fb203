/* SPDX-License-Identifier: Apache-2.0 */
/* duration.c - times and ages as they are written on the command line. */
#include "duration.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool duration_parse(const char *text, uint64_t *ns)
{
	char *end;
	errno = 0;
	const double value = strtod(text, &end);
	double unit = 1e9;
	/* strtod takes white space, signs, hexadecimal, exponents and words as well. */
	if ((!isdigit((unsigned char)*text) && *text != '.') || strpbrk(text, "xXeE"))
		return false;
	if (strcmp(end, "ms") == 0)
		unit = 1e6;
	else if (*end != '\0' && strcmp(end, "s") != 0)
		return false;
	if (errno != 0 || end == text || !(value >= 0) || value * unit > 86400e9)
		return false;
	*ns = (uint64_t)(value * unit);
	return true;
}

bool duration_parse_age(const char *text, int64_t *seconds)
{
	char *end;
	errno = 0;
	const long count = strtol(text, &end, 10);
	const long days = *end == 'd' ? 1 : *end == 'w' ? 7 : 365;
	if (!isdigit((unsigned char)*text) || errno != 0 || *end == '\0' || !strchr("dwy", *end) ||
	    end[1] != '\0' || count < 1 || count > 365000 / days)
		return false;
	*seconds = (int64_t)count * days * 24 * 60 * 60;
	return true;
}
