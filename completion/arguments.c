/* SPDX-License-Identifier: Apache-2.0 */
/* arguments.c - how shells complete the arguments of options, by their names. */
#include "arguments.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *argument, *completion;
} table[] = {
	{"COLUMNS", "columns"}, {"DIR", "directories"}, {"FILE", "files"},   {"KIND", "kinds"},
	{"LINE", "lines"},	{"NAME", "names"},	{"PATH", "files"},   {"PID", "pids"},
	{"PLACE", "places"},	{"TEXT", "nothing"},	{"TIME", "nothing"}, {"WHEN", "when"},
};

const char *completion_of(const char *argument)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].argument, argument) == 0)
			return table[i].completion;
	return NULL;
}
