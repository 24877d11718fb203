/* SPDX-License-Identifier: Apache-2.0 */
/* test_pinned.c - a process that becomes another program between being found and being pinned. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli.h"
#include "patcher.h"
#include "process.h"
#include "several.h"
#include "spots.h"

TestSuite(pinned, .timeout = 100);

static struct live live;
static struct patcher patcher;
static char meant[LIVE_PATH], other[LIVE_PATH], name[LIVE_PATH];
static int said; /* standard output of the child */

/* In the child, which has found it, and is about to open it. */
static bool becomes_another;

static void become_another(void)
{
	becomes_another = false;
	if (unlink(name) != 0 || symlink(other, name) != 0)
		_exit(101);
	live.page->ready = 0;
	live.page->go = 4;
	while (live.page->word[0] < 2 || !live.page->ready)
		sleep_us(200);
}

int __real_process_open_checked(pid_t pid, bool write, const struct process_check *check,
				struct process *process, struct df_err *err);
int __wrap_process_open_checked(pid_t pid, bool write, const struct process_check *check,
				struct process *process, struct df_err *err);
int __wrap_process_open_checked(pid_t pid, bool write, const struct process_check *check,
				struct process *process, struct df_err *err)
{
	if (becomes_another)
		become_another();
	return __real_process_open_checked(pid, write, check, process, err);
}

static int command(char *const *argv, int count)
{
	struct options options;
	struct several several;
	struct df_err err;
	dup2(said, STDOUT_FILENO);
	if (cli_parse(count, (char **)argv, &options) != CLI_RUN)
		_exit(100);
	becomes_another = true;
	const int status = several_run(&options, NULL, NULL, &several, &err);
	fflush(stdout);
	return status < 0 ? status : -50 - (int)several.tally.ends[TARGET_SKIPPED];
}

static int enable_by_exe(pid_t pid)
{
	(void)pid;
	return command((char *const[]){"dfpatch", "enable", "--exe", meant, "reborn:"}, 5);
}

static int list_by_exe(pid_t pid)
{
	(void)pid;
	return command((char *const[]){"dfpatch", "list", "--exe", meant, "--noheadings"}, 5);
}

static void is_left_alone(int (*instead)(pid_t))
{
	const struct wish wish = {.instead = instead};
	static char text[8192];
	struct spots spots;
	said = memfd_create("said", MFD_CLOEXEC);
	scratch_path(meant, "meant");
	scratch_path(other, "other");
	scratch_path(name, "name");
	copy_file(live_path("reborn"), meant);
	copy_file(live_path("reborn"), other);
	unlink(name);
	cr_assert_eq(symlink(meant, name), 0);
	LIVE_START(&live, name);
	const int status = patcher_do(&patcher, live.pid, &wish);
	const ssize_t got = pread(said, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	cr_assert_eq(status, -51, "%d: %s", status, text);
	cr_assert_not(strstr(text, "first"), "%s", text);
	spots_open(&spots, &live);
	cr_assert_eq(peek_control(&spots).generation, 0, "another program was changed");
	spots_close(&spots);
	patcher_free(&patcher);
	close(said);
	live_stop(&live);
}

Test(pinned, another_program_is_not_changed)
{
	is_left_alone(enable_by_exe);
}

Test(pinned, another_program_is_not_listed)
{
	is_left_alone(list_by_exe);
}
