/* SPDX-License-Identifier: Apache-2.0 */
/* test_run.c - programs started with their flags set, and what they begin with. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "live.h"

TestSuite(run, .timeout = 120);

static struct tool tool, other;

#define EVERY "enable begun:"

/* The path of a target, in a buffer that the next 4 calls leave alone. */
static const char *target(const char *name)
{
	static char text[4][LIVE_PATH];
	static unsigned next;
	char *to = text[next++ % 4];
	cr_assert(live_path(name), "%s was not built", name);
	return strcpy(to, live_path(name));
}

static void expect_begun(const char *out, int status)
{
	cr_expect_eq(tool.status, status, "status %d: %s", tool.status, tool.err);
	cr_expect_str_eq(tool.out, out);
	cr_expect_str_empty(tool.err);
}

/* ---- before anything of it runs ---- */

#define ALL_ON "library on\nconstructor on\nmain on\n"
#define ALONE_ON "constructor on\nmain on\n"

static void expect_on(const char *name, const char *out)
{
	TOOL(&tool, "run", "-e", EVERY, "--", target(name), "exit=3");
	expect_begun(out, 3);
}

Test(run, constructors_see_the_flags)
{
	expect_on("begun", ALL_ON);
	expect_on("begun-nopie", ALL_ON);
	expect_on("begun-alone", ALONE_ON);
}

Test(run, static_programs_see_them)
{
	expect_on("begun-static", ALONE_ON);
	expect_on("begun-static-pie", ALONE_ON);
}

/* It has a part of a loader in it, which looks like one to others. */
Test(run, static_programs_that_show_their_symbols_see_them)
{
	if (!live_path("begun-static-pie-shown"))
		cr_skip_test("no ld.lld to link it with");
	expect_on("begun-static-pie-shown", ALONE_ON);
}

Test(run, programs_of_musl_see_them)
{
	if (!live_path("begun-musl"))
		cr_skip_test("no musl-gcc to build them with");
	expect_on("begun-musl", ALL_ON);
	expect_on("begun-musl-static", ALONE_ON);
}

Test(run, a_loader_is_run_by_itself)
{
	TOOL(&tool, "run", "-e", EVERY, "/lib64/ld-linux-x86-64.so.2", target("begun"), "exit=4");
	expect_begun(ALL_ON, 4);
}

Test(run, a_script_runs_what_its_first_line_names)
{
	char path[LIVE_PATH], line[2 * LIVE_PATH];
	scratch_path(path, "script");
	snprintf(line, sizeof(line), "#!%s exit=5\n", target("begun"));
	const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	cr_assert_eq(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	close(fd);
	TOOL(&tool, "run", "-e", EVERY, path);
	expect_begun(ALL_ON, 5);
}

static void set_path(void)
{
	setenv("PATH", "/nowhere:" DF_TARGETS_DIR, 1);
}

Test(run, a_command_is_looked_for_in_the_path)
{
	static const char *const args[] = {"run", "-e", EVERY, "begun", "exit=6", NULL};
	tool_start(&tool, args, set_path);
	tool_wait(&tool);
	expect_begun(ALL_ON, 6);
}

static void set_audit(void)
{
	setenv("LD_AUDIT", DF_TARGETS_DIR "/begun-audit.so", 1);
}

/* They are loaded, and announced, before the program's own modules. */
Test(run, modules_that_watch_the_loader_come_first)
{
	static const char *const args[] = {"run", "-e", EVERY, DF_TARGETS_DIR "/begun", NULL};
	tool_start(&tool, args, set_audit);
	tool_wait(&tool);
	expect_begun(ALL_ON, 0);
}

static void set_audit_that_execs(void)
{
	setenv("LD_AUDIT", DF_TARGETS_DIR "/begun-audit-exec.so", 1);
}

Test(run, what_becomes_another_program_too_early_does_not_begin)
{
	static const char *const args[] = {"run", "-e", EVERY, DF_TARGETS_DIR "/begun-alone", NULL};
	tool_start(&tool, args, set_audit_that_execs);
	tool_wait(&tool);
	cr_expect_eq(tool.status, 125, "status %d: %s", tool.status, tool.err);
	cr_expect_str_empty(tool.out);
	cr_expect(strstr(tool.err, "it became another program before"), "%s", tool.err);
}

Test(run, what_is_loaded_later_is_left_alone)
{
	char load[LIVE_PATH + 8];
	snprintf(load, sizeof(load), "load=%s", target("begun-library.so"));
	TOOL(&tool, "run", "-e", EVERY, "--", target("begun-alone"), load);
	expect_begun(ALONE_ON "library off\n", 0);
	TOOL(&tool, "run", "-e", "enable begun:library", "--", target("begun-alone"), load);
	cr_expect_eq(tool.status, 125);
	cr_expect_str_empty(tool.out);
}

Test(run, lines_take_effect_in_their_order)
{
	TOOL(&tool, "run", "-e", EVERY, "-e", "disable begun:main", "-e", "+begun:library",
	     target("begun"));
	expect_begun("library on\nconstructor on\nmain off\n", 0);
	/* Nothing to do is nothing to trace it for. */
	TOOL(&tool, "run", "-e", "# nothing", target("begun"));
	expect_begun("library off\nconstructor off\nmain off\n", 0);
}

Test(run, unhooked_flags_are_told)
{
	TOOL(&tool, "run", "-e", "!begun:main", "-e", EVERY, target("begun"));
	cr_expect_eq(tool.status, 0);
	cr_expect_str_eq(tool.out, "library on\nconstructor on\nmain off\n");
	cr_expect(strstr(tool.err, "1 flag is unhooked, and left alone\n"), "%s", tool.err);
}

/* ---- what it begins with ---- */

/* What only a child of the test has, and both programs are to find alike. */
static void nothing(void)
{
}

static void odd_signals(void)
{
	sigset_t blocked;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGTRAP);
	sigaddset(&blocked, SIGUSR1);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	raise(SIGUSR1);
}

static void ignored_traps(void)
{
	signal(SIGTRAP, SIG_IGN);
}

static void blocked_child(void)
{
	sigset_t blocked;
	sigfillset(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static void odd_limits(void)
{
	const struct rlimit stack = {.rlim_cur = 196608, .rlim_max = RLIM_INFINITY};
	setrlimit(RLIMIT_STACK, &stack);
	umask(0137);
	setenv("BEGUN_TEST", "a=b\nc", 1);
	if (chdir("/usr") != 0)
		_exit(98);
}

static void no_input(void)
{
	close(STDIN_FILENO);
	fcntl(STDERR_FILENO, F_DUPFD, 40);
}

static void no_errors(void)
{
	close(STDERR_FILENO);
}

static void reaper(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static void become_begun(const struct tool *plain, void (*setup)(void), const char *path)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 0);
	dup2(plain->out_fd, 1);
	dup2(plain->err_fd, 2);
	setup();
	execl(path, path, "facts=1", (char *)NULL);
	_exit(97);
}

/* Without dfpatch; its descriptors are of the same files that another has. */
static void run_plainly(void (*setup)(void), const char *path)
{
	other.out_fd = memfd_create("out", MFD_CLOEXEC);
	other.err_fd = memfd_create("err", MFD_CLOEXEC);
	other.pid = fork();
	if (other.pid == 0)
		become_begun(&other, setup, path);
	tool_wait(&other);
	cr_assert_eq(other.status, 0, "status %d: %s", other.status, other.err);
}

/* Flags are switched on, and the two have outputs of their own: all else is the same. */
static void make_alike(char *out)
{
	for (char *line = out; *line; line += strcspn(line, "\n") + 1) {
		if (strncmp(line, "descriptor 1:", 13) == 0 ||
		    strncmp(line, "descriptor 2:", 13) == 0 ||
		    strncmp(line, "descriptor 40:", 14) == 0)
			memset(line + 14, '.', strcspn(line + 14, "\n"));
	}
}

static const char *facts_of(const char *out)
{
	const char *facts = strstr(out, "at first");
	cr_assert(facts, "no facts: %s", out);
	return facts;
}

static void expect_same_lines(const char *name, const char *a, const char *b)
{
	while (*a && *b && strcspn(a, "\n") == strcspn(b, "\n") &&
	       strncmp(a, b, strcspn(a, "\n")) == 0) {
		a += strcspn(a, "\n") + 1;
		b += strcspn(b, "\n") + 1;
	}
	cr_expect(*a == *b && *a == '\0', "%s: '%.*s', but without dfpatch '%.*s'", name,
		  (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

static void expect_alike(void (*setup)(void), const char *name)
{
	const char *path = target(name);
	const char *const args[] = {"run", "-e", EVERY, "--", path, "facts=1", NULL};
	run_plainly(setup, path);
	tool_start(&tool, args, setup);
	tool_wait(&tool);
	cr_assert_eq(tool.status, 0, "%s: status %d: %s", name, tool.status, tool.err);
	cr_assert(strstr(tool.out, "constructor on\n"));
	make_alike(tool.out);
	make_alike(other.out);
	expect_same_lines(name, facts_of(tool.out), facts_of(other.out));
	cr_expect(strstr(tool.out, "at first TracerPid:\t0\n"));
	cr_expect(strstr(tool.out, "child -1 No child process"), "%s", strstr(tool.out, "child"));
}

Test(run, all_else_is_as_without)
{
	static void (*const setups[])(void) = {nothing,	      odd_signals, ignored_traps,
					       blocked_child, odd_limits,  no_input,
					       no_errors,     reaper};
	for (size_t i = 0; i < sizeof(setups) / sizeof(setups[0]); i++) {
		expect_alike(setups[i], "begun");
		expect_alike(setups[i], "begun-static-pie");
		if (live_path("begun-musl"))
			expect_alike(setups[i], "begun-musl");
	}
}

Test(run, its_end_is_its_own)
{
	static const char *const raised[] = {"raise=2", "raise=6", "raise=9", "raise=15"};
	static const int signals[] = {SIGINT, SIGABRT, SIGKILL, SIGTERM};
	for (size_t i = 0; i < sizeof(raised) / sizeof(raised[0]); i++) {
		TOOL(&tool, "run", "-e", EVERY, target("begun"), raised[i]);
		expect_begun(ALL_ON, -signals[i]);
	}
	TOOL(&tool, "run", "-e", EVERY, target("begun"), "exit=255");
	expect_begun(ALL_ON, 255);
}

/* ---- what is not started ---- */

/* Nothing of it has run, not even a constructor. */
static void expect_not_begun(int status, const char *text)
{
	cr_expect_eq(tool.status, status, "status %d: %s", tool.status, tool.err);
	cr_expect_str_empty(tool.out);
	tool_one_error(&tool, text);
}

Test(run, a_pattern_that_means_nothing_starts_nothing)
{
	static const char *const programs[] = {"begun", "begun-static", "begun-static-pie"};
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		TOOL(&tool, "run", "-e", EVERY, "-e", "+nothing", target(programs[i]));
		expect_not_begun(125, "-e number 2: line 1: no flag matches 'nothing'");
	}
}

Test(run, a_program_without_flags_is_not_started)
{
	TOOL(&tool, "run", "-e", EVERY, "/bin/true");
	expect_not_begun(125, "carries no flags");
	/* Whose flags are meant is not what was started. */
	TOOL(&tool, "run", "-e", EVERY, "/usr/bin/env", target("begun"));
	expect_not_begun(125,
			 "'/usr/bin/env' runs '/usr/bin/env', which carries no flags, nor do its "
			 "libraries; none are set in what it starts: put 'dfpatch run' before");
	if (!live_path("plain32"))
		cr_skip_test("no compiler for 32-bit programs");
	TOOL(&tool, "run", "-e", EVERY, target("plain32"));
	expect_not_begun(125, "only x86-64 is supported");
}

Test(run, a_bad_script_starts_nothing)
{
	TOOL(&tool, "run", "-e", "+(", target("begun"));
	expect_not_begun(125, "-e number 1");
	TOOL(&tool, "run", "-s", "/nowhere/script", target("begun"));
	expect_not_begun(125, "/nowhere/script: cannot be opened");
}

Test(run, what_cannot_be_started_is_told_as_env_tells_it)
{
	char path[LIVE_PATH];
	TOOL(&tool, "run", "-e", EVERY, "no-such-command-anywhere");
	expect_not_begun(127, "cannot start 'no-such-command-anywhere': No such file");
	TOOL(&tool, "run", "-e", EVERY, "/tmp");
	expect_not_begun(126, "cannot start '/tmp': Permission denied");
	scratch_path(path, "locked");
	copy_file(target("begun"), path);
	cr_assert_eq(chmod(path, 0644), 0);
	TOOL(&tool, "run", "-e", EVERY, path);
	expect_not_begun(126, "Permission denied");
}

Test(run, what_the_loader_cannot_load_ends_as_always)
{
	char path[LIVE_PATH];
	/* Its library is looked for beside it. */
	scratch_path(path, "begun");
	copy_file(target("begun"), path);
	TOOL(&tool, "run", "-e", EVERY, path);
	cr_expect_eq(tool.status, 127);
	cr_expect(strstr(tool.err, "begun-library.so: cannot open shared object"), "%s", tool.err);
	cr_expect_not(strstr(tool.err, "dfpatch:"), "%s", tool.err);
}

static void too_small_stacks(void)
{
	const struct rlimit stack = {.rlim_cur = 131072, .rlim_max = 131072};
	setrlimit(RLIMIT_STACK, &stack);
}

/* No status of ours is one that the program could have. */
Test(run, what_fails_before_all_else_is_told_likewise)
{
	static const char *const args[] = {"run", "-e", EVERY, DF_TARGETS_DIR "/begun", NULL};
	tool_start(&tool, args, too_small_stacks);
	tool_wait(&tool);
	expect_not_begun(125, "stacks are limited to 128 KiB");
}

static void without_proc(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    umount2("/proc", MNT_DETACH) != 0)
		_exit(95);
}

Test(run, without_proc_nothing_is_started)
{
	static const char *const args[] = {"run", "-e", EVERY, DF_TARGETS_DIR "/begun", NULL};
	tool_start(&tool, args, without_proc);
	tool_wait(&tool);
	if (tool.status == 95)
		cr_skip_test("/proc cannot be taken away here");
	expect_not_begun(125, "/proc is not mounted here");
}

static void give_capability(const char *path)
{
	const struct vfs_cap_data capability = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = {{.permitted = 1u << CAP_NET_RAW}},
	};
	if (setxattr(path, "security.capability", &capability, sizeof(capability), 0) != 0)
		cr_skip_test("capabilities of files cannot be set here");
}

Test(run, what_would_lose_a_privilege_is_refused)
{
	char path[LIVE_PATH];
	scratch_path(path, "privileged");
	copy_file(target("begun-static"), path);
	cr_assert_eq(chmod(path, 04755), 0);
	TOOL(&tool, "run", "-e", EVERY, path);
	expect_not_begun(126, "is set-user-ID");
	cr_assert_eq(chmod(path, 02755), 0);
	TOOL(&tool, "run", "-e", EVERY, path);
	expect_not_begun(126, "is set-group-ID");
	cr_assert_eq(chmod(path, 0755), 0);
	give_capability(path);
	TOOL(&tool, "run", "-e", EVERY, path);
	expect_not_begun(126, "a file with capabilities");
}

static void be_nobody(void)
{
	if (setgid(65534) != 0 || setuid(65534) != 0)
		_exit(96);
}

static char unreadable[LIVE_PATH];

static void expect_refused_as_nobody(mode_t mode, const char *text)
{
	const char *const args[] = {"run", "-e", EVERY, unreadable, NULL};
	cr_assert_eq(chmod(unreadable, mode), 0);
	tool_start(&tool, args, be_nobody);
	tool_wait(&tool);
	expect_not_begun(126, text);
}

/* Nobody can look at such a program once it is there. */
Test(run, what_cannot_be_read_is_refused)
{
	char directory[LIVE_PATH];
	if (getuid() != 0)
		cr_skip_test("only root can become somebody else");
	scratch_path(unreadable, "unreadable");
	scratch_path(directory, "");
	cr_assert_eq(chmod(directory, 0755), 0);
	copy_file(target("begun-static"), unreadable);
	expect_refused_as_nobody(0711, "cannot be read, so the kernel does not let it be traced");
	expect_refused_as_nobody(04711, "is set-user-ID");
}

/* It is there by the time that this is known. */
Test(run, what_is_run_by_something_that_cannot_be_read_is_refused)
{
	char script[LIVE_PATH], line[LIVE_PATH + 8];
	const char *const args[] = {"run", "-e", EVERY, script, NULL};
	if (getuid() != 0)
		cr_skip_test("only root can become somebody else");
	scratch_path(script, "");
	cr_assert_eq(chmod(script, 0755), 0);
	scratch_path(unreadable, "unreadable");
	copy_file(target("begun"), unreadable);
	cr_assert_eq(chmod(unreadable, 0711), 0);
	scratch_path(script, "script");
	snprintf(line, sizeof(line), "#!%s\n", unreadable);
	const int fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	cr_assert_eq(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	close(fd);
	tool_start(&tool, args, be_nobody);
	tool_wait(&tool);
	expect_not_begun(126, "cannot be read, so the kernel does not let it be traced");
}

/* It is not enough that the kernel takes the privilege away. */
Test(run, a_privileged_command_of_somebody_else_is_refused)
{
	static const char *const args[] = {"run", "-e", EVERY, "passwd", "--help", NULL};
	if (getuid() != 0)
		cr_skip_test("only root can become somebody else");
	tool_start(&tool, args, be_nobody);
	tool_wait(&tool);
	expect_not_begun(126, "is set-user-ID");
}
