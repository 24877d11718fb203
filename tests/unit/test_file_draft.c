/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/file_draft.c, in a directory of their own. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_draft.h"

#define NEW "what is to be there"

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

static char place[64];

static void enter(void)
{
	strcpy(place, "/tmp/test_file_draft.XXXXXX");
	cr_assert(mkdtemp(place));
	cr_assert_eq(chdir(place), 0);
}

static void leave(void)
{
	char command[100];
	snprintf(command, sizeof(command), "rm -rf %.60s", place);
	cr_assert_eq(chdir("/"), 0);
	cr_expect_eq(system(command), 0);
}

TestSuite(file_draft, .init = enter, .fini = leave);

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

/* In all: `between`, if any, is called when it is made and has not appeared. */
static int appear(const char *path, void (*between)(void), struct df_err *err)
{
	struct file_draft draft;
	*err = (struct df_err){0};
	int status = file_draft_begin(&draft, path, err);
	if (status == 0)
		status = file_draft_open(&draft, 0666, err);
	if (status == 0) {
		cr_assert_eq(write(draft.fd, NEW, sizeof(NEW) - 1), sizeof(NEW) - 1);
		cr_assert_eq(file_draft_sync(&draft, err), 0, "%s", err->text);
	}
	if (status == 0 && between)
		between();
	if (status == 0)
		status = file_draft_publish(&draft, err);
	file_draft_end(&draft);
	return status;
}

static void expect(const char *path, enum df_errc code, const char *says)
{
	struct df_err err;
	const int status = appear(path, NULL, &err);
	cr_expect_eq(status, -(int)code, "%s: %d %s", path, status, err.text);
	cr_expect(strstr(err.text, says), "%s: %s", path, err.text);
}

static void appears(void)
{
	put("old", "old");
	cr_assert_eq(mkdir("below", 0755), 0);
	umask(027);
	expect("new", DF_E_NONE, "");
	expect("old", DF_E_NONE, "");
	expect("below/new", DF_E_NONE, "");
	expect("./below/../twice", DF_E_NONE, "");
	holds("new", NEW);
	holds("old", NEW);
	holds("below/new", NEW);
	holds("twice", NEW);
	cr_expect_eq(status_of("new").st_mode, S_IFREG | 0640);
	cr_expect_eq(status_of("old").st_mode, S_IFREG | 0640);
	entries(4);
}

Test(file_draft, appears)
{
	appears();
}

Test(file_draft, appears_by_names)
{
	no_tmpfile = true;
	appears();
}

Test(file_draft, what_was_not_published_is_gone)
{
	struct file_draft draft;
	struct df_err err;
	put("old", "old");
	for (int i = 0; i < 4; i++) {
		no_tmpfile = i >= 2;
		cr_assert_eq(file_draft_begin(&draft, i % 2 ? "old" : "new", &err), 0);
		cr_assert_eq(file_draft_open(&draft, 0600, &err), 0);
		file_draft_end(&draft);
		entries(1);
	}
	holds("old", "old");
}

/* Links to devices are for those who write into them: /dev/stdout is one. */
Test(file_draft, where_it_may_not_appear)
{
	cr_assert_eq(mkdir("directory", 0755), 0);
	cr_assert_eq(mkfifo("fifo", 0644), 0);
	cr_assert_eq(symlink("/dev/null", "null"), 0);
	cr_assert_eq(symlink("directory", "leads"), 0);
	put("file", "file");
	expect("directory", DF_E_USAGE, "is a directory");
	expect("leads", DF_E_USAGE, "is a directory");
	expect("directory/", DF_E_USAGE, "names no file");
	expect("new/", DF_E_USAGE, "names no file");
	expect("", DF_E_USAGE, "names no file");
	expect("directory/.", DF_E_USAGE, "is a directory");
	expect(".", DF_E_USAGE, "is a directory");
	expect("/", DF_E_USAGE, "names no file");
	expect("fifo", DF_E_USAGE, "is no regular file");
	expect("/dev/null", DF_E_USAGE, "is no regular file");
	expect("null", DF_E_USAGE, "is no regular file");
	expect("nowhere/new", DF_E_SYSTEM, "No such file or directory");
	expect("file/new", DF_E_SYSTEM, "Not a directory");
	expect("/proc/self/new", DF_E_SYSTEM, "cannot make a file in the directory of");
	entries(5);
}

/*
 * A link to what is open leads to a regular file where a stream was redirected to one.
 * Ours are in a directory of our own: root could replace /dev/stdout itself.
 */
Test(file_draft, what_is_open_is_not_replaced)
{
	static const char *const links[][2] = {
		{"/proc/self/fd/100", "direct"},
		{"direct", "over_another"},
		{"./below/../over_another", "relative"},
		{"fds/100", "through_a_directory"},
	};
	put("file", "file");
	const int fd = open("file", O_WRONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && dup3(fd, 100, O_CLOEXEC) == 100);
	cr_assert_eq(mkdir("below", 0755), 0);
	cr_assert_eq(symlink("/proc/self/fd", "fds"), 0);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		cr_assert_eq(symlink(links[i][0], links[i][1]), 0);
		expect(links[i][1], DF_E_USAGE, "leads into /proc");
		cr_expect(S_ISLNK(status_of(links[i][1]).st_mode), "%s", links[i][1]);
	}
	expect("fds/100", DF_E_USAGE, "leads into /proc");
	close(fd);
	close(100);
	expect("direct", DF_E_USAGE, "leads into /proc");
	holds("file", "file");
	entries(7);
}

/* Through procfs into a directory is a way like any other; round in circles is none. */
Test(file_draft, other_links_are_replaced)
{
	cr_assert_eq(symlink("/proc/self/cwd/file", "through"), 0);
	cr_assert_eq(symlink("circle", "circle"), 0);
	put("file", "file");
	expect("through", DF_E_NONE, "");
	expect("circle", DF_E_NONE, "");
	holds("through", NEW);
	holds("circle", NEW);
	holds("file", "file");
	entries(3);
}

Test(file_draft, standard_streams_are_not_replaced)
{
	put("file", "file");
	for (int stream = 0; stream < 3; stream++) {
		struct df_err err;
		const int kept = dup(stream), fd = open("file", O_RDWR | O_CLOEXEC);
		cr_assert(kept >= 0 && fd >= 0 && dup2(fd, stream) == stream);
		const int status = appear("file", NULL, &err);
		cr_assert_eq(dup2(kept, stream), stream);
		close(kept);
		close(fd);
		cr_expect_eq(status, -(int)DF_E_USAGE, "%d", stream);
		cr_expect(strstr(err.text, "'file' is open as standard"), "%s", err.text);
	}
	holds("file", "file");
	entries(1);
}

/* As mv(1) and install(1) do. */
Test(file_draft, links_are_replaced_and_what_they_lead_to_is_not)
{
	put("target", "target");
	cr_assert_eq(symlink("target", "soft"), 0);
	cr_assert_eq(symlink("nowhere", "dangling"), 0);
	cr_assert_eq(link("target", "hard"), 0);
	expect("soft", DF_E_NONE, "");
	expect("dangling", DF_E_NONE, "");
	expect("hard", DF_E_NONE, "");
	holds("target", "target");
	holds("soft", NEW);
	holds("hard", NEW);
	cr_expect(S_ISREG(status_of("soft").st_mode) && S_ISREG(status_of("dangling").st_mode));
	cr_expect_neq(access("nowhere", F_OK), 0);
	entries(4);
}

static void somebody_makes_it(void)
{
	put("new", "another's");
}

Test(file_draft, what_appeared_meanwhile_is_not_replaced)
{
	struct df_err err;
	for (int i = 0; i < 2; i++) {
		no_tmpfile = i == 1;
		cr_expect_eq(appear("new", somebody_makes_it, &err), -(int)DF_E_WRITE);
		cr_expect(strstr(err.text, "cannot write 'new': File exists"), "%s", err.text);
		holds("new", "another's");
		entries(1);
		unlink("new");
	}
}

Test(file_draft, says_what_is_there)
{
	struct file_draft draft;
	struct df_err err;
	put("file", "file");
	cr_assert_eq(symlink("file", "soft"), 0);
	cr_assert_eq(file_draft_begin(&draft, "soft", &err), 0);
	cr_expect(draft.replaces && draft.inode == status_of("file").st_ino &&
		  draft.device == status_of("file").st_dev);
	file_draft_end(&draft);
	cr_assert_eq(file_draft_begin(&draft, "new", &err), 0);
	cr_expect_not(draft.replaces);
	file_draft_end(&draft);
}
