/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/rewrite.c, in a directory of their own. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rewrite.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define TEXT "what the file holds"

/* A file system that makes no files without names. */
static bool no_tmpfile;
int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);

int __wrap_openat(int directory, const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	const mode_t mode = va_arg(args, mode_t);
	va_end(args);
	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_openat(directory, path, flags, mode);
}

static char directory[64];

static void enter(void)
{
	strcpy(directory, "/tmp/test_rewrite.XXXXXX");
	cr_assert(mkdtemp(directory));
	cr_assert(chmod(directory, 0755) == 0 && chdir(directory) == 0);
}

static void leave(void)
{
	char command[200];
	snprintf(command, sizeof(command), "chmod -R u+w %s; rm -rf %s", directory, directory);
	cr_assert_eq(chdir("/"), 0);
	cr_expect_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

TestSuite(rewrite, .init = enter, .fini = leave);

static void put(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void holds(const char *path, const char *text)
{
	char found[100] = "";
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
	cr_assert_geq(read(fd, found, sizeof(found) - 1), 0);
	close(fd);
	cr_assert_str_eq(found, text, "%s holds '%s'", path, found);
}

static struct stat status_of(const char *path)
{
	struct stat st;
	cr_assert_eq(lstat(path, &st), 0, "%s: %s", path, strerror(errno));
	return st;
}

/* Nothing is in the directory but `count` files: no draft was left. */
static void entries(size_t count)
{
	size_t found = 0;
	DIR *all = opendir(".");
	cr_assert(all);
	for (struct dirent *one; (one = readdir(all));)
		found += strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0;
	closedir(all);
	cr_assert_eq(found, count, "%zu entries", found);
}

static const struct file_edit what_to_WHAT = {
	.offset = 0, .size = 4, .before = {'w', 'h', 'a', 't'}, .after = {'W', 'H', 'A', 'T'}};

/* In all: `between`, if any, is called when the copy is made and has not appeared. */
static int rewrite(const char *from, const char *to, void (*between)(void), struct df_err *err)
{
	struct rewrite r;
	struct stat st;
	*err = (struct df_err){0};
	cr_assert_eq(rewrite_look(from, &st, err), 0);
	const int fd = open(from, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	int status = rewrite_begin(&r, from, fd, &st, to, err);
	if (status == 0)
		status = rewrite_copy(&r, &what_to_WHAT, 1, err);
	if (status == 0 && between)
		between();
	if (status == 0)
		status = rewrite_publish(&r, err);
	rewrite_end(&r);
	close(fd);
	return status;
}

static void expect(const char *from, const char *to, enum df_errc code, const char *says)
{
	struct df_err err;
	const int status = rewrite(from, to, NULL, &err);
	cr_expect_eq(status, -(int)code, "%s to %s: %d %s", from, to, status, err.text);
	cr_expect(strstr(err.text, says), "%s to %s: %s", from, to, err.text);
}

#define COPIED "WHAT the file holds"

static void copies_and_replaces(void)
{
	put("in", TEXT);
	put("old", "old");
	cr_assert_eq(chmod("in", 0751), 0);
	cr_assert_eq(mkdir("below", 0755), 0);
	expect("in", "new", DF_E_NONE, "");
	expect("in", "old", DF_E_NONE, "");
	expect("in", "below/new", DF_E_NONE, "");
	expect("in", "./below/../twice", DF_E_NONE, "");
	holds("in", TEXT);
	holds("new", COPIED);
	holds("old", COPIED);
	holds("below/new", COPIED);
	cr_expect_eq(status_of("new").st_mode, S_IFREG | 0751);
	cr_expect_eq(status_of("old").st_mode, S_IFREG | 0751);
	entries(5);
}

Test(rewrite, copies_and_replaces)
{
	umask(077); /* the mode is that of the file all the same */
	copies_and_replaces();
}

Test(rewrite, copies_and_replaces_by_names)
{
	no_tmpfile = true;
	copies_and_replaces();
}

Test(rewrite, never_over_the_file_that_is_read)
{
	put("in", TEXT);
	cr_assert_eq(link("in", "hard"), 0);
	cr_assert_eq(symlink("in", "soft"), 0);
	cr_assert_eq(mkdir("directory", 0755), 0);
	expect("in", "in", DF_E_USAGE, "is the file to be copied");
	expect("in", "./directory/../in", DF_E_USAGE, "is the file to be copied");
	expect("in", "hard", DF_E_USAGE, "is the file to be copied");
	expect("in", "soft", DF_E_USAGE, "is the file to be copied");
	expect("in", "directory", DF_E_USAGE, "is a directory");
	holds("in", TEXT);
	entries(4);
}

/* ---- what is read ---- */

Test(rewrite, a_file_that_changed_before_or_while_it_was_copied)
{
	struct stat st;
	struct df_err err = {0};
	put("in", TEXT);
	const int fd = open("in", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 4; i++) {
		struct rewrite r;
		cr_assert_eq(rewrite_look("in", &st, &err), 0);
		st.st_size -= i == 0;
		st.st_mtim.tv_nsec ^= i == 1;
		st.st_ctim.tv_sec -= i == 2;
		st.st_ino += i == 3;
		cr_assert_eq(rewrite_begin(&r, "in", fd, &st, "new", &err), 0);
		cr_expect_eq(rewrite_copy(&r, NULL, 0, &err), -(int)DF_E_CHANGED, "%d", i);
		cr_expect(strstr(err.text, "in: changed while it was copied"), "%s", err.text);
		rewrite_end(&r);
		entries(1);
	}
	put("in", "WHAT: the edit does not fit");
	expect("in", "new", DF_E_CHANGED, "bytes at offset 0");
	cr_expect_eq(rewrite_look("nowhere", &st, &err), -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "'nowhere': No such file"), "%s", err.text);
	entries(1);
}

/* ---- signals ---- */

static void interrupt(void)
{
	cr_assert_eq(kill(getpid(), SIGTERM), 0);
}

/* It ends us when nothing is left behind, and not before. */
static void is_interrupted(const char *to, size_t left)
{
	struct df_err err;
	const pid_t child = fork();
	int status;
	cr_assert_geq(child, 0);
	if (child == 0) {
		signal(SIGTERM, SIG_DFL);
		rewrite("in", to, interrupt, &err);
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "%#x", status);
	entries(left);
}

Test(rewrite, a_signal_ends_it_and_leaves_nothing)
{
	put("in", TEXT);
	put("old", "old");
	for (int i = 0; i < 2; i++) {
		no_tmpfile = i == 1;
		is_interrupted("new", 2);
		is_interrupted("old", 2);
		holds("old", "old");
	}
}

static int times;

static void count_it(int signal)
{
	(void)signal;
	times++;
}

Test(rewrite, signals_are_as_before_in_the_end)
{
	struct df_err err;
	sigset_t before, after;
	const struct sigaction mine = {.sa_handler = count_it};
	struct sigaction now;
	put("in", TEXT);
	sigprocmask(SIG_BLOCK, NULL, &before);
	sigaction(SIGXFSZ, &mine, NULL);
	cr_assert_eq(rewrite("in", "new", NULL, &err), 0, "%s", err.text);
	sigprocmask(SIG_BLOCK, NULL, &after);
	sigaction(SIGXFSZ, NULL, &now);
	for (int i = 1; i < SIGRTMIN; i++)
		cr_expect_eq(sigismember(&before, i), sigismember(&after, i), "%d", i);
	cr_expect_eq(now.sa_handler, count_it);
	/* One that is ignored, or held back by others, ends nothing. */
	signal(SIGTERM, SIG_IGN);
	cr_expect_eq(rewrite("in", "new", interrupt, &err), 0, "%s", err.text);
	signal(SIGTERM, count_it);
	sigset_t term;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	cr_expect_eq(rewrite("in", "new", interrupt, &err), 0, "%s", err.text);
	cr_expect_eq(times, 0);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	cr_expect_eq(times, 1);
}

/* ---- owner and mode ---- */

#define SOMEBODY 12345

/* Owner, group and mode of the copy that root, or somebody, makes of a file of another. */
static struct stat copy_by(uid_t user, mode_t mode, bool *dropped)
{
	struct rewrite r;
	struct stat st;
	struct df_err err = {0};
	int report[2];
	put("in", TEXT);
	cr_assert(chown("in", SOMEBODY, SOMEBODY + 1) == 0 && chmod("in", mode) == 0);
	cr_assert_eq(chmod(".", 0777), 0);
	cr_assert_eq(pipe2(report, O_CLOEXEC), 0);
	const pid_t child = fork();
	if (child == 0) {
		const int fd = open("in", O_RDONLY | O_CLOEXEC);
		bool ok = user == 0 || (setgid(user) == 0 && setuid(user) == 0);
		ok = ok && rewrite_look("in", &st, &err) == 0 &&
		     rewrite_begin(&r, "in", fd, &st, "new", &err) == 0 &&
		     rewrite_copy(&r, NULL, 0, &err) == 0;
		const bool was_dropped = rewrite_dropped_bits(&r);
		ok = ok && rewrite_publish(&r, &err) == 0 && write(report[1], &was_dropped, 1) == 1;
		_exit(ok ? 0 : 1);
	}
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert_eq(read(report[0], dropped, 1), 1);
	st = status_of("new");
	unlink("new");
	return st;
}

Test(rewrite, owner_and_mode_follow)
{
	bool dropped;
	if (geteuid() != 0)
		cr_skip("only root may give files away\n");
	struct stat st = copy_by(0, 06755, &dropped);
	cr_expect(st.st_uid == SOMEBODY && st.st_gid == SOMEBODY + 1 && !dropped);
	cr_expect_eq(st.st_mode, S_IFREG | 06755, "%o", st.st_mode);
	st = copy_by(SOMEBODY + 7, 06755, &dropped);
	cr_expect(st.st_uid == SOMEBODY + 7 && st.st_gid == SOMEBODY + 7 && dropped);
	cr_expect_eq(st.st_mode, S_IFREG | 0755, "%o", st.st_mode);
	st = copy_by(SOMEBODY + 7, 0705, &dropped);
	cr_expect(st.st_mode == (S_IFREG | 0705) && !dropped);
	st = copy_by(SOMEBODY, 02755, &dropped);
	cr_expect(st.st_uid == SOMEBODY && st.st_gid == SOMEBODY && dropped);
	cr_expect_eq(st.st_mode, S_IFREG | 0755, "%o", st.st_mode);
}

Test(rewrite, a_directory_that_takes_no_files)
{
	put("in", TEXT);
	cr_assert_eq(mkdir("closed", 0555), 0);
	if (geteuid() == 0)
		cr_assert_eq(seteuid(SOMEBODY), 0);
	expect("in", "closed/new", DF_E_SYSTEM, "cannot make a file in the directory of");
	no_tmpfile = true;
	expect("in", "closed/new", DF_E_SYSTEM, "Permission denied");
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
	cr_expect_neq(access("closed/new", F_OK), 0);
}
