/* SPDX-License-Identifier: Apache-2.0 */
/* test_errors.c - what cannot be done, why, and that the target goes on as it was. */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "spots.h"

TestSuite(errors, .timeout = 60);

static struct tool tool;
static struct live live;
static struct spots spots;
static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];

static void start(const char *threads)
{
	LIVE_START(&live, "basic", threads);
	spots_open(&spots, &live);
	spots_image(&spots, before);
}

/* The target beats, and nothing in it changed. */
static void assert_unharmed(void)
{
	const size_t size = spots_image(&spots, after);
	cr_assert(memcmp(before, after, size) == 0, "the target's flags were changed");
	live_beat(&live);
}

static void stop(void)
{
	nobody_is_traced(&live);
	assert_unharmed();
	spots_close(&spots);
	live_stop(&live);
}

/* Both list and enable on a process fail with the status, and one line that says why. */
static void refused(pid_t pid, int status, const char *text)
{
	cr_assert_eq(TOOL(&tool, "enable", pid_option(pid), "basic:"), status, "%d: %s%s",
		     tool.status, tool.out, tool.err);
	tool_one_error(&tool, text);
	cr_assert_str_empty(tool.out);
	cr_assert_eq(TOOL(&tool, "list", pid_option(pid)), status, "%d: %s", tool.status, tool.err);
	tool_one_error(&tool, text);
}

/* ---- processes ---- */

Test(errors, no_such_process)
{
	const pid_t child = fork();
	if (child == 0)
		_exit(0);
	cr_assert_eq(waitpid(child, NULL, 0), child);
	refused(child, 3, "no process has the id");
	refused(0x3ffffffe, 3, "no process has the id 1073741822");
}

Test(errors, thread_instead_of_process)
{
	char text[64];
	start("threads=2");
	const pid_t thread = live.pid + 1; /* most likely; look before relying on it */
	snprintf(text, sizeof(text), "/proc/%d/task/%d", live.pid, thread);
	if (access(text, F_OK) != 0)
		cr_skip("the thread's id does not follow the process's\n");
	snprintf(text, sizeof(text), "%d is a thread of process %d", thread, live.pid);
	refused(thread, 3, text);
	stop();
}

Test(errors, zombie)
{
	siginfo_t info;
	const pid_t child = fork();
	if (child == 0)
		_exit(0);
	cr_assert_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	refused(child, 3, "zombie");
	cr_assert_eq(waitpid(child, NULL, 0), child);
}

Test(errors, kernel_thread)
{
	if (access("/proc/2/exe", F_OK) == 0 || readlink("/proc/2/exe", (char[8]){0}, 8) > 0 ||
	    access("/proc/2", F_OK) != 0 || geteuid() != 0)
		cr_skip("no kernel thread is visible as process 2, or we are not root\n");
	refused(2, 3, "kernel thread");
}

Test(errors, process_without_flags)
{
	struct live plain;
	LIVE_START(&plain, "plain");
	refused(plain.pid, 1, "carries no flags");
	nobody_is_traced(&plain);
	live_stop(&plain);
}

Test(errors, process_of_another_machine)
{
	if (!live_path("plain32"))
		cr_skip("the compiler has no -m32\n");
	const pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(live_path("plain32"), "plain32", NULL);
		_exit(127);
	}
	for (int i = 0; i < 5000; i++) {
		char path[64] = "", link[32];
		snprintf(link, sizeof(link), "/proc/%d/exe", child);
		if (readlink(link, path, sizeof(path) - 1) > 0 && strstr(path, "plain32"))
			break;
		sleep_us(1000);
	}
	siginfo_t info = {0};
	sleep_us(10000);
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT);
	if (info.si_pid != 0)
		cr_skip("the kernel does not run 32-bit programs\n");
	refused(child, 3, "is for i386");
	kill(child, SIGKILL);
	cr_assert_eq(waitpid(child, NULL, 0), child);
}

/* ---- not permitted ---- */

static pid_t seize_in_child(pid_t target)
{
	int ready[2];
	char byte;
	cr_assert_eq(pipe(ready), 0);
	const pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "df-tracer");
		if (ptrace(PTRACE_SEIZE, target, NULL, NULL) == 0)
			(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1, "the target could not be seized");
	close(ready[0]);
	return child;
}

Test(errors, traced_by_another)
{
	char text[64];
	start("threads=4");
	const pid_t tracer = seize_in_child(live.pid);
	snprintf(text, sizeof(text), "traced by process %d (df-tracer)", tracer);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "basic:"), 3);
	tool_one_error(&tool, text);
	assert_unharmed();
	/* Looking needs no ptrace. */
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 0, "%s", tool.err);
	kill(tracer, SIGKILL);
	cr_assert_eq(waitpid(tracer, NULL, 0), tracer);
	stop();
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		_exit(125);
}

/* Whether others may run dfpatch where it lies. */
static bool reachable(void)
{
	const pid_t child = fork();
	int status;
	if (child == 0) {
		become_nobody();
		_exit(access(DFPATCH_PATH, X_OK) == 0 ? 0 : 1);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

Test(errors, another_users)
{
	if (geteuid() != 0)
		cr_skip("becoming another user takes root\n");
	if (!reachable())
		cr_skip("other users cannot run dfpatch where it lies\n");
	start("threads=4");
	for (int i = 0; i < 2; i++) {
		tool_start(&tool,
			   (const char *const[]){i ? "enable" : "list", PID(&live), "basic:", NULL},
			   become_nobody);
		cr_assert_eq(tool_wait(&tool), 3, "%d: %s", tool.status, tool.err);
		tool_one_error(&tool, "belongs to user 0 and we are user 65534");
	}
	stop();
}

/* ---- patterns ---- */

Test(errors, patterns)
{
	static const struct {
		const char *pattern;
		int status;
		const char *text;
	} rows[] = {
		{"basic:(", 2, "basic:("},	{"[", 2, "["},
		{"*x{2,1}", 2, "*x{2,1}"},	{"nothing:", 1, "nothing:"},
		{"basic:featur$", 1, "featur"}, {"asic:feature", 1, "asic:feature"},
	};
	start("threads=1");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(TOOL(&tool, "enable", PID(&live), "multi:", rows[i].pattern),
			     rows[i].status, "%s: %d %s", rows[i].pattern, tool.status, tool.err);
		tool_one_error(&tool, rows[i].text);
		assert_unharmed();
	}
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "basic:("), 2);
	cr_assert(strstr(tool.err, "nmatched"), "no reason: %s", tool.err);
	stop();
}

/* ---- files ---- */

static void file_refused(const char *path, int status, const char *text)
{
	cr_assert_eq(TOOL(&tool, "list", "--file", path), status, "%s: %d %s%s", path, tool.status,
		     tool.out, tool.err);
	tool_one_error(&tool, text);
	cr_assert_str_empty(tool.out);
}

static const char *new_file(const char *name, const void *bytes, size_t size)
{
	static char path[LIVE_PATH];
	scratch_path(path, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
	return path;
}

Test(errors, files_that_are_no_elf)
{
	static const char archive[] = "!<arch>\nx.o/            0           0     0     644     "
				      "0         `\n";
	char fifo[LIVE_PATH];
	scratch_path(fifo, "fifo");
	cr_assert_eq(mkfifo(fifo, 0644), 0);
	file_refused(new_file("text", "hello, world\n", 13), 3, "text");
	file_refused(new_file("empty", "", 0), 3, "empty");
	file_refused(new_file("short", ELFMAG "\2\1\1", 7), 3, "short");
	file_refused(new_file("archive", archive, sizeof(archive) - 1), 3, "archive");
	file_refused("/tmp", 3, "no regular file");
	file_refused("/dev/zero", 3, "no regular file");
	file_refused(fifo, 3, "no regular file");
	file_refused("/nonexistent/file", 3, "No such file");
}

Test(errors, files_for_other_machines)
{
	static const struct {
		uint16_t machine;
		uint8_t class, data;
	} rows[] = {
		{EM_AARCH64, ELFCLASS64, ELFDATA2LSB}, {EM_386, ELFCLASS32, ELFDATA2LSB},
		{EM_X86_64, ELFCLASS32, ELFDATA2LSB}, /* x32 */
		{EM_PPC64, ELFCLASS64, ELFDATA2MSB},   {EM_RISCV, ELFCLASS64, ELFDATA2LSB},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[LIVE_PATH];
		uint16_t machine = rows[i].machine;
		if (rows[i].data == ELFDATA2MSB)
			machine = (uint16_t)(machine << 8 | machine >> 8);
		scratch_path(path, "other-machine");
		copy_file(live_path("basic"), path);
		patch_file(path, EI_CLASS, &rows[i].class, 1);
		patch_file(path, EI_DATA, &rows[i].data, 1);
		patch_file(path, offsetof(Elf64_Ehdr, e_machine), &machine, sizeof(machine));
		cr_assert_eq(TOOL(&tool, "list", "--file", path), 3, "row %zu: %s", i, tool.err);
		tool_one_error(&tool, "other-machine");
		unlink(path);
	}
}

Test(errors, files_of_other_types)
{
	const uint16_t relocatable = ET_REL;
	char path[LIVE_PATH];
	scratch_path(path, "relocatable");
	copy_file(live_path("basic"), path);
	patch_file(path, offsetof(Elf64_Ehdr, e_type), &relocatable, sizeof(relocatable));
	cr_assert_eq(TOOL(&tool, "list", "--file", path), 3, "%d %s", tool.status, tool.err);
	tool_one_error(&tool, "relocatable");
	unlink(path);
	file_refused("/bin/true", 1, "carries no flags");
	file_refused(live_path("plain"), 1, "carries no flags");
}
