/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/progress.c, with a terminal of their own. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pty.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

/* The time is what a test makes it, in place of the function of the C library. */
static uint64_t now = 5000000000u;

int clock_gettime(clockid_t clock, struct timespec *time)
{
	(void)clock;
	*time = (struct timespec){.tv_sec = (time_t)(now / 1000000000u),
				  .tv_nsec = (long)(now % 1000000000u)};
	return 0;
}

static int screen = -1;

static void open_terminal(void)
{
	int terminal;
	cr_assert_eq(openpty(&screen, &terminal, NULL, NULL, NULL), 0);
	cr_assert(dup2(terminal, STDERR_FILENO) >= 0);
	cr_assert_eq(fcntl(screen, F_SETFL, O_NONBLOCK), 0);
}

/* What was written since. */
static const char *shown(void)
{
	static char text[4096];
	fflush(stderr);
	const ssize_t size = read(screen, text, sizeof(text) - 1);
	text[size > 0 ? size : 0] = '\0';
	return text;
}

Test(progress, not_within_a_second)
{
	struct progress_bar bar;
	open_terminal();
	progress_begin(&bar);
	now += 999000000;
	progress_show(&bar, 1, 2);
	cr_expect_str_eq(shown(), "");
	progress_erase(&bar);
	cr_expect_str_eq(shown(), "");
}

Test(progress, shown_and_erased)
{
	struct progress_bar bar;
	open_terminal();
	progress_begin(&bar);
	bar.label = "a\033[31mred";
	now += 1000000000;
	progress_show(&bar, 1, 2);
	cr_expect_str_eq(shown(), "\r\033[K[###############---------------]  50% a\\x1b[31mred");
	progress_show(&bar, 3, 4);
	cr_expect_str_eq(shown(), "", "not more often than ten times a second");
	now += 100000000;
	progress_show(&bar, 7, 2);
	cr_expect(strstr(shown(), "[##############################] 100%"));
	progress_erase(&bar);
	cr_expect_str_eq(shown(), "\r\033[K");
	progress_erase(&bar);
	cr_expect_str_eq(shown(), "");
	now += 100000000;
	progress_show(&bar, 0, 0);
	cr_expect(strstr(shown(), "   0%"));
}

Test(progress, only_on_a_terminal)
{
	struct progress_bar bar;
	int ends[2];
	char byte;
	cr_assert_eq(pipe(ends), 0);
	cr_assert(dup2(ends[1], STDERR_FILENO) >= 0);
	progress_begin(&bar);
	now += 60000000000u;
	progress_show(&bar, 1, 2);
	progress_erase(&bar);
	fflush(stderr);
	cr_assert_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	cr_expect_lt(read(ends[0], &byte, 1), 0);
}
