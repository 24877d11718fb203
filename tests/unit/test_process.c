/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/process.c: what a number means, who may, and one controller at a time. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "process.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define NOBODY 65534

static unsigned hidden; /* how many times /proc is not to have a directory it is asked for */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
	if ((flags & O_DIRECTORY) && hidden > 0) {
		hidden--;
		errno = ENOENT;
		return -1;
	}
	va_list rest;
	va_start(rest, flags);
	const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
	va_end(rest);
	return __real_open(path, flags, mode);
}

static pid_t start_child(void (*body)(void))
{
	const pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (body)
			body();
		for (;;)
			pause();
	}
	cr_assert_gt(pid, 0);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void expect_none(pid_t pid, const char *says)
{
	for (int write = 0; write < 2; write++) {
		struct process p = {.pid = 77};
		struct df_err err = {0};
		cr_expect_eq(process_open(pid, write, &p, &err), -(int)DF_E_NO_PROCESS, "%d: %s",
			     pid, err.text);
		cr_expect(strstr(err.text, says), "%d: '%s'", pid, err.text);
		cr_expect_eq(p.pid, 77, "touched");
	}
}

Test(process, ourselves)
{
	struct process p;
	struct df_err err = {0};
	cr_assert_eq(process_open(getpid(), true, &p, &err), 0, "%s", err.text);
	cr_expect(p.pid == getpid() && p.pidfd >= 0 && p.dir >= 0 && p.mem >= 0);
	cr_expect(!p.foreign_pids);
	cr_expect_neq(p.name[0], '\0');
	const int fd = process_file(&p, "maps", &err);
	cr_expect_geq(fd, 0, "%s", err.text);
	close(fd);
	process_close(&p);
	cr_expect(p.pidfd == -1 && p.dir == -1 && p.mem == -1);
	process_close(&p);
}

/* For a moment, since a thread of it calls exec, or for good (hidepid). */
Test(process, not_in_proc)
{
	struct process p;
	struct df_err err = {0};
	const pid_t child = start_child(NULL);
	for (unsigned times = 1; times < 3; times++) {
		hidden = times;
		cr_expect_eq(process_open(child, true, &p, &err), 0, "%u: %s", times, err.text);
		cr_expect_eq(hidden, 0);
		process_close(&p);
	}
	hidden = 100;
	cr_expect_eq(process_open(child, true, &p, &err), -(int)DF_E_PERMISSION);
	cr_expect(strstr(err.text, "hidepid"), "%s", err.text);
	cr_expect_geq(hidden, 90, "asked %u times", 100 - hidden);
	end_child(child);
}

Test(process, numbers_that_are_no_process)
{
	static const pid_t numbers[] = {0, -1, INT_MIN, INT_MAX, 4194305};
	for (size_t i = 0; i < COUNT(numbers); i++)
		expect_none(numbers[i], "no process has the id");
}

static pthread_barrier_t barrier;
static pid_t thread_id;

static void *thread(void *context)
{
	(void)context;
	thread_id = gettid();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

Test(process, the_id_of_a_thread)
{
	pthread_t other;
	char says[64];
	pthread_barrier_init(&barrier, NULL, 2);
	cr_assert_eq(pthread_create(&other, NULL, thread, NULL), 0);
	pthread_barrier_wait(&barrier);
	snprintf(says, sizeof(says), "thread of process %d; give the id of the process", getpid());
	expect_none(thread_id, says);
	pthread_barrier_wait(&barrier);
	pthread_join(other, NULL);
}

static void exit_at_once(void)
{
	_exit(0);
}

Test(process, a_zombie_and_then_nothing)
{
	const pid_t pid = start_child(exit_at_once);
	siginfo_t info;
	cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	expect_none(pid, "zombie");
	waitpid(pid, NULL, 0);
	expect_none(pid, "no process has the id");
}

static void odd_name(void)
{
	prctl(PR_SET_NAME, "a) R 1\n(\033");
}

/* A name is cut at a newline, and otherwise as it is; it hides no field of the status. */
Test(process, hostile_name)
{
	const pid_t pid = start_child(odd_name);
	struct process p;
	struct df_err err = {0};
	for (int i = 0; i < 500; i++) {
		cr_assert_eq(process_open(pid, false, &p, &err), 0, "%s", err.text);
		if (strcmp(p.name, "a) R 1") == 0)
			break;
		process_close(&p);
		usleep(10000);
	}
	cr_expect_str_eq(p.name, "a) R 1");
	process_close(&p);
	end_child(pid);
}

Test(process, one_controller_at_a_time)
{
	const pid_t pid = start_child(NULL);
	struct process first, second;
	struct df_err err = {0};
	cr_assert_eq(process_open(pid, true, &first, &err), 0, "%s", err.text);
	cr_assert_eq(process_open(pid, true, &second, &err), 0, "%s", err.text);
	cr_expect_eq(process_lock(&first, 0, &err), 0, "%s", err.text);
	const uint64_t begun = monotonic_now();
	cr_expect_eq(process_lock(&second, begun + 20000000, &err), -(int)DF_E_BUSY);
	cr_expect_geq(monotonic_now() - begun, 20000000, "it waits until the deadline");
	cr_expect(strstr(err.text, "another dfpatch is at work"), "'%s'", err.text);
	process_close(&first);
	cr_expect_eq(process_lock(&second, 0, &err), 0, "%s", err.text);
	process_close(&second);
	end_child(pid);
}

/* Locks of different processes have nothing to do with each other. */
Test(process, locks_of_two_processes)
{
	const pid_t pids[] = {start_child(NULL), start_child(NULL)};
	struct process p[2];
	struct df_err err = {0};
	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(process_open(pids[i], true, &p[i], &err), 0, "%s", err.text);
		cr_expect_eq(process_lock(&p[i], 0, &err), 0, "%s", err.text);
	}
	for (size_t i = 0; i < 2; i++) {
		process_close(&p[i]);
		end_child(pids[i]);
	}
}

Test(process, the_end_of_a_process)
{
	const pid_t pid = start_child(NULL);
	struct process p;
	struct df_err err = {0};
	cr_assert_eq(process_open(pid, true, &p, &err), 0, "%s", err.text);
	cr_expect_eq(process_explain_end(&p, &err), -(int)DF_E_EXEC, "%s", err.text);
	end_child(pid);
	cr_expect_eq(process_explain_end(&p, &err), -(int)DF_E_NO_PROCESS, "%s", err.text);
	cr_expect_eq(process_file(&p, "maps", &err), -(int)DF_E_NO_PROCESS, "%s", err.text);
	process_close(&p);
}

/* ---- what tells nothing about the process ---- */

/* So many descriptors may be opened besides those that are open now; or as many as before. */
static void allow_descriptors(rlim_t count)
{
	static struct rlimit all;
	if (all.rlim_cur == 0)
		getrlimit(RLIMIT_NOFILE, &all);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &all), 0);
	if (count == RLIM_INFINITY)
		return;
	const int lowest = dup(0);
	const struct rlimit limit = {(rlim_t)lowest + count, all.rlim_max};
	close(lowest);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void *sleep_on(void *context)
{
	(void)context;
	for (;;)
		pause();
	return NULL;
}

static void leave_leader(void)
{
	pthread_t other;
	if (pthread_create(&other, NULL, sleep_on, NULL) == 0)
		pthread_exit(NULL);
}

/* Every function either does what it is for, or says that there are no descriptors. */
static void with_descriptors(rlim_t count, pid_t pid, bool *opened)
{
	struct process p;
	struct df_err err = {0};
	allow_descriptors(count);
	const int status = process_open(pid, false, &p, &err);
	allow_descriptors(RLIM_INFINITY);
	*opened = status == 0;
	if (*opened) {
		process_close(&p);
		return;
	}
	cr_expect_eq(status, -(int)DF_E_SYSTEM, "%d: %s", (int)count, err.text);
	cr_expect(strstr(err.text, "Too many open files") && strstr(err.text, "ulimit -n"), "'%s'",
		  err.text);
}

static void without_descriptors(pid_t pid)
{
	struct process p;
	struct df_err err = {0};
	bool opened = false;
	for (rlim_t count = 0; count < 10 && !opened; count++)
		with_descriptors(count, pid, &opened);
	cr_expect(opened);
	cr_assert_eq(process_open(pid, false, &p, &err), 0, "%s", err.text);
	allow_descriptors(0);
	const int file = process_file(&p, "maps", &err);
	cr_expect_eq(file, -(int)DF_E_SYSTEM, "%s", err.text);
	const int end = process_explain_end(&p, &err);
	cr_expect_eq(end, -(int)DF_E_SYSTEM, "%s", err.text);
	const int denial = process_explain_denial(&p, "stop", &err);
	cr_expect_eq(denial, -(int)DF_E_SYSTEM, "%s", err.text);
	const int of_thread = process_explain_thread_denial(&p, pid, "stop", &err);
	cr_expect_eq(of_thread, -(int)DF_E_SYSTEM, "%s", err.text);
	cr_expect(strstr(err.text, "ulimit -n"), "%s", err.text);
	allow_descriptors(RLIM_INFINITY);
	process_close(&p);
}

/* A lack of descriptors is not taken for the end of a process. */
Test(process, without_descriptors)
{
	const pid_t pid = start_child(NULL);
	without_descriptors(pid);
	end_child(pid);
}

Test(process, without_descriptors_and_leader)
{
	struct df_err err = {0};
	struct process p = {.leader_exited = false};
	const pid_t pid = start_child(leave_leader);
	for (int i = 0; i < 500 && !p.leader_exited; i++) {
		usleep(10000);
		cr_assert_eq(process_open(pid, false, &p, &err), 0, "%s", err.text);
		if (!p.leader_exited)
			process_close(&p);
	}
	cr_assert(p.leader_exited);
	allow_descriptors(0);
	const int file = process_file(&p, "maps", &err);
	allow_descriptors(1);
	const int other = process_file(&p, "maps", &err);
	const int denial = process_explain_denial(&p, "stop", &err);
	cr_expect_eq(denial, -(int)DF_E_SYSTEM, "%s", err.text);
	allow_descriptors(RLIM_INFINITY);
	cr_expect_eq(file, -(int)DF_E_SYSTEM, "%s", err.text);
	cr_expect_eq(other, -(int)DF_E_SYSTEM, "%s", err.text);
	process_close(&p);
	end_child(pid);
}

/* Opens our parent as another user, and tells by its exit status whether it was denied and why. */
static void try_as_nobody(pid_t pid, const char *says)
{
	const pid_t tool = fork();
	if (tool == 0) {
		struct process p;
		struct df_err err = {0};
		if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(3);
		if (process_open(pid, true, &p, &err) != -(int)DF_E_PERMISSION)
			_exit(1);
		if (!strstr(err.text, says)) {
			fprintf(stderr, "'%s' does not say '%s'\n", err.text, says);
			_exit(2);
		}
		_exit(0);
	}
	int status;
	cr_assert_eq(waitpid(tool, &status, 0), tool);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", (unsigned)status);
}

Test(process, another_users_process)
{
	if (geteuid() != 0)
		cr_skip("only root can become another user");
	const pid_t pid = start_child(NULL);
	try_as_nobody(pid, "it belongs to user 0 and we are user 65534");
	end_child(pid);
}

static int ready[2];

static void become_nobody(void)
{
	if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0 || write(ready[1], "x", 1) != 1)
		_exit(3);
}

Test(process, a_process_that_is_not_dumpable)
{
	char byte;
	if (geteuid() != 0)
		cr_skip("only root can become another user");
	cr_assert_eq(pipe(ready), 0);
	const pid_t pid = start_child(become_nobody);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	try_as_nobody(pid, "PR_SET_DUMPABLE");
	end_child(pid);
}

#define NO_MOUNTS 77

/* Shows a Yama setting where there may be none, and tells by its exit status if it is explained. */
static void under_yama(pid_t pid, const char *scope, const char *says)
{
	struct process p;
	struct df_err err = {0};
	int fd = -1;
	/* In a chroot, "/" is no mount to be made private. */
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		_exit(NO_MOUNTS);
	if (mount("tmpfs", "/proc/sys/kernel", "tmpfs", 0, NULL) != 0 ||
	    mkdir("/proc/sys/kernel/yama", 0755) != 0 ||
	    (fd = open("/proc/sys/kernel/yama/ptrace_scope", O_WRONLY | O_CREAT, 0644)) < 0 ||
	    write(fd, scope, strlen(scope)) < 0 || setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 ||
	    setuid(NOBODY) != 0)
		_exit(3);
	/* A kernel without Yama gives it to us; then as if it had not. */
	if (process_open(pid, false, &p, &err) == 0) {
		close(p.mem);
		p.mem = -1;
		process_explain_denial(&p, "attach to", &err);
	}
	if (err.code != DF_E_PERMISSION)
		_exit(1);
	_exit(strstr(err.text, says) ? 0 : 2);
}

static void be_nobody(void)
{
	if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0 ||
	    prctl(PR_SET_DUMPABLE, 1) != 0 || write(ready[1], "x", 1) != 1)
		_exit(3);
}

Test(process, yama)
{
	static const char *const rows[][2] = {
		{"0\n", "the kernel denies it"},
		{"1\n", "ptrace_scope is 1, which allows only its ancestors and whom it named"},
		{"2\n", "ptrace_scope is 2, which allows CAP_SYS_PTRACE only"},
		{"3\n", "ptrace_scope is 3, which allows nobody"},
	};
	char byte;
	if (geteuid() != 0)
		cr_skip("mounting over /proc takes root");
	cr_assert_eq(pipe(ready), 0);
	const pid_t pid = start_child(be_nobody);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int status;
		const pid_t tool = fork();
		if (tool == 0)
			under_yama(pid, rows[i][0], rows[i][1]);
		cr_assert_eq(waitpid(tool, &status, 0), tool);
		if (WIFEXITED(status) && WEXITSTATUS(status) == NO_MOUNTS) {
			end_child(pid);
			cr_skip("mounts cannot be made private here");
		}
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "scope %s: %#x",
			  rows[i][0], (unsigned)status);
	}
	end_child(pid);
}
