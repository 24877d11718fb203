/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_preset_ends.c - presetting that is cut short: the copy is there whole, or what was
 * there before is.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "place.h"

TestSuite(preset_ends, .timeout = 240);

static struct tool tool;
static char in[LIVE_PATH], out[LIVE_PATH], right[LIVE_PATH], directory[LIVE_PATH];

#define LINE "enable basic:"
#define OLD "what was there before"

static void begin(void)
{
	scratch_path(in, "in");
	scratch_path(right, "right");
	scratch_path(directory, "there");
	scratch_path(out, "there/out");
	copy_file(live_path("basic"), in);
	cr_assert_eq(mkdir(directory, 0755), 0);
	cr_assert_eq(TOOL(&tool, "preset", in, right, "-e", LINE), 0, "%s", tool.err);
}

/* ---- what is there ---- */

static void put_old(void)
{
	const int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	cr_assert(fd >= 0 && write(fd, OLD, sizeof(OLD) - 1) == sizeof(OLD) - 1);
	close(fd);
}

static char *text_of(const char *path, size_t *size)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	cr_assert_eq(fstat(fd, &st), 0);
	char *text = malloc((size_t)st.st_size + 1);
	cr_assert(text && read(fd, text, (size_t)st.st_size) == st.st_size);
	*size = (size_t)st.st_size;
	close(fd);
	return text;
}

enum there { NOTHING, OLD_ONE, NEW_ONE };

static enum there what_is_there(const char *when)
{
	size_t size, right_size;
	char *text = text_of(out, &size);
	if (!text)
		return NOTHING;
	char *wanted = text_of(right, &right_size);
	const bool old = size == sizeof(OLD) - 1 && memcmp(text, OLD, size) == 0;
	const bool new = size == right_size &&memcmp(text, wanted, size) == 0;
	cr_assert(old || new, "%s: the copy is of %zu bytes and neither old nor new", when, size);
	free(text);
	free(wanted);
	return new ? NEW_ONE : OLD_ONE;
}

/* Removes all; returns how many there were besides `out`, which are drafts. */
static size_t clear(void)
{
	size_t drafts = 0;
	DIR *all = opendir(directory);
	cr_assert(all);
	for (struct dirent *one; (one = readdir(all));) {
		if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0)
			continue;
		if (strcmp(one->d_name, "out") != 0) {
			cr_assert(strncmp(one->d_name, ".dfpatch-", 9) == 0, "%s", one->d_name);
			drafts++;
		}
		cr_assert_eq(unlinkat(dirfd(all), one->d_name, 0), 0);
	}
	closedir(all);
	return drafts;
}

/* ---- dfpatch, disturbed at one of its system calls ---- */

struct blow {
	int signal; /* sent at a call, or */
	int error;  /* what the call fails with */
};

static pid_t start(void)
{
	const pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child > 0)
		return child;
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execl(DFPATCH_PATH, "dfpatch", "preset", in, out, "-e", LINE, NULL);
	_exit(126);
}

/* Lets it run to its next stop; false when it has ended. Signals but ours are passed on. */
static bool step(pid_t pid, int *status)
{
	const int stopped = WIFSTOPPED(*status) ? WSTOPSIG(*status) : 0;
	const int pass = stopped == SIGTRAP || stopped == (SIGTRAP | 0x80) ? 0 : stopped;
	ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)pass);
	cr_assert_eq(waitpid(pid, status, 0), pid);
	return WIFSTOPPED(*status);
}

static bool at_call(int status)
{
	return WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);
}

static void fail_call(pid_t pid, int *status, int error)
{
	struct user_regs_struct regs;
	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
	if (!step(pid, status))
		return;
	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	regs.rax = (unsigned long long)-error;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

/* Strikes at call number `at`; false if there is none. Returns how it ended in *status. */
static bool strike(int at, const struct blow *blow, int *status)
{
	bool struck = false, entry = false;
	const pid_t pid = start();
	cr_assert(waitpid(pid, status, 0) == pid && WIFSTOPPED(*status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       (void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	for (int calls = 0; step(pid, status);) {
		if (!at_call(*status))
			continue;
		entry = !entry;
		if (!entry || calls++ != at)
			continue;
		struck = true;
		if (blow->signal) {
			kill(pid, blow->signal);
		} else {
			fail_call(pid, status, blow->error);
			entry = false;
		}
	}
	return struck;
}

struct tally {
	int runs, drafts, old, new, done;
};

static void strike_everywhere(const struct blow *blow, bool replaces, struct tally *tally)
{
	for (int at = 0;; at++) {
		int status;
		char when[64];
		if (replaces)
			put_old();
		const bool struck = strike(at, blow, &status);
		snprintf(when, sizeof(when), "call %d, %s, status %#x", at,
			 replaces ? "something there" : "nothing there", (unsigned)status);
		const enum there there = what_is_there(when);
		const bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		cr_assert(there != NOTHING || !replaces, "%s: what was there is gone", when);
		cr_assert(!done || there == NEW_ONE, "%s: it is not there", when);
		const size_t drafts = clear();
		cr_assert(drafts == 0 || blow->signal == SIGKILL, "%s: a draft was left", when);
		tally->drafts += (int)drafts;
		tally->done += done;
		tally->new += there == NEW_ONE;
		tally->old += there != NEW_ONE;
		if (!struck)
			break;
		tally->runs++;
	}
}

static void expect_ends(const struct blow *blow)
{
	struct tally tally = {0};
	begin();
	strike_everywhere(blow, false, &tally);
	strike_everywhere(blow, true, &tally);
	/* If it was struck at all, then before and behind the moment when the copy appears. */
	cr_expect(tally.runs > 100 && tally.old > 50 && tally.new > 5,
		  "%d runs, %d before, %d after", tally.runs, tally.old, tally.new);
	cr_expect_leq(tally.drafts, 3, "%d drafts", tally.drafts);
	if (blow->signal == SIGKILL)
		cr_expect_eq(tally.done, 2, "those that nothing struck: %d", tally.done);
}

Test(preset_ends, killed_at_each_system_call)
{
	expect_ends(&(const struct blow){.signal = SIGKILL});
}

Test(preset_ends, terminated_at_each_system_call)
{
	expect_ends(&(const struct blow){.signal = SIGTERM});
}

Test(preset_ends, each_system_call_fails)
{
	expect_ends(&(const struct blow){.error = EIO});
}

Test(preset_ends, no_room_at_each_system_call)
{
	expect_ends(&(const struct blow){.error = ENOSPC});
}

/* ---- no room ---- */

static void expect_no_room(const char *why)
{
	cr_expect_eq(tool.status, 6, "%d: %s", tool.status, tool.err);
	tool_one_error(&tool, why);
	cr_expect(strstr(tool.err, "nothing was changed"), "%s", tool.err);
	cr_expect_eq(clear(), 0);
}

/* A file system that is too small for the copy. */
Test(preset_ends, a_full_file_system)
{
	char options[] = "size=64k";
	begin();
	if (unshare(place_for_mounts()) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("full", directory, "tmpfs", 0, options) != 0)
		cr_skip("no file system can be mounted here: %s\n", strerror(errno));
	copy_file(live_path("basic-static"), in);
	TOOL(&tool, "preset", in, out, "-e", LINE);
	cr_expect_eq(what_is_there("full"), NOTHING);
	expect_no_room("No space left on device");
	put_old();
	TOOL(&tool, "preset", in, out, "-e", LINE);
	cr_expect_eq(what_is_there("full"), OLD_ONE);
	expect_no_room("No space left on device");
	umount(directory);
}

static void limit_files(void)
{
	setrlimit(RLIMIT_FSIZE, &(const struct rlimit){4096, 4096});
}

Test(preset_ends, a_limit_on_file_sizes)
{
	begin();
	tool_start(&tool, (const char *const[]){"preset", in, out, "-e", LINE, NULL}, limit_files);
	tool_wait(&tool);
	cr_expect_eq(what_is_there("limited"), NOTHING);
	expect_no_room("File too large");
}
