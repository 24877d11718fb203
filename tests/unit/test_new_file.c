/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/new_file.c. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "new_file.h"

static char place[] = "/tmp/test_new_file.XXXXXX";

static void enter(void)
{
	cr_assert(mkdtemp(place));
	cr_assert_eq(chdir(place), 0);
	umask(027);
}

static void leave(void)
{
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", place);
	cr_expect_eq(chdir("/"), 0);
	cr_expect_eq(system(command), 0);
}

TestSuite(new_file, .init = enter, .fini = leave);

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");
	cr_assert(file);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

static void expect_text(const char *name, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(name, "r");
	cr_assert(file, "%s", name);
	found[fread(found, 1, sizeof(found) - 1, file)] = '\0';
	fclose(file);
	cr_expect_str_eq(found, text, "%s", name);
}

static size_t entries(void)
{
	size_t count = 0;
	DIR *directory = opendir(".");
	cr_assert(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2; /* itself and its parent */
}

static void publish(const char *name, const char *text)
{
	struct new_file file;
	struct df_err err = {0};
	cr_assert_eq(new_file_begin(&file, name, &err), 0, "%s", err.text);
	cr_assert_geq(fputs(text, file.stream), 0);
	cr_assert_eq(new_file_publish(&file, &err), 0, "%s", err.text);
	new_file_end(&file);
	expect_text(name, text);
}

Test(new_file, appears_with_the_mode_of_the_umask)
{
	struct stat is;
	publish("a", "one");
	cr_assert_eq(stat("a", &is), 0);
	cr_expect_eq(is.st_mode & 07777, 0640);
	cr_expect_eq(entries(), 1);
}

Test(new_file, replaces_a_file_of_that_name_only)
{
	put("a", "old");
	cr_assert_eq(link("a", "b"), 0);
	publish("./a", "new");
	expect_text("b", "old");
	cr_expect_eq(entries(), 2);
}

Test(new_file, replaces_a_link_and_not_what_it_leads_to)
{
	struct stat is;
	put("a", "old");
	cr_assert_eq(symlink("a", "link"), 0);
	publish("link", "new");
	expect_text("a", "old");
	cr_assert_eq(lstat("link", &is), 0);
	cr_expect(S_ISREG(is.st_mode));
}

Test(new_file, not_published_is_not_there)
{
	struct new_file file;
	struct df_err err;
	put("a", "old");
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(new_file_begin(&file, i ? "b" : "a", &err), 0);
		fputs("new", file.stream);
		fflush(file.stream);
		new_file_end(&file);
	}
	expect_text("a", "old");
	cr_expect_eq(entries(), 1);
}

/* As where the file system has no files without a name, which none here is without. */
Test(new_file, drafts_with_a_name_go_too)
{
	struct new_file file;
	struct df_err err;
	cr_assert_eq(new_file_begin(&file, "a", &err), 0);
	strcpy(file.draft.own, ".dfpatch-0");
	put(".dfpatch-0", "draft");
	new_file_end(&file);
	cr_expect_eq(entries(), 0);
}

static void expect_refused(const char *path, enum df_errc code, const char *part)
{
	struct new_file file;
	struct df_err err = {0};
	cr_expect_eq(new_file_begin(&file, path, &err), -(int)code, "%s", path);
	cr_expect(strstr(err.text, part), "%s: %s", path, err.text);
	new_file_end(&file);
}

Test(new_file, places_that_are_none)
{
	cr_assert_eq(mkdir("d", 0777), 0);
	cr_assert_eq(mkfifo("fifo", 0666), 0);
	expect_refused("d", DF_E_USAGE, "is a directory");
	expect_refused("d/", DF_E_USAGE, "names no file");
	expect_refused("", DF_E_USAGE, "names no file");
	expect_refused("fifo", DF_E_USAGE, "no regular file");
	expect_refused("/dev/full", DF_E_USAGE, "no regular file");
	expect_refused("none/a", DF_E_SYSTEM, "No such file or directory");
	expect_refused("/proc/self/a", DF_E_SYSTEM, "cannot make a file");
	cr_expect_eq(entries(), 2);
}

Test(new_file, no_room)
{
	static char much[100000];
	const struct rlimit limit = {1000, RLIM_INFINITY};
	struct new_file file;
	struct df_err err = {0};
	put("a", "old");
	signal(SIGXFSZ, SIG_DFL);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_eq(new_file_begin(&file, "a", &err), 0);
	fwrite(much, 1, sizeof(much), file.stream);
	cr_expect_eq(new_file_publish(&file, &err), -(int)DF_E_WRITE);
	cr_expect_str_eq(err.text, "cannot write 'a': File too large");
	new_file_end(&file);
	cr_expect_eq(signal(SIGXFSZ, SIG_DFL), SIG_DFL, "as it was");
	expect_text("a", "old");
	cr_expect_eq(entries(), 1);
}
