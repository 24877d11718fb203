/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scan.c - which processes carry flags, and whether they could be changed. Others
 * may run here, too: only the rows of our own are looked at.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "spots.h"
#include "strangers.h"

TestSuite(scan, .timeout = 60);

static struct tool tool;
static struct live live;

/* The line of a process, with one blank between words; NULL if it has none. */
static const char *row_of(pid_t pid)
{
	static char row[512];
	for (const char *line = tool.out; *line != '\0'; line += *line == '\n') {
		char *to = row;
		const char *from = line + strspn(line, " ");
		for (line = from; *line != '\0' && *line != '\n'; line++)
			if ((line[0] != ' ' || line[1] != ' ') && to < row + sizeof(row) - 1)
				*to++ = *line;
		while (to > row && to[-1] == ' ')
			to--;
		*to = '\0';
		if (strtol(from, NULL, 10) == pid)
			return row;
	}
	return NULL;
}

static void expect_row(const struct live *of, const char *format, ...)
{
	char want[512];
	va_list args;
	const int length = snprintf(want, sizeof(want), "%d ", of->pid);
	va_start(args, format);
	vsnprintf(want + length, sizeof(want) - (size_t)length, format, args);
	va_end(args);
	const char *row = row_of(of->pid);
	cr_assert(row, "no row of %d: %s%s", of->pid, tool.out, tool.err);
	cr_assert_str_eq(row, want);
}

static void scan(void)
{
	cr_assert_eq(TOOL(&tool, "scan", "--noheadings"), 0, "%d: %s%s", tool.status, tool.out,
		     tool.err);
}

/* ---- what there is ---- */

Test(scan, flags_and_what_became_of_them)
{
	struct live plain;
	LIVE_START(&live, "basic", "threads=3");
	LIVE_START(&plain, "plain");
	scan();
	expect_row(&live, "basic 7 9 5 0 no yes");
	cr_assert_null(row_of(plain.pid));
	cr_assert_null(row_of(1), "ourselves, or whatever else has no flags");
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "basic:feature"), 0, "%s", tool.err);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "basic:standard"), 0, "%s", tool.err);
	scan();
	expect_row(&live, "basic 7 9 5 2 no yes");
	cr_assert_eq(TOOL(&tool, "scan", "--noheadings", "-o", "PID,MODULES,CHANGES"), 0);
	expect_row(&live, "1 2");
	cr_assert_eq(TOOL(&tool, "scan"), 0);
	cr_assert(strstr(tool.out, "PATCHABLE"), "%s", tool.out);
	cr_assert_eq(TOOL(&tool, "scan", "--json"), 0);
	cr_assert(strstr(tool.out, "\"patchable\":\"yes\""), "%s", tool.out);
	live_stop(&plain);
	live_stop(&live);
}

Test(scan, flags_of_a_library_only)
{
	LIVE_START(&live, "host-linked");
	cr_assert_eq(TOOL(&tool, "scan", "--noheadings", "-o", "PID,COMMAND,MODULES"), 0);
	expect_row(&live, "host-linked 1");
	live_stop(&live);
}

/* After init libdf may be at work inside, so that every thread has to stand still. */
Test(scan, one_that_has_to_be_stopped)
{
	LIVE_START(&live, "basic");
	cr_assert_eq(TOOL(&tool, "init", PID(&live)), 0, "%s", tool.err);
	scan();
	cr_assert(strstr(row_of(live.pid), " yes stop ") && strstr(tool.out, "was initialised"),
		  "%s", tool.out);
	cr_assert_eq(TOOL(&tool, "scan", "--json"), 0);
	cr_assert(strstr(tool.out, "\"patchable\":\"stop\""), "%s", tool.out);
	live_stop(&live);
}

Test(scan, hostile_names)
{
	char path[LIVE_PATH];
	scratch_path(path, "\033[31m\nred");
	copy_file(live_path("basic"), path);
	LIVE_START(&live, path);
	scan();
	expect_row(&live, "\\x1b[31m\\nred 7 9 5 0 no yes");
	cr_assert_eq(TOOL(&tool, "scan", "--json"), 0);
	cr_assert(!strchr(tool.out, '\033'), "%s", tool.out);
	live_stop(&live);
}

/* ---- what stands in the way ---- */

Test(scan, one_that_is_traced)
{
	LIVE_START(&live, "basic");
	const pid_t tracer = stranger_trace(live.pid);
	scan();
	expect_row(&live,
		   "basic 7 9 5 0 no no cannot attach to process %d: it is traced by process %d "
		   "(df-tracer); end that first",
		   live.pid, tracer);
	cr_assert_eq(TOOL(&tool, "scan", "--json"), 0);
	cr_assert(strstr(tool.out, "\"code\":\"traced\""), "%s", tool.out);
	stranger_end(tracer);
	live_stop(&live);
}

/* Which of the two it is that dfpatch locks depends on the kernel. */
Test(scan, another_dfpatch_at_work)
{
	char path[64];
	LIVE_START(&live, "basic");
	snprintf(path, sizeof(path), "/proc/%d", live.pid);
	const int pidfd = (int)syscall(SYS_pidfd_open, live.pid, 0);
	const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(flock(dir, LOCK_EX), 0);
	scan();
	cr_assert(strstr(row_of(live.pid), " no another dfpatch is at work in it: process "), "%s",
		  tool.out);
	close(dir);
	cr_assert_eq(flock(pidfd, LOCK_EX | LOCK_NB), 0, "%s", strerror(errno));
	scan();
	snprintf(path, sizeof(path), ": process %d (", getpid());
	cr_assert(strstr(tool.out, path), "%s", tool.out);
	close(pidfd);
	scan();
	expect_row(&live, "basic 7 9 5 0 no yes");
	live_stop(&live);
}

/* The program would run into what is written here, so it stands still. */
Test(scan, damage)
{
	struct spots spots;
	const uint8_t breakpoint = 0xcc, damaged = 'x';
	LIVE_START(&live, "basic");
	spots_open(&spots, &live);
	const struct spot *spot = spots_find(&spots, "basic", "slow");
	kill(live.pid, SIGSTOP);
	cr_assert(all_threads_are(&live, 'T'));
	uint8_t byte = peek_opcode(&spots, spot);
	poke(&spots, spot->site, &breakpoint, 1);
	scan();
	cr_assert(strstr(row_of(live.pid), "basic 7 9 5 0 no no "), "%s", tool.out);
	cr_assert(strstr(tool.out, "breakpoint"), "%s", tool.out);
	poke(&spots, spot->site, &byte, 1);
	peek(&spots, spots.control, &byte, 1);
	poke(&spots, spots.control, &damaged, 1);
	scan();
	cr_assert(strstr(row_of(live.pid), " basic no "), "nothing can be counted: %s", tool.out);
	poke(&spots, spots.control, &byte, 1);
	scan();
	expect_row(&live, "basic 7 9 5 0 no yes");
	spots_close(&spots);
	live_stop(&live);
}

/* ---- what we may not see ---- */

static void setup_stranger_scan(struct tool *t)
{
	tool_start(t, (const char *const[]){"scan", "--noheadings", NULL}, become_a_stranger);
	tool_wait(t);
}

Test(scan, what_belongs_to_others_is_counted)
{
	if (!strangers_can_run(DFPATCH_PATH) || !strangers_can_run(live_path("basic")))
		cr_skip("we are not root, or others cannot run what we built where it lies\n");
	LIVE_START(&live, "basic");
	struct live own = {.pid = stranger_start(live_path("basic"))};
	setup_stranger_scan(&tool);
	cr_assert_eq(tool.status, 0, "%d: %s", tool.status, tool.err);
	cr_assert_null(row_of(live.pid));
	expect_row(&own, "basic 7 9 5 0 no yes");
	unsigned denied = 0, looked_at = 0;
	cr_assert_eq(sscanf(tool.err, "dfpatch: note: %u of %u processes could not be looked at",
			    &denied, &looked_at),
		     2, "%s", tool.err);
	cr_assert(denied >= 2 && denied < looked_at, "%s", tool.err);
	cr_assert(strstr(tool.err, "run as root to see all"), "%s", tool.err);
	stranger_end(own.pid);
	live_stop(&live);
}

static pid_t closed;
static char lid[LIVE_PATH];

/* As under Yama: mappings may be read, memory may not. */
static void close_memory(void)
{
	char mem[64];
	snprintf(mem, sizeof(mem), "/proc/%d/mem", closed);
	if (unshare(CLONE_NEWNS) != 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(lid, mem, NULL, MS_BIND, NULL) != 0)
		_exit(124);
	become_a_stranger();
}

Test(scan, what_may_not_be_read_is_told_from_its_file)
{
	if (!strangers_can_run(DFPATCH_PATH) || !strangers_can_run(live_path("basic")))
		cr_skip("we are not root, or others cannot run what we built where it lies\n");
	const struct live own = {.pid = stranger_start(live_path("basic"))};
	closed = own.pid;
	scratch_path(lid, "lid");
	const int fd = open(lid, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	cr_assert(fd >= 0);
	close(fd);
	tool_start(&tool, (const char *const[]){"scan", "--noheadings", NULL}, close_memory);
	tool_wait(&tool);
	stranger_end(own.pid);
	if (tool.status == 124)
		cr_skip("no mount namespaces here\n");
	cr_assert_eq(tool.status, 0, "%d: %s", tool.status, tool.err);
	cr_assert(strncmp(row_of(own.pid) + strcspn(row_of(own.pid), " "),
			  " basic 7 9 no not permitted to ", 30) == 0,
		  "%s", tool.out);
}

/* ---- that it harms nobody ---- */

#define DENY(NUMBER)                                                                               \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (NUMBER), 0, 1),                                       \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

/* Whatever could stop, change or hold up another process ends the scan. */
static void forbid_harm(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		DENY(SYS_ptrace),
		DENY(SYS_pwrite64),
		DENY(SYS_pwritev),
		DENY(SYS_process_vm_writev),
		DENY(SYS_flock),
		DENY(SYS_kill),
		DENY(SYS_tkill),
		DENY(SYS_tgkill),
		DENY(SYS_fork),
		DENY(SYS_clone),
		DENY(SYS_clone3),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(124);
}

static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];

Test(scan, nothing_is_stopped_locked_or_written)
{
	struct spots spots;
	LIVE_START(&live, "basic", "threads=4");
	spots_open(&spots, &live);
	const size_t size = spots_image(&spots, before);
	tool_start(&tool, (const char *const[]){"scan", "--noheadings", NULL}, forbid_harm);
	tool_wait(&tool);
	if (tool.status == 124)
		cr_skip("no seccomp filters here\n");
	cr_assert_eq(tool.status, 0, "%d: %s", tool.status, tool.err);
	expect_row(&live, "basic 7 9 5 0 no yes");
	cr_assert_eq(spots_image(&spots, after), size);
	cr_assert_eq(memcmp(before, after, size), 0);
	spots_close(&spots);
	live_stop(&live);
}

/* Processes that come and go are none of its errors. */
static pid_t start_storm(void)
{
	const pid_t storm = fork();
	if (storm != 0)
		return storm;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		const pid_t child = fork();
		if (child == 0) {
			execl("/bin/true", "true", NULL);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

Test(scan, while_processes_come_and_go)
{
	LIVE_START(&live, "basic");
	const pid_t storm = start_storm();
	for (int i = 0; i < 10; i++) {
		scan();
		cr_assert(strstr(row_of(live.pid), "basic 7 9 5 0 no yes"), "%s", tool.out);
		cr_assert(!strstr(tool.out, "(true)") && !strstr(tool.out, " true "), "%s",
			  tool.out);
	}
	stranger_end(storm);
	live_stop(&live);
}
