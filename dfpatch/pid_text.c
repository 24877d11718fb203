/* SPDX-License-Identifier: Apache-2.0 */
/* pid_text.c - process ids of a command line. */
#include "pid_text.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool parse_number(const char *text, char **end, pid_t *number)
{
	errno = 0;
	const long value = strtol(text, end, 10);
	if (errno != 0 || !isdigit((unsigned char)*text) || value <= 0 || value > INT_MAX)
		return false;
	*number = (pid_t)value;
	return true;
}

bool pid_text_parse(const char *text, const char **end, pid_t *pid, pid_t *member)
{
	char *behind;
	*member = 0;
	if (!parse_number(text + strspn(text, " \t"), &behind, pid) ||
	    (*behind == '@' && !parse_number(behind + 1, &behind, member)))
		return false;
	*end = behind + strspn(behind, " \t");
	return **end == ',' || **end == '\0';
}
