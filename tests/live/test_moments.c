/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_moments.c - what a target does of its own at the worst moment: before
 * each system call of dfpatch in turn.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "leaver.h"
#include "live.h"
#include "process.h"
#include "spots.h"
#include "threads.h"

TestSuite(moments, .timeout = 200);

/* Calls that look at the target, or change it. */
static const int calls[] = {
	SYS_openat,	SYS_pread64,	SYS_pwrite64,	      SYS_ptrace, SYS_wait4, SYS_getdents64,
	SYS_readlinkat, SYS_pidfd_open, SYS_process_vm_readv, SYS_flock,  -1};

static struct tool tool;
static struct live live;
static struct spots spots;
static uint8_t built[SPOTS_IMAGE], now[SPOTS_IMAGE];
static size_t built_size;
static bool pinned; /* dfpatch had opened the target's memory when something was done */

static const char *place = "last=0"; /* of the thread that does an exec, among all */

static void start(void)
{
	LIVE_START(&live, "leaver", "threads=2", place);
	spots_open(&spots, &live);
	built_size = spots_image(&spots, built);
	spots_close(&spots);
}

/*
 * Tells the target what to do, and waits for it to have happened, or for
 * dfpatch to stand in its way.
 */
static void tell(int order)
{
	live.page->word[LEAVER_SEEN] = 0;
	live.page->go = (uint32_t)order;
	for (int i = 0; i < 20 && live.page->word[LEAVER_SEEN] == 0; i++)
		sleep_us(100);
	sleep_us(1000);
}

/* Whether dfpatch opens the target's memory: from then on it must know one program from another. */
static bool opens_memory(const struct seccomp_notif *call)
{
	char path[32], name[16] = "";
	snprintf(path, sizeof(path), "/proc/%d/mem", tool.pid);
	const int mem = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = pread(mem, name, sizeof(name) - 1, (off_t)call->data.args[1]);
	close(mem);
	return got > 0 && strcmp(name, "mem") == 0;
}

/* dfpatch is run with something done before its call number `moment`. False if it makes no such. */
static bool run_with(void (*act)(int), int argument, int moment)
{
	pinned = false;
	static const char *const pattern = "leaver:";
	struct seccomp_notif call;
	struct gate gate;
	bool acted = false;
	gate_start(&gate, &tool,
		   (const char *const[]){"enable", PID(&live), pattern, "--stop", "--max-stop=10s",
					 NULL},
		   calls);
	for (int i = 0; !acted && gate_next(&gate, &call); i++) {
		if (i == moment) {
			act(argument);
			acted = true;
		} else if (call.data.nr == SYS_openat && opens_memory(&call)) {
			pinned = true;
		}
		gate_pass(&gate, &call);
	}
	gate_end(&gate);
	return acted;
}

static void done_or_refused(int moment)
{
	cr_assert(tool.status == 0 || tool.status == 3, "moment %d: exit status %d: %s%s", moment,
		  tool.status, tool.out, tool.err);
	if (tool.status == 3)
		tool_one_error(&tool, "");
}

static void wait_for_lives(int64_t lives)
{
	const uint64_t patience = now_ns() + 20000000000u;
	while (live.page->word[LEAVER_LIVES] < lives) {
		cr_assert(live_runs(&live), "the target died");
		cr_assert(now_ns() < patience, "the target does not come to its exec");
		sleep_us(100);
	}
}

/* Each exec makes a program that has all flags as built, and nobody writes to it. */
static void exec_at_each(int order)
{
	int moment = 0, refused = 0;
	if (!gate_is_there())
		cr_skip("the kernel cannot hold dfpatch at its system calls\n");
	for (bool acted = true; acted; moment++) {
		start();
		acted = run_with(tell, order, moment);
		done_or_refused(moment);
		refused += tool.status == 3;
		if (acted) {
			wait_for_lives(2);
			live.page->go = LEAVE_NOT;
			live_beat(&live);
			spots_open(&spots, &live);
			spots_are_whole(&spots);
			cr_assert_eq(spots_image(&spots, now), built_size);
			cr_assert(!pinned || memcmp(built, now, built_size) == 0,
				  "moment %d: the new program was written to", moment);
			spots_close(&spots);
		}
		nobody_is_traced(&live);
		live_stop(&live);
	}
	cr_log_info("%d moments, %d refused\n", moment, refused);
	cr_assert_gt(refused, 10);
	cr_assert_gt(moment, refused);
}

Test(moments, exec_by_the_first_thread)
{
	exec_at_each(LEAVE_BY_EXEC);
}

Test(moments, exec_by_another_thread)
{
	exec_at_each(LEAVE_BY_EXEC_OF_ANOTHER);
}

/* It ends others that are traced already, and waits for us to reap them while we wait for it. */
Test(moments, exec_by_the_last_thread)
{
	place = "last=1";
	exec_at_each(LEAVE_BY_EXEC_OF_ANOTHER);
}

/* In a child, since what could not be let go at once is when the tracer ends. */
static int stop_once(void)
{
	struct process process;
	struct threads threads = {.task = -1};
	struct df_err err;
	int status = process_open(live.pid, true, &process, &err);
	if (status == 0)
		status = threads_begin(&threads, &process, &err);
	if (status == 0)
		status = threads_stop(&threads, 10000000000u, &err);
	threads_end(&threads);
	return -status;
}

/*
 * The exec is under way, and ends threads that were stopped already: somebody
 * has to reap them, or neither it nor we get on.
 */
static void exec_in_slow_motion(int order)
{
	enum { ROUNDS = 100 };
	int stopped = 0;
	for (unsigned i = 0; i < ROUNDS; i++) {
		int status;
		LIVE_START(&live, "leaver", "threads=6", "weight=1600000", place);
		live.page->go = (uint32_t)order;
		sleep_us(i * 37 % 2500);
		const pid_t tracer = fork();
		if (tracer == 0)
			_exit(stop_once());
		cr_assert_eq(waitpid(tracer, &status, 0), tracer);
		cr_assert(WIFEXITED(status));
		status = WEXITSTATUS(status);
		stopped += status == 0;
		cr_assert(status == 0 || status == DF_E_NO_PROCESS, "round %u: %s", i,
			  df_err_name((enum df_errc)status));
		wait_for_lives(2);
		live_beat(&live);
		nobody_is_traced(&live);
		live_stop(&live);
	}
	cr_log_info("%d of %d stopped\n", stopped, ROUNDS);
	cr_assert_gt(stopped, 10);
}

Test(moments, exec_of_the_first_thread_under_way)
{
	exec_in_slow_motion(LEAVE_BY_EXEC);
}

Test(moments, exec_of_another_thread_under_way)
{
	exec_in_slow_motion(LEAVE_BY_EXEC_OF_ANOTHER);
}

Test(moments, exec_of_the_last_thread_under_way)
{
	place = "last=1";
	exec_in_slow_motion(LEAVE_BY_EXEC_OF_ANOTHER);
}

static void send(int signal)
{
	kill(live.pid, signal);
	sleep_us(1000);
}

static void end_at_each(void (*act)(int), int argument)
{
	int moment = 0, refused = 0;
	if (!gate_is_there())
		cr_skip("the kernel cannot hold dfpatch at its system calls\n");
	for (bool acted = true; acted; moment++) {
		int status;
		start();
		acted = run_with(act, argument, moment);
		done_or_refused(moment);
		refused += tool.status == 3;
		if (!acted) {
			live_stop(&live);
			break;
		}
		cr_assert_eq(waitpid(live.pid, &status, 0), live.pid);
		if (act == send)
			cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == argument);
		else
			cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == LEAVER_STATUS);
		munmap(live.page, TARGET_PAGE_SIZE);
	}
	cr_log_info("%d moments, %d refused\n", moment, refused);
	cr_assert_gt(refused, 10);
	cr_assert_gt(moment, refused);
}

Test(moments, exit)
{
	end_at_each(tell, LEAVE_BY_EXIT);
}

Test(moments, killed)
{
	end_at_each(send, SIGKILL);
}

/* It lives on, so there is no reason to refuse. */
static void live_on_at_each(int order)
{
	int moment = 0;
	if (!gate_is_there())
		cr_skip("the kernel cannot hold dfpatch at its system calls\n");
	for (bool acted = true; acted; moment++) {
		start();
		acted = run_with(tell, order, moment);
		/* Its memory is looked at through the first thread, which may go. */
		if (order == LEAVE_THE_OTHERS)
			done_or_refused(moment);
		else
			cr_assert_eq(tool.status, 0, "moment %d: %s", moment, tool.err);
		const int32_t on = tool.status == 0;
		cr_assert(live_value(&live, 0, on) && live_value(&live, 1, on));
		nobody_is_traced(&live);
		live_stop(&live);
	}
}

Test(moments, the_first_thread_exits)
{
	live_on_at_each(LEAVE_THE_OTHERS);
}

Test(moments, threads_are_made)
{
	live_on_at_each(LEAVE_MAKING);
}
