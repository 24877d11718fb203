/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_stranger.c - a thread's id that comes to mean a thread of another process.
 *
 * Between our reading of the list of threads and the seize, a thread may exit
 * and its id be used again. Here a directory of ours plays /proc/PID, and the
 * list changes when the seize has happened.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "process.h"
#include "spots.h"
#include "threads.h"

TestSuite(stranger, .timeout = 60);

static struct live ours, strange;
static int task; /* of the directory that plays /proc/PID */
static bool leaves;
static bool denied; /* to us, by whatever */

long __real_ptrace(int request, pid_t id, void *addr, void *data);
long __wrap_ptrace(int request, pid_t id, void *addr, void *data);

long __wrap_ptrace(int request, pid_t id, void *addr, void *data)
{
	char name[16];
	if (request == PTRACE_SEIZE && id == strange.pid && denied) {
		errno = EPERM;
		return -1;
	}
	const long result = __real_ptrace(request, id, addr, data);
	if (request == PTRACE_SEIZE && id == strange.pid && leaves) {
		snprintf(name, sizeof(name), "%d", id);
		unlinkat(task, name, AT_REMOVEDIR);
	}
	return result;
}

static void add_thread(pid_t id)
{
	char name[16];
	snprintf(name, sizeof(name), "%d", id);
	cr_assert_eq(mkdirat(task, name, 0700), 0);
}

/* A process of one thread, but with two in the list. */
static struct process play(void)
{
	char path[LIVE_PATH];
	scratch_path(path, "proc");
	cr_assert_eq(mkdir(path, 0700), 0);
	const struct process process = {.pid = ours.pid,
					.pidfd = -1,
					.mem = -1,
					.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	cr_assert_eq(mkdirat(process.dir, "task", 0700), 0);
	task = openat(process.dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int status = openat(process.dir, "status", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert(dprintf(status, leaves ? "Threads:\t1\n" : "Threads:\t2\n") > 0);
	close(status);
	add_thread(ours.pid);
	add_thread(strange.pid);
	return process;
}

static void stop_both(bool stranger_leaves)
{
	struct threads threads;
	struct df_err err;
	LIVE_START(&ours, "basic");
	LIVE_START(&strange, "basic");
	leaves = stranger_leaves;
	const struct process process = play();
	cr_assert_eq(threads_begin(&threads, &process, &err), 0, "%s", err.text);
	cr_assert_eq(threads_stop(&threads, 5000000000u, &err), 0, "%s", err.text);
	cr_assert(threads_include(&threads, ours.pid));
	cr_assert_eq(threads_include(&threads, strange.pid), !leaves);
	if (leaves) {
		nobody_is_traced(&strange);
		live_beat(&strange);
	}
	threads_end(&threads);
	nobody_is_traced(&ours);
	nobody_is_traced(&strange);
	live_beat(&ours);
	live_beat(&strange);
	live_stop(&ours);
	live_stop(&strange);
	close(process.dir);
	close(task);
}

Test(stranger, is_let_go_before_anybody_stops)
{
	stop_both(true);
}

Test(stranger, is_stopped_if_it_stays_in_the_list)
{
	stop_both(false);
}

/* In a child, since what is seized and could not be let go at once is when its tracer ends. */
static int stop_without_descriptors(const struct process *process)
{
	struct threads threads;
	struct df_err err = {.text = ""};
	const struct rlimit none = {0, 0};
	if (threads_begin(&threads, process, &err) != 0 || setrlimit(RLIMIT_NOFILE, &none) != 0)
		return 1;
	const int status = threads_stop(&threads, 5000000000u, &err);
	threads_end(&threads);
	if (strstr(err.text, "has exited (raise the limit of open files"))
		return status == -(int)DF_E_SYSTEM ? 0 : 2;
	fprintf(stderr, "%d: '%s'\n", status, err.text);
	return 3;
}

/* Whether one that is denied to us has exited cannot be told: it may run, and is not left out. */
Test(stranger, is_not_taken_for_gone_for_want_of_descriptors)
{
	int status;
	LIVE_START(&ours, "basic");
	LIVE_START(&strange, "basic");
	denied = true;
	const struct process process = play();
	const pid_t tracer = fork();
	if (tracer == 0)
		_exit(stop_without_descriptors(&process));
	cr_assert_eq(waitpid(tracer, &status, 0), tracer);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
	nobody_is_traced(&ours);
	live_beat(&ours);
	live_stop(&ours);
	live_stop(&strange);
	close(process.dir);
	close(task);
}
