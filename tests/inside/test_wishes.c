/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up wishes: DF_FLAGS and DF_FLAGS_FILE, read once, carried out once in each module. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "flags.h"
#include "inside.h"
#include "load.h"

#define FEATURE "lamp:feature@lamps.c:100"
#define STANDARD "lamp:standard@lamps.c:101"
#define OPT "lamp:opt@lamps.c:103"
#define OPT_TWO "lamp:opt_two@lamps.c:104"
#define TWIN "many:twin@twins.c:200"

static void expect_on(const char *name, int on)
{
	cr_expect_eq(lamp_named(name)->read(), on, "%s is %d", name, lamp_named(name)->read());
}

/* A file of this process alone; its path. */
static const char *file_of(const void *bytes, size_t size)
{
	static char path[64];
	const int fd = memfd_create("wishes", 0);
	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "%m");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static void wish(const char *flags, const char *file)
{
	unsetenv("DF_FLAGS");
	unsetenv("DF_FLAGS_FILE");
	if (flags)
		setenv("DF_FLAGS", flags, 1);
	if (file)
		setenv("DF_FLAGS_FILE", file_of(file, strlen(file)), 1);
}

static void expect_as_built(void)
{
	for (size_t i = 0; i < lamp_count; i++)
		expect_on(lamps[i].full_name, (int)lamps[i].activation);
}

/* ---- good ones ---- */

static void expect_wished(void)
{
	expect_on(FEATURE, 1);
	expect_on(STANDARD, 0);
	expect_on(OPT, 1);
	expect_on(OPT_TWO, 0);
	expect_on(TWIN, 1);
	cr_expect_eq(flag_of("lamp:feature").activation, 2u);
}

#define WISHES "+lamp:feature;+lamp:f ; enable many:twin;;-lamp:standard\n# -lamp:f;+lamp:opt@"

Test(wishes, of_the_variable)
{
	wish(WISHES, NULL);
	cr_assert_eq(df_init(), 0, "%s", df_error());
	expect_wished();
	cr_expect_eq(df_module_v1.generation, (uint64_t)1, "initialised and wished at once");
}

Test(wishes, of_the_file)
{
	wish(NULL, "\n# a file\r\n+lamp:feature\r\n\t+lamp:f\n  enable many:twin\n-lamp:standard\n"
		   "+lamp:opt@");
	cr_assert_eq(df_init(), 0, "%s", df_error());
	expect_wished();
}

static int ignore(void *context, const struct df_flag_info *flag)
{
	(void)flag;
	++*(int *)context;
	return 0;
}

/* Whichever function comes first. */
Test(wishes, are_carried_out_by_the_first_call)
{
	int calls = 0;
	wish(WISHES, NULL);
	cr_expect_eq(df_list("no such flag", ignore, &calls), 0);
	expect_wished();
	cr_expect_eq(df_init(), 0);
	expect_wished();
}

Test(wishes, come_before_what_the_first_call_asks)
{
	wish("!lamp:feature;+lamp:slow", NULL);
	cr_expect_eq(df_activate("lamp:(feature|slow)"), 2);
	expect_on(FEATURE, 0);
	cr_expect_eq(flag_of("lamp:slow").activation, 3u);
}

Test(wishes, of_the_file_come_first)
{
	wish("disable lamp:feature;+lamp:opt@;!many:twin", "+lamp:feature\n!lamp:opt@\n+many:twin");
	cr_assert_eq(df_init(), 0, "%s", df_error());
	expect_on(FEATURE, 0);
	expect_on(OPT, 0);
	expect_on(TWIN, 1);
	cr_expect_eq(flag_of("many:twin").unhook, 1u);
}

/* A semicolon ends a line of the variable only. */
Test(wishes, of_the_file_may_hold_semicolons)
{
	wish(NULL, "+lamp:(feature|x;y)\n+lamp:slow;+many:twin");
	cr_assert_eq(df_init(), 0, "%s", df_error());
	expect_on(FEATURE, 1);
	expect_on(TWIN, 0);
	cr_expect_eq(flag_of("lamp:slow").activation, 1u);
}

Test(wishes, that_are_none)
{
	static const char *const none[] = {"", ";", " ; ;\n", "# +lamp:feature", "+no such flag"};
	wish(none[0], "");
	setenv("DF_FLAGS", none[3], 1);
	cr_expect_eq(df_init(), 0, "%s", df_error());
	expect_as_built();
	for (size_t i = 0; i < COUNT(none); i++) {
		setenv("DF_FLAGS", none[i], 1);
		cr_expect_eq(df_init(), 0, "%s", df_error());
		expect_as_built();
	}
}

Test(wishes, without_a_path_are_none)
{
	wish(NULL, NULL);
	setenv("DF_FLAGS_FILE", "", 1);
	cr_expect_eq(df_init(), 0, "%s", df_error());
	expect_as_built();
}

Test(wishes, are_read_once)
{
	wish("+lamp:feature;+plugin_a:feature", NULL);
	cr_assert_eq(df_init(), 0);
	wish("+plugin_a:standard;-plugin_a:feature;-lamp:feature;nonsense", NULL);
	cr_expect_eq(df_init(), 0);
	expect_on(FEATURE, 1);
	struct opened a = load("plugin_a");
	cr_expect_eq(df_init(), 0);
	cr_expect_eq(a.p->feature(), 1);
	cr_expect_eq(df_deactivate("plugin_a:standard"), 1);
	cr_expect_eq(a.p->standard(), 0);
}

/* ---- in each module once ---- */

Test(wishes, reach_modules_that_are_loaded_later)
{
	wish("+plugin_a:feature;+plugin_a:opt;-plugin_a:standard", NULL);
	cr_assert_eq(df_init(), 0);
	for (int round = 0; round < 3; round++) {
		struct opened a = load("plugin_a");
		cr_expect_eq(a.p->feature(), 0);
		cr_expect_eq(df_activate("no such flag"), 0);
		cr_expect_eq(a.p->feature() + a.p->opt(), 2);
		cr_expect_eq(a.p->standard(), 0);
		cr_expect_eq(df_init(), 0);
		cr_expect_eq(flag_of("lamp:feature").activation, 0u);
		struct listing l = listing_of("plugin_a:feature");
		cr_expect_eq(l.entries[0].activation, 1u);
		listing_free(&l);
		unload(&a, "plugin_a");
	}
}

static void expect_counts(const char *pattern, uint32_t activation)
{
	struct listing l = listing_of(pattern);
	cr_expect_eq(l.count, (size_t)1);
	for (size_t i = 0; i < l.count; i++)
		cr_expect_eq(l.entries[i].activation, activation, "%s: %u", l.entries[i].full_name,
			     l.entries[i].activation);
	listing_free(&l);
}

Test(wishes, are_carried_out_once_by_two_copies)
{
	wish("+lamp:feature;+copy:feature;+plugin_a:feature", NULL);
	struct opened o = load("copy");
	cr_expect_eq(o.p->copy.init(), 0);
	cr_expect_eq(df_init(), 0);
	load("plugin_a");
	cr_expect_eq(df_init(), 0);
	cr_expect_eq(o.p->copy.init(), 0);
	expect_counts("lamp:feature", 1);
	expect_counts("copy:feature", 1);
	expect_counts("plugin_a:feature", 1);
}

/* ---- bad ones ---- */

static void expect_wrong(int code, const char *says)
{
	cr_expect_eq(df_init(), -code, "'%s' is no error %d", says, code);
	cr_expect(strstr(df_error(), says), "'%s' does not say '%s'", df_error(), says);
	expect_as_built();
	cr_expect_eq(df_module_v1.initialised, (uint32_t)DF_INITIALISED);
	struct opened a = load("plugin_a");
	cr_expect_eq(df_activate("plugin_a:feature"), 1, "%s", df_error());
	cr_expect_eq(a.p->opt(), 0);
}

Test(wishes, with_a_bad_line_in_the_variable)
{
	wish("+lamp:feature;nonsense;+many:twin", "+lamp:opt@");
	expect_wrong(DF_ERROR_USAGE, "DF_FLAGS: line 2: 'nonsense'");
}

Test(wishes, with_a_bad_pattern_in_the_variable)
{
	wish("+lamp:feature\n-lamp:(", NULL);
	expect_wrong(DF_ERROR_PATTERN, "DF_FLAGS: line 2: ");
}

Test(wishes, with_a_bad_line_in_the_file)
{
	wish("+lamp:feature", "+lamp:opt@\n\nenable");
	expect_wrong(DF_ERROR_USAGE, "line 3: 'enable'");
	cr_expect(strstr(df_error(), "DF_FLAGS_FILE: /proc/self/fd/"), "'%s'", df_error());
}

Test(wishes, with_a_zero_byte_in_the_file)
{
	wish("+lamp:feature", NULL);
	setenv("DF_FLAGS_FILE", file_of("+lamp:slow\0+lamp:opt@", 21), 1);
	expect_wrong(DF_ERROR_USAGE, "zero byte");
}

Test(wishes, in_a_file_that_is_too_long)
{
	const size_t size = (1 << 20) + 1;
	char *text = malloc(size);
	cr_assert(text);
	memset(text, '\n', size);
	wish("+lamp:feature", NULL);
	setenv("DF_FLAGS_FILE", file_of(text, size), 1);
	free(text);
	expect_wrong(DF_ERROR_USAGE, "longer than 1 MiB");
}

Test(wishes, in_a_file_that_is_missing)
{
	wish("+lamp:feature", NULL);
	setenv("DF_FLAGS_FILE", "/no/such/file", 1);
	expect_wrong(DF_ERROR_SYSTEM, "cannot open '/no/such/file': No such file");
}

Test(wishes, in_a_directory)
{
	wish(NULL, NULL);
	setenv("DF_FLAGS_FILE", "/", 1);
	expect_wrong(DF_ERROR_USAGE, "'/' is no regular file");
}

static void wish_of_fifo(void)
{
	char directory[] = "/tmp/inside-XXXXXX", path[64];
	EXPECT(mkdtemp(directory), "%m");
	snprintf(path, sizeof(path), "%s/fifo", directory);
	const int made = mkfifo(path, 0600);
	setenv("DF_FLAGS_FILE", path, 1);
	const int status = df_init();
	unlink(path);
	rmdir(directory);
	EXPECT(made == 0, "%m");
	EXPECT(status == -DF_ERROR_USAGE && strstr(df_error(), "no regular file"), "%d: '%s'",
	       status, df_error());
}

/* Nobody writes to it: it would hold the program up for ever. */
Test(wishes, in_a_fifo)
{
	wish(NULL, NULL);
	in_child(wish_of_fifo);
}

/* Other calls do what they are asked; df_init() tells, whenever it is asked. */
Test(wishes, that_are_wrong_are_told_by_init_alone)
{
	wish("nonsense", NULL);
	cr_expect_eq(df_activate("lamp:feature"), 1);
	cr_expect_str_eq(df_error(), "");
	expect_on(FEATURE, 1);
	expect_on(OPT, 0);
	cr_expect_eq(df_init(), -DF_ERROR_USAGE);
	cr_expect(strstr(df_error(), "DF_FLAGS: line 1"), "'%s'", df_error());
	expect_on(FEATURE, 1);
}

/* ---- raised privileges ---- */

#define OTHER_USER 65534
#define OTHER_GROUP 54321

/* What `path` says when another user runs it. */
static void run_as_other(const char *path, char *said, size_t size)
{
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	child_ready();
	const pid_t pid = fork();
	if (pid == 0) {
		child_began();
		setenv("DF_FLAGS", "+lamp:feature", 1);
		EXPECT(dup2(ends[1], 1) == 1 && close(ends[0]) == 0 && close(ends[1]) == 0, "%m");
		EXPECT(setgroups(0, NULL) == 0 && setgid(OTHER_USER) == 0 &&
			       setuid(OTHER_USER) == 0,
		       "%m");
		execl(path, path, NULL);
		child_fail(__LINE__, "%s: %m", path);
	}
	close(ends[1]);
	FILE *from = fdopen(ends[0], "r");
	const size_t got = fread(said, 1, size - 1, from);
	said[got] = '\0';
	fclose(from);
	child_expect(pid);
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
	char buffer[65536];
	const int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0700);
	ssize_t got = 0;
	cr_assert(in >= 0 && out >= 0, "%s to %s: %m", from, to);
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		cr_assert_eq(write(out, buffer, (size_t)got), got);
	cr_assert(got == 0 && fchown(out, (uid_t)-1, OTHER_GROUP) == 0 && fchmod(out, mode) == 0,
		  "%m");
	close(in);
	close(out);
}

static void run_copy(mode_t mode, char *said, size_t size)
{
	char directory[] = "/tmp/inside-XXXXXX", path[64];
	cr_assert(mkdtemp(directory) && chmod(directory, 0755) == 0, "%m");
	snprintf(path, sizeof(path), "%s/say", directory);
	copy_file(INSIDE_DIR "/inside_say", path, mode);
	run_as_other(path, said, size);
	unlink(path);
	rmdir(directory);
}

Test(wishes, are_ignored_with_raised_privileges)
{
	char said[4096];
	if (getuid() != 0)
		cr_skip("only root can make a program that runs with another group");
	run_copy(0755, said, sizeof(said));
	cr_assert(strstr(said, "init 0 secure 0\n"), "%s", said);
	cr_expect(strstr(said, FEATURE " (1)"), "%s", said);
	run_copy(02755, said, sizeof(said));
	if (strstr(said, "secure 0\n"))
		cr_skip("the file system of /tmp raises no privileges");
	cr_assert(strstr(said, "init 0 secure 1\n"), "%s", said);
	cr_expect(strstr(said, FEATURE " (off)"), "%s", said);
}
