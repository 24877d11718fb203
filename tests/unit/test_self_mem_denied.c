/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/self_mem.c: what it does where the system or the program forbids a way. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../support/own_text.h"

#define WX (PROT_WRITE | PROT_EXEC)
#define NOBODY 65534

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static struct df_err err;

/* Made anew for each test: one site, which is written through mem, and many, which are not. */
static struct own_text one, many;

static char root[32]; /* an empty directory */

static void set_up(void)
{
	one = own_text(3, PAGE + 7, 1, 1);
	many = own_text(60, 5, 46, 5000);
	snprintf(root, sizeof(root), "/tmp/self_mem.XXXXXX");
	cr_assert(mkdtemp(root), "%s: %m", root);
}

/* With what a child may have left in the directory. */
static void tear_down(void)
{
	static const char *const left[] = {"/proc/self/mem", "/proc/self", "/proc", ""};
	char path[64];
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, left[i]);
		(void)remove(path);
	}
	own_text_free(&one);
	own_text_free(&many);
}

TestSuite(self_mem_denied, .init = set_up, .fini = tear_down);

/* A test that a child runs, since it cannot get back what it gives up. */
#define CHILD_TEST(NAME)                                                                           \
	static void NAME(void);                                                                    \
	Test(self_mem_denied, NAME)                                                                \
	{                                                                                          \
		in_child(NAME);                                                                    \
	}                                                                                          \
	static void NAME(void)

static void expect_kept(void)
{
	EXPECT(own_text_has(&one, 0, one.pages, "r-xp"), "protection of one site");
	EXPECT(own_text_has(&many, 0, many.pages, "r-xp"), "protection of many sites");
}

/* There and back, so that the second call meets what the first one learned. */
static void expect_writes(struct own_text *t)
{
	EXPECT(own_text_write(t, false, &err) == 0, "%s", err.text);
	EXPECT(own_text_is(t, true), "not written");
	EXPECT(own_text_write(t, true, &err) == 0, "%s", err.text);
	EXPECT(own_text_is(t, false), "not undone");
	expect_kept();
}

/* Both reasons, each with what to do. */
static void expect_no_way(struct own_text *t, const char *first, const char *second)
{
	const int status = own_text_write(t, false, &err);
	EXPECT(status == -DF_E_PERMISSION && err.code == DF_E_PERMISSION, "%d: %s", status,
	       err.text);
	EXPECT(strstr(err.text, first), "'%s' says not '%s'", err.text, first);
	EXPECT(strstr(err.text, second), "'%s' says not '%s'", err.text, second);
	EXPECT(own_text_is(t, false), "changed");
	expect_kept();
}

static void no_window(uint32_t action)
{
	forbid(SYS_mprotect, 2, WX, WX, action);
}

static void no_mem(uint32_t action)
{
	forbid(SYS_pwrite64, 0, 0, 0, action);
}

CHILD_TEST(the_program_forbids_windows)
{
	self_mem_allow_wx(false);
	no_window(SECCOMP_RET_KILL_PROCESS);
	expect_writes(&one);
	expect_writes(&many);
}

CHILD_TEST(the_program_allows_windows_again)
{
	self_mem_allow_wx(false);
	expect_writes(&many);
	self_mem_allow_wx(true);
	no_mem(SECCOMP_RET_KILL_PROCESS);
	expect_writes(&many);
}

/* Without a way through mem: text that is writable needs no window. */
CHILD_TEST(the_program_forbids_windows_but_has_one)
{
	EXPECT(mprotect(many.bytes, many.pages * PAGE, PROT_READ | WX) == 0, "%m");
	self_mem_allow_wx(false);
	no_mem(SECCOMP_RET_ERRNO | EIO);
	no_window(SECCOMP_RET_KILL_PROCESS);
	EXPECT(own_text_write(&many, false, &err) == 0 && own_text_is(&many, true), "%s", err.text);
	EXPECT(own_text_has(&many, 0, many.pages, "rwxp"), "no longer writable");
}

CHILD_TEST(memory_deny_write_execute)
{
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0)
		child_skip("the kernel has no PR_SET_MDWE, which came with Linux 6.3");
	expect_writes(&one);
	expect_writes(&many);
}

/* As systemd does it where the kernel has nothing better: on each change to executable. */
CHILD_TEST(seccomp_denies_mprotect)
{
	forbid(SYS_mprotect, 2, PROT_EXEC, PROT_EXEC, SECCOMP_RET_ERRNO | EPERM);
	expect_writes(&many);
	expect_writes(&one);
}

CHILD_TEST(a_denied_window_is_not_tried_again)
{
	no_window(SECCOMP_RET_ERRNO | EACCES);
	expect_writes(&many);
	no_window(SECCOMP_RET_KILL_PROCESS);
	expect_writes(&many);
}

/* Too little memory may be enough the next time. */
CHILD_TEST(a_window_that_was_short_of_memory_is_tried_again)
{
	struct rlimit old, little = {.rlim_cur = PAGE};
	EXPECT(getrlimit(RLIMIT_DATA, &old) == 0, "%m");
	little.rlim_max = old.rlim_max;
	EXPECT(setrlimit(RLIMIT_DATA, &little) == 0, "%m");
	const int status = own_text_write(&many, false, &err);
	EXPECT(setrlimit(RLIMIT_DATA, &old) == 0, "%m");
	EXPECT(status == 0 && own_text_is(&many, true), "%s", err.text);
	expect_kept();
	no_mem(SECCOMP_RET_KILL_PROCESS);
	expect_writes(&many);
}

CHILD_TEST(a_descriptor_too_many_is_tried_again)
{
	struct rlimit old, none = {0};
	EXPECT(getrlimit(RLIMIT_NOFILE, &old) == 0, "%m");
	none.rlim_max = old.rlim_max;
	EXPECT(setrlimit(RLIMIT_NOFILE, &none) == 0, "%m");
	const int status = own_text_write(&one, false, &err);
	EXPECT(setrlimit(RLIMIT_NOFILE, &old) == 0, "%m");
	EXPECT(status == 0 && own_text_is(&one, true), "%s", err.text);
	expect_kept();
	no_window(SECCOMP_RET_KILL_PROCESS);
	expect_writes(&one);
}

/* As under proc_mem.force_override=never. */
CHILD_TEST(the_kernel_refuses_mem)
{
	no_mem(SECCOMP_RET_ERRNO | EIO);
	expect_writes(&one);
	no_mem(SECCOMP_RET_KILL_PROCESS);
	expect_writes(&one);
	expect_writes(&many);
}

/* A write that says it wrote nothing, without an error. */
CHILD_TEST(mem_writes_nothing)
{
	no_mem(SECCOMP_RET_ERRNO | 0);
	expect_writes(&one);
	self_mem_allow_wx(false);
	expect_no_way(&one, strerror(EFAULT), "df_set_write_policy()");
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) != 0)
		child_skip("only root can become another user");
	EXPECT(prctl(PR_SET_DUMPABLE, 0) == 0, "%m");
}

CHILD_TEST(another_user_unprepared)
{
	become_nobody();
	expect_writes(&one);
	forbid(SYS_openat, 2, O_ACCMODE, O_RDWR, SECCOMP_RET_KILL_PROCESS);
	expect_writes(&one);
	expect_writes(&many);
}

CHILD_TEST(another_user_unprepared_and_no_window)
{
	become_nobody();
	self_mem_allow_wx(false);
	expect_no_way(&one, "df_init()", "df_set_write_policy()");
	expect_no_way(&many, "df_init()", "df_set_write_policy()");
}

CHILD_TEST(another_user_prepared)
{
	self_mem_prepare();
	become_nobody();
	no_window(SECCOMP_RET_KILL_PROCESS);
	self_mem_allow_wx(false);
	expect_writes(&one);
	expect_writes(&many);
}

/* What was denied is tried again when the other way fails, and is the first choice then. */
CHILD_TEST(another_user_who_may_later)
{
	become_nobody();
	expect_writes(&one);
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0, "%m");
	no_window(SECCOMP_RET_ERRNO | EPERM);
	expect_writes(&many);
	no_window(SECCOMP_RET_KILL_PROCESS);
	expect_writes(&many);
}

/* `pages` pages of text, mapped so that no way leads to them: shared, and the file read-only. */
static void make_unwritable(uint8_t *at, size_t pages)
{
	char path[64];
	const int file = memfd_create("shared", MFD_CLOEXEC);
	EXPECT(write(file, at, pages * PAGE) == (ssize_t)(pages * PAGE), "%m");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT(fd >= 0, "%m");
	EXPECT(mmap(at, pages * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0) == at,
	       "%m");
	close(fd);
	close(file);
}

/* Into a directory that has nothing, or a plain file where procfs has the memory. */
static void change_root(bool with_file)
{
	if (chroot(root) != 0)
		child_skip("only root can change the root directory");
	EXPECT(chdir("/") == 0, "%m");
	if (with_file)
		EXPECT(mkdir("/proc", 0755) == 0 && mkdir("/proc/self", 0755) == 0 &&
			       mknod("/proc/self/mem", S_IFREG | 0644, 0) == 0,
		       "%m");
}

CHILD_TEST(no_proc)
{
	change_root(false);
	expect_writes(&one);
	expect_writes(&many);
	self_mem_allow_wx(false);
	expect_no_way(&one, strerror(ENOENT), "df_set_write_policy()");
}

CHILD_TEST(no_proc_but_prepared)
{
	self_mem_prepare();
	change_root(false);
	self_mem_allow_wx(false);
	expect_writes(&one);
	expect_writes(&many);
}

/* What nobody can tell about: pages without edits keep what they have. */
CHILD_TEST(no_proc_and_pages_between)
{
	struct own_text t = own_text(60, 5, 2 * PAGE, 30);
	EXPECT(mprotect(t.bytes + PAGE, PAGE, PROT_NONE) == 0, "%m");
	change_root(false);
	EXPECT(own_text_write(&t, false, &err) == 0, "%s", err.text);
	EXPECT(t.bytes[t.edits[29].offset] == t.edits[29].after, "not written");
	EXPECT(own_text_has(&t, 0, 1, "r-xp") && own_text_has(&t, 2, 58, "r-xp"), "text");
	EXPECT(own_text_has(&t, 1, 1, "---p"), "between");
}

/* Several mappings at once, of which nobody can tell: the first is put back. */
CHILD_TEST(no_proc_and_an_end_half_way)
{
	make_unwritable(many.bytes + 40 * PAGE, 20);
	change_root(false);
	EXPECT(own_text_write(&many, false, &err) == -DF_E_PERMISSION, "%s", err.text);
	EXPECT(own_text_is(&many, false), "changed");
	EXPECT(own_text_has(&many, 0, 40, "r-xp") && own_text_has(&many, 40, 20, "r-xs"),
	       "protection");
}

/* A file by the name of the memory is not written. */
CHILD_TEST(no_true_proc)
{
	struct stat st;
	change_root(true);
	expect_writes(&one);
	EXPECT(stat("/proc/self/mem", &st) == 0 && st.st_size == 0, "written");
	self_mem_allow_wx(false);
	expect_no_way(&one, "mount procfs", "df_set_write_policy()");
	EXPECT(stat("/proc/self/mem", &st) == 0 && st.st_size == 0, "written");
}

CHILD_TEST(neither_way_is_left)
{
	no_window(SECCOMP_RET_ERRNO | EPERM);
	no_mem(SECCOMP_RET_ERRNO | EIO);
	expect_no_way(&one, "MemoryDenyWriteExecute=", "proc_mem.force_override");
	expect_no_way(&many, "MemoryDenyWriteExecute=", "proc_mem.force_override");
	self_mem_allow_wx(false);
	expect_no_way(&many, "df_set_write_policy()", "proc_mem.force_override");
}

/* The first part is written, the second cannot be; then the first is undone. */
CHILD_TEST(an_end_half_way)
{
	make_unwritable(many.bytes + 40 * PAGE, 20);
	EXPECT(own_text_write(&many, false, &err) == -DF_E_PERMISSION, "%s", err.text);
	EXPECT(own_text_has(&many, 0, 40, "r-xp") && own_text_has(&many, 40, 20, "r-xs"),
	       "protection");
	while (many.edits[many.count - 1].offset >= 40 * PAGE)
		many.count--;
	EXPECT(own_text_write(&many, true, &err) == 0, "%s", err.text);
	EXPECT(own_text_is(&many, false), "not undone");
	EXPECT(own_text_has(&many, 0, 40, "r-xp"), "protection");
}

CHILD_TEST(a_window_that_cannot_be_closed)
{
	char from[32], to[32];
	snprintf(from, sizeof(from), "%p", (void *)many.bytes);
	snprintf(to, sizeof(to), "%p", (void *)(many.bytes + 57 * PAGE));
	forbid(SYS_mprotect, 2, PROT_READ | WX, PROT_READ | PROT_EXEC, SECCOMP_RET_ERRNO | EPERM);
	EXPECT(own_text_write(&many, false, &err) == -DF_E_WRITE, "%s", err.text);
	EXPECT(strstr(err.text, "stays writable") && strstr(err.text, from) && strstr(err.text, to),
	       "'%s' names not %s to %s", err.text, from, to);
}
