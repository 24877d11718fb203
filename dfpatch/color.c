/* SPDX-License-Identifier: Apache-2.0 */
/* color.c - what colours say on a terminal, and whether there are any. */
#include "color.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum color_when chosen = COLOR_AUTO;

/* Of the descriptors that we print to, since what is asked of the kernel is asked for each cell. */
static enum { UNKNOWN, COLORED, COLORLESS } known[STDERR_FILENO + 1];

bool color_parse(const char *text, enum color_when *when)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};
	const char *name = text ? text : names[COLOR_ALWAYS];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0) {
			*when = (enum color_when)i;
			return true;
		}
	return false;
}

void color_choose(enum color_when when)
{
	chosen = when;
	memset(known, 0, sizeof(known));
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);
	return value && *value != '\0';
}

/* Leaves errno alone, which may be what is about to be told. */
static bool is_colored_terminal(int fd)
{
	const int before = errno;
	const bool colored = is_set("TERM") && strcmp(getenv("TERM"), "dumb") != 0 &&
			     !is_set("NO_COLOR") && isatty(fd);
	errno = before;
	return colored;
}

static bool is_colored(int fd)
{
	if (fd < 0 || fd > STDERR_FILENO)
		return is_colored_terminal(fd);
	if (known[fd] == UNKNOWN)
		known[fd] = is_colored_terminal(fd) ? COLORED : COLORLESS;
	return known[fd] == COLORED;
}

bool color_wanted(int fd)
{
	return chosen == COLOR_ALWAYS || (chosen == COLOR_AUTO && is_colored(fd));
}

/* The first eight colours of ECMA-48 only: they follow the terminal's own palette. */
const char *color_sequence(enum color color)
{
	switch (color) {
	case COLOR_GOOD:
		return "\033[32m";
	case COLOR_WARN:
		return "\033[33m";
	case COLOR_BAD:
		return "\033[1;31m";
	case COLOR_PLAIN:
	default:
		return "";
	}
}

const char *color_begin(int fd, enum color color)
{
	return color != COLOR_PLAIN && color_wanted(fd) ? color_sequence(color) : "";
}

const char *color_end(int fd, enum color color)
{
	return color != COLOR_PLAIN && color_wanted(fd) ? "\033[0m" : "";
}
