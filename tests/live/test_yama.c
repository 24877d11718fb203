/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_yama.c - what dfpatch says where Yama (ptrace(2)) restricts whom it may touch.
 *
 * Kernels without it are made to look as if they had it: its setting stands in a file of ours, in
 * mounts of dfpatch's own, and the memory of processes is denied as Yama denies it. What
 * it allows stays allowed, whatever the setting: the kernel is asked, not the file.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "basic.h"
#include "gate.h"
#include "place.h"
#include "spots.h"

TestSuite(yama, .timeout = 120);

static struct tool tool;
static struct live live;
static char program[LIVE_PATH];

#define SETTING "/proc/sys/kernel/yama/ptrace_scope"

static const char *scope; /* what the setting reads as */

static void set_scope(void)
{
	place_new_mounts();
	if (mount("tmpfs", "/proc/sys/kernel", "tmpfs", 0, NULL) != 0 ||
	    mkdir("/proc/sys/kernel/yama", 0755) != 0)
		_exit(125);
	const int fd = open(SETTING, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, scope, strlen(scope)) < 0)
		_exit(125);
	close(fd);
}

static void as_root(void)
{
	set_scope();
}

static void as_nobody(void)
{
	set_scope();
	place_nobody();
}

static void start(void)
{
	if (geteuid() != 0)
		cr_skip("mounting over /proc takes root\n");
	if (!gate_is_there())
		cr_skip("the kernel cannot hold system calls for the test\n");
	scratch_path(program, "basic");
	copy_file(live_path("basic"), program);
	cr_assert_eq(chmod(program, 0755), 0);
	place_open_scratch();
	if (!place_reachable(program))
		cr_skip("other users cannot run dfpatch where it lies\n");
	cr_assert(live_start_in(&live, program, (const char *const[]){NULL}, 0, place_nobody));
}

static void stop(void)
{
	nobody_is_traced(&live);
	live_beat(&live);
	live_stop(&live);
}

/* Whether the file to be opened is the memory of a process: of a thread, if the first has gone. */
static bool opens_memory(const struct seccomp_notif *call)
{
	char path[64] = "";
	struct iovec to = {.iov_base = path, .iov_len = sizeof(path) - 1};
	struct iovec from = {.iov_base = (void *)(uintptr_t)call->data.args[1],
			     .iov_len = sizeof(path) - 1};
	(void)process_vm_readv((pid_t)call->pid, &to, 1, &from, 1, 0);
	const char *name = strrchr(path, '/');
	return strcmp(name ? name + 1 : path, "mem") == 0;
}

/* Runs dfpatch, denied the memory of all processes, and says what became of it. */
static int run_denied(void (*who)(void), const char *const *args)
{
	static const int opening[] = {SYS_openat, -1};
	struct gate gate;
	struct seccomp_notif call;
	gate_start_in(&gate, &tool, args, opening, who);
	while (gate_next(&gate, &call))
		if (opens_memory(&call))
			gate_fail(&gate, &call, EACCES);
		else
			gate_pass(&gate, &call);
	return gate_end(&gate);
}

static void is_refused(void (*who)(void), const char *reason)
{
	static const char *const commands[][2] = {
		{"list", "--noheadings"}, {"enable", "--quiet"}, {"enable", "--stop"}};
	for (size_t i = 0; i < 3; i++) {
		const char *const args[] = {commands[i][0], commands[i][1], PID(&live),
					    "basic:feature", NULL};
		cr_assert_eq(run_denied(who, args), 3, "%s: %d %s", scope, tool.status, tool.err);
		cr_assert(strstr(tool.err, reason), "%s: '%s' is not in: %s", scope, reason,
			  tool.err);
		cr_assert_str_empty(tool.out);
	}
	cr_assert_eq(live.page->value[BASIC_FEATURE], 0);
}

#define ANCESTORS                                                                                  \
	"kernel.yama.ptrace_scope is 1, which allows only its ancestors and whom it named "        \
	"itself (PR_SET_PTRACER); run as root, or set it to 0"
#define CAPABLE "kernel.yama.ptrace_scope is 2, which allows CAP_SYS_PTRACE only; run as root"
#define NOBODY_AT_ALL "kernel.yama.ptrace_scope is 3, which allows nobody until the next boot"

Test(yama, each_setting_is_told_with_what_to_do)
{
	static const struct {
		const char *scope;
		void (*who)(void);
		const char *reason;
	} rows[] = {
		{"0\n", as_nobody, "the kernel denies it (another user namespace, or a security"},
		{"1\n", as_nobody, ANCESTORS},
		{"2\n", as_nobody, CAPABLE},
		{"3\n", as_nobody, NOBODY_AT_ALL},
		/* Root may do all but what the last one forbids: something else denies it. */
		{"1\n", as_root, "the kernel denies it although we have CAP_SYS_PTRACE"},
		{"2\n", as_root, "the kernel denies it although we have CAP_SYS_PTRACE"},
		{"3\n", as_root, NOBODY_AT_ALL},
	};
	start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		scope = rows[i].scope;
		is_refused(rows[i].who, rows[i].reason);
	}
	stop();
}

/* The error is of the kind that scripts know. */
Test(yama, is_told_to_machines)
{
	start();
	scope = "1\n";
	run_denied(as_nobody,
		   (const char *const[]){"enable", PID(&live), "basic:", "--json", NULL});
	cr_expect_eq(tool.status, 3, "%s", tool.err);
	cr_expect(strstr(tool.out, "\"permission\"") && strstr(tool.out, "PR_SET_PTRACER"), "%s",
		  tool.out);
	stop();
}

static void works(void (*who)(void))
{
	for (int i = 0; i < 4; i++) {
		const char *const args[] = {i % 2 ? "disable" : "enable",
					    i < 2 ? "--quiet" : "--stop", PID(&live),
					    "basic:feature", NULL};
		tool_start(&tool, args, who);
		cr_assert_eq(tool_wait(&tool), 0, "%s: %s", scope, tool.err);
		cr_assert_str_empty(tool.err);
		cr_assert(live_value(&live, BASIC_FEATURE, i % 2 == 0));
	}
}

/* So an ancestor, or whom the process named by PR_SET_PTRACER, is not refused by us. */
Test(yama, what_the_kernel_allows_is_done)
{
	static const char *const scopes[] = {"1\n", "2\n", "3\n"};
	start();
	for (size_t i = 0; i < 3; i++) {
		scope = scopes[i];
		works(as_nobody);
		works(as_root);
	}
	stop();
}

/* Only with Yama: whom the process names itself may change it. */
static void name_anybody(void)
{
	place_nobody();
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
}

static bool yama_is_on(void)
{
	char text[4] = "";
	const int fd = open(SETTING, O_RDONLY | O_CLOEXEC);
	const bool on = fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && *text == '1';
	if (fd >= 0)
		close(fd);
	return on;
}

Test(yama, the_process_names_who_may)
{
	if (!yama_is_on())
		cr_skip(SETTING " is not 1\n");
	start();
	tool_start(&tool, (const char *const[]){"enable", PID(&live), "basic:feature", NULL},
		   place_nobody);
	cr_assert_eq(tool_wait(&tool), 3, "%s", tool.out);
	cr_assert(strstr(tool.err, ANCESTORS), "%s", tool.err);
	stop();
	cr_assert(live_start_in(&live, program, (const char *const[]){NULL}, 0, name_anybody));
	scope = "1\n";
	works(place_nobody);
	stop();
}
