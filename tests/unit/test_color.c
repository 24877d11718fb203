/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/color.c: when there are colours. tests/cli/color.sh shows which. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "color.h"

static int terminal;

/* In place of the function of the C library; how often it was asked. */
static int asked;

int isatty(int fd)
{
	struct termios modes;
	asked++;
	return ioctl(fd, TCGETS, &modes) == 0;
}

static void open_terminal(void)
{
	const int master = posix_openpt(O_RDWR | O_NOCTTY);
	cr_assert_geq(master, 0);
	cr_assert_eq(grantpt(master), 0);
	cr_assert_eq(unlockpt(master), 0);
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	cr_assert_geq(terminal, 0);
	cr_assert(isatty(terminal));
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
}

TestSuite(color, .init = open_terminal);

static bool wanted(enum color_when when, int fd)
{
	color_choose(when);
	return color_wanted(fd);
}

Test(color, are_on_terminals_only)
{
	int pipes[2];
	cr_assert_eq(pipe(pipes), 0);
	cr_expect(color_wanted(terminal), "without a choice");
	cr_expect(wanted(COLOR_AUTO, terminal));
	cr_expect_not(wanted(COLOR_AUTO, pipes[1]));
	cr_expect_not(wanted(COLOR_AUTO, -1));
	cr_expect(wanted(COLOR_ALWAYS, pipes[1]));
	cr_expect_not(wanted(COLOR_NEVER, terminal));
}

Test(color, environment)
{
	static const struct {
		const char *term, *no_color; /* NULL: not set */
		bool wanted;
	} rows[] = {
		{"xterm", NULL, true}, {"xterm", "", true}, /* set means set to something */
		{"xterm", "1", false}, {"xterm", "0", false}, {"dumb", NULL, false},
		{NULL, NULL, false},   {"", NULL, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsetenv("TERM");
		unsetenv("NO_COLOR");
		if (rows[i].term)
			setenv("TERM", rows[i].term, 1);
		if (rows[i].no_color)
			setenv("NO_COLOR", rows[i].no_color, 1);
		cr_expect_eq(wanted(COLOR_AUTO, terminal), rows[i].wanted, "row %zu", i);
		cr_expect(wanted(COLOR_ALWAYS, terminal), "row %zu: the option wins", i);
	}
}

/* A report of a thousand flags has as many cells that may be coloured. */
Test(color, the_terminal_is_asked_once)
{
	cr_assert(dup2(terminal, STDOUT_FILENO) >= 0);
	color_choose(COLOR_AUTO);
	asked = 0;
	for (int i = 0; i < 1000; i++)
		cr_expect_neq(*color_begin(STDOUT_FILENO, COLOR_GOOD), '\0');
	cr_expect_eq(asked, 1);
}

Test(color, leaves_errno_alone)
{
	errno = ENOSPC;
	cr_expect_not(color_wanted(-1));
	cr_expect_eq(errno, ENOSPC);
}

Test(color, words)
{
	enum color_when when = COLOR_NEVER;
	cr_expect(color_parse("auto", &when) && when == COLOR_AUTO);
	cr_expect(color_parse("always", &when) && when == COLOR_ALWAYS);
	cr_expect(color_parse("never", &when) && when == COLOR_NEVER);
	cr_expect(color_parse(NULL, &when) && when == COLOR_ALWAYS);
	when = COLOR_NEVER;
	cr_expect_not(color_parse("", &when));
	cr_expect_not(color_parse("Always", &when));
	cr_expect_eq(when, COLOR_NEVER, "not touched");
}

/* What begins ends, and what is plain has neither. */
Test(color, stand_around_a_text)
{
	color_choose(COLOR_ALWAYS);
	for (int color = COLOR_GOOD; color <= COLOR_BAD; color++) {
		cr_expect_str_eq(color_begin(terminal, (enum color)color),
				 color_sequence((enum color)color));
		cr_expect_eq(*color_begin(terminal, (enum color)color), '\033');
		cr_expect_str_eq(color_end(terminal, (enum color)color), "\033[0m");
	}
	cr_expect_str_eq(color_begin(terminal, COLOR_PLAIN), "");
	cr_expect_str_eq(color_end(terminal, COLOR_PLAIN), "");
	color_choose(COLOR_NEVER);
	cr_expect_str_eq(color_begin(terminal, COLOR_BAD), "");
	cr_expect_str_eq(color_end(terminal, COLOR_BAD), "");
}
