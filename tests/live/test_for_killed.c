/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_for_killed.c - changes for a time, whatever becomes of dfpatch, its keeper and the target.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic.h"
#include "gate.h"
#include "leaver.h"
#include "spots.h"
#include "strangers.h"
#include "waiting.h"

TestSuite(for_killed, .timeout = 120);

static struct live live, second;
static struct tool tool, other;

static void start(void)
{
	LIVE_START(&live, "basic", "threads=2");
}

static void stop(void)
{
	nobody_is_traced(&live);
	live_stop(&live);
}

static void is(const struct live *target, int32_t wanted)
{
	live_beat(target);
	cr_assert_eq(target->page->value[BASIC_FEATURE], wanted, "%s%s", tool.out, tool.err);
}

#define OTHER(...) cr_assert_eq(TOOL(&other, __VA_ARGS__), 0, "%s%s", other.out, other.err)

/* With a newline behind it. */
static const char *count_of(const struct live *target, const char *name)
{
	OTHER("list", PID(target), "--noheadings", "-o", "COUNT", name);
	return other.out + strspn(other.out, " ");
}

static void count_is(const struct live *target, const char *wanted)
{
	cr_assert_str_eq(count_of(target, "basic:feature"), wanted);
}

/* ---- dfpatch is killed ---- */

Test(for_killed, while_it_waits)
{
	start();
	OTHER("activate", PID(&live), "basic:feature");
	WAITING(&tool, "activate", PID(&live), "--for=60", "basic:feature");
	OTHER("activate", PID(&live), "basic:feature");
	count_is(&live, "3\n");
	waiting_kill(&tool);
	tool_told(&tool, "the watchdog took back what was changed for a time: 1 flag, 0 unhooked");
	count_is(&live, "2\n");
	stop();
}

Test(for_killed, by_other_signals)
{
	start();
	WAITING(&tool, "activate", PID(&live), "--for=60", "basic:feature");
	kill(tool.pid, SIGUSR1);
	cr_assert_eq(tool_wait(&tool), -SIGUSR1);
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	stop();
}

/* Whoever ends it by its name does not end its keeper. */
Test(for_killed, by_name)
{
	char command[128];
	start();
	WAITING(&tool, "activate", PID(&live), "--for=60", "basic:feature");
	snprintf(command, sizeof(command), "pkill -KILL -P %d dfpatch; pkill -KILL -P %d dfpatch",
		 getpid(), tool.pid);
	cr_assert(system(command) >= 0);
	cr_assert_eq(tool_wait(&tool), -SIGKILL);
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	stop();
}

/* Of all who have the other end of a pipe: so the keeper of one round is not there in the next. */
static void await_end_of_all(int pipe)
{
	struct pollfd end = {.fd = pipe, .events = POLLIN};
	cr_assert_eq(poll(&end, 1, 10000), 1, "the keeper does not end: %s", tool.out);
	close(pipe);
}

/* At whatever moment: between two calls of it, in the change or in the undo. */
static void at_all_moments(const char *mode)
{
	start();
	OTHER("activate", PID(&live), "basic:feature");
	for (unsigned round = 0; round < 60; round++) {
		int ends[2];
		cr_assert_eq(pipe2(ends, 0), 0);
		tool_start(&tool,
			   (const char *const[]){"activate", PID(&live), "--for=5ms", mode,
						 "basic:feature", NULL},
			   NULL);
		close(ends[1]);
		sleep_us(round * 300);
		kill(tool.pid, SIGKILL);
		tool_wait(&tool);
		await_end_of_all(ends[0]);
		cr_assert_str_eq(count_of(&live, "basic:feature"), "1\n", "round %u: %s%s", round,
				 other.out, tool.out);
	}
	sleep_us(100000);
	count_is(&live, "1\n");
	struct spots spots;
	spots_open(&spots, &live);
	spots_are_whole(&spots);
	spots_close(&spots);
	stop();
}

Test(for_killed, at_all_moments_of_a_quiet_change)
{
	at_all_moments("--quiet");
}

Test(for_killed, at_all_moments_of_a_stop)
{
	at_all_moments("--stop");
}

static bool is_of_tool(const struct seccomp_notif *call)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%u", tool.pid, call->pid);
	return access(path, F_OK) == 0;
}

/* False if it came to its end. The listener hears the keeper, too, up to its end. */
static bool killed_at_write(const char *mode, unsigned wanted)
{
	static const int calls[] = {SYS_pwrite64, -1};
	struct gate gate;
	struct seccomp_notif call;
	unsigned writes = 0;
	gate_start(&gate, &tool,
		   (const char *const[]){"activate", PID(&live), "--for=10ms", mode,
					 "basic:feature", NULL},
		   calls);
	while (gate_next(&gate, &call)) {
		if (is_of_tool(&call) && ++writes == wanted)
			kill(tool.pid, SIGKILL);
		gate_pass(&gate, &call);
	}
	gate_end(&gate);
	/* On a busy machine its watchdog may be faster. */
	cr_assert(tool.status == 0 || tool.status == -SIGKILL, "%d: %s", tool.status, tool.err);
	return tool.status != 0;
}

/* Before each write of the change, and of the undo. */
static void at_each_write(const char *mode)
{
	struct spots spots;
	if (!gate_is_there())
		cr_skip("the kernel cannot tell of system calls (Linux 5.19)\n");
	start();
	OTHER("activate", PID(&live), "basic:feature");
	spots_open(&spots, &live);
	unsigned writes = 1;
	while (killed_at_write(mode, writes)) {
		cr_assert_str_eq(count_of(&live, "basic:feature"), "1\n", "write %u: %s%s", writes,
				 other.out, tool.err);
		spots_are_whole(&spots);
		writes++;
	}
	count_is(&live, "1\n");
	cr_assert_gt(writes, 12, "only %u writes", writes);
	spots_close(&spots);
	stop();
}

Test(for_killed, at_each_write_of_a_quiet_change)
{
	at_each_write("--quiet");
}

Test(for_killed, at_each_write_of_a_stop)
{
	at_each_write("--stop");
}

/* ---- it stands still, or its keeper is killed ---- */

Test(for_killed, stopped_over_its_time)
{
	start();
	WAITING(&tool, "enable", PID(&live), "--for=300ms", "basic:feature");
	kill(tool.pid, SIGSTOP);
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	kill(tool.pid, SIGCONT);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	tool_said(&tool, "its watchdog took it back");
	tool_told(&tool, "the watchdog took back what was changed");
	stop();
}

Test(for_killed, stopped_and_continued)
{
	start();
	WAITING(&tool, "enable", PID(&live), "--for=60", "basic:feature");
	kill(tool.pid, SIGTSTP);
	sleep_us(50000);
	kill(tool.pid, SIGCONT);
	sleep_us(50000);
	is(&live, 1);
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	tool_said(&tool, "SIGTERM; taken back");
	is(&live, 0);
	stop();
}

Test(for_killed, the_keeper)
{
	start();
	WAITING(&tool, "enable", PID(&live), "--for=60", "basic:feature");
	const pid_t keeper = waiting_keeper(&tool);
	kill(keeper, SIGKILL);
	waiting_err(&tool, "has ended; there is another one now");
	for (int i = 0; i < 2000 && waiting_keeper(&tool) == keeper; i++)
		sleep_us(1000);
	cr_assert_neq(waiting_keeper(&tool), keeper);
	is(&live, 1);
	waiting_kill(&tool);
	is(&live, 0);
	stop();
}

/* ---- a second signal while it takes back ---- */

static int lock_of(const struct live *target)
{
	const int fd = (int)syscall(SYS_pidfd_open, target->pid, 0);
	cr_assert(fd >= 0);
	/* Whoever has just said that it is done may not have let go yet. */
	for (int i = 0; i < 2000 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
		sleep_us(1000);
	cr_assert_eq(flock(fd, LOCK_EX | LOCK_NB), 0, "somebody else has the lock");
	return fd;
}

static void signal_meanwhile(void)
{
	for (int i = 0; i < 5; i++) {
		kill(tool.pid, i % 2 ? SIGINT : SIGTERM);
		sleep_us(50000);
		cr_assert_eq(waitpid(tool.pid, NULL, WNOHANG), 0, "it gave up");
	}
}

Test(for_killed, signals_while_it_takes_back)
{
	start();
	WAITING(&tool, "enable", PID(&live), "--for=60", "--timeout=15", "basic:feature");
	const int lock = lock_of(&live);
	signal_meanwhile();
	is(&live, 1);
	close(lock);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	is(&live, 0);
	stop();
}

Test(for_killed, killed_while_it_takes_back)
{
	start();
	WAITING(&tool, "enable", PID(&live), "--for=60", "--timeout=15", "basic:feature");
	const int lock = lock_of(&live);
	kill(tool.pid, SIGTERM);
	sleep_us(100000);
	kill(tool.pid, SIGKILL);
	cr_assert_eq(tool_wait(&tool), -SIGKILL);
	is(&live, 1);
	close(lock);
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	stop();
}

/* Whoever takes it back for another one has somebody behind it, too. */
Test(for_killed, and_its_keeper_too)
{
	start();
	WAITING(&tool, "enable", PID(&live), "--for=60", "--timeout=15", "basic:feature");
	const int lock = lock_of(&live);
	const pid_t keeper = waiting_keeper(&tool);
	kill(tool.pid, SIGKILL);
	cr_assert_eq(tool_wait(&tool), -SIGKILL);
	tool.pid = keeper;
	waiting_keeper(&tool); /* somebody is behind it */
	kill(keeper, SIGKILL);
	sleep_us(100000);
	is(&live, 1);
	close(lock);
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	count_is(&live, "0\n");
	stop();
}

/* ---- what cannot be taken back ---- */

Test(for_killed, another_controller_is_at_work)
{
	start();
	WAITING(&tool, "enable", PID(&live), "--for=60", "--timeout=100ms", "basic:feature");
	const int lock = lock_of(&live);
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	close(lock);
	tool_ended(&tool, 6);
	tool_one_error(&tool, "what was changed for a time was not taken back: another dfpatch");
	is(&live, 1);
	stop();
}

Test(for_killed, somebody_traces_it)
{
	start();
	WAITING(&tool, "enable", PID(&live), "--for=60", "--json", "basic:feature");
	const pid_t tracer = stranger_trace(live.pid);
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 6);
	tool_one_error(&tool, "df-tracer");
	tool_said(&tool, "\"code\":\"traced\"");
	tool_said(&tool, "\"failed\":1");
	is(&live, 1);
	stranger_end(tracer);
	stop();
}

/* ---- the target ends, or becomes another program ---- */

Test(for_killed, the_target_ends)
{
	start();
	WAITING(&tool, "enable", PID(&live), "--for=60", "basic:feature");
	live_stop(&live);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	cr_assert_str_empty(tool.err);
	tool_said(&tool, "all processes have ended:\n");
	tool_said(&tool, "(basic): skipped: "); /* it is gone, or waits for us to reap it */
}

static void leave(enum leaver_order order)
{
	live.page->ready = 0;
	live.page->go = order;
	live_ready(&live, "leaver");
}

/* The same file at the same addresses, and not the program that was changed. */
static void becomes_another(enum leaver_order order)
{
	LIVE_START(&live, "leaver");
	WAITING(&tool, "activate", PID(&live), "--for=60", "leaver:");
	leave(order);
	OTHER("activate", PID(&live), "leaver:first");
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	cr_assert_str_empty(tool.err);
	tool_said(&tool, "started another program (exec) meanwhile");
	cr_assert_str_eq(count_of(&live, "leaver:first"), "1\n");
	live_stop(&live);
}

Test(for_killed, the_target_runs_another_program)
{
	becomes_another(LEAVE_BY_EXEC);
	becomes_another(LEAVE_BY_EXEC_OF_ANOTHER);
}

Test(for_killed, and_dfpatch_is_killed)
{
	LIVE_START(&live, "leaver");
	WAITING(&tool, "activate", PID(&live), "--for=60", "leaver:");
	leave(LEAVE_BY_EXEC);
	OTHER("activate", PID(&live), "leaver:first");
	waiting_kill(&tool);
	cr_assert_str_eq(count_of(&live, "leaver:first"), "1\n");
	live_stop(&live);
}

Test(for_killed, its_first_thread_has_ended)
{
	LIVE_START(&live, "leaver", "threads=2");
	WAITING(&tool, "enable", PID(&live), "--for=60", "leaver:");
	live.page->go = LEAVE_THE_OTHERS;
	sleep_us(100000);
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	tool_said(&tool, "2 changed");
	cr_assert(live_value(&live, 0, 0) && live_value(&live, 1, 0));
	live_stop(&live);
}

/* ---- several ---- */

static const char *both(void)
{
	static char text[64];
	snprintf(text, sizeof(text), "--pid=%d,%d", live.pid, second.pid);
	return text;
}

Test(for_killed, several)
{
	start();
	LIVE_START(&second, "basic");
	WAITING(&tool, "enable", both(), "--for=60", "basic:feature");
	is(&live, 1);
	is(&second, 1);
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	is(&live, 0);
	is(&second, 0);
	tool_said(&tool, "2 processes: 2 changed, 0 already so, 0 skipped, 0 failed\nuntil 2");
	WAITING(&tool, "enable", both(), "--for=60", "--json", "basic:feature");
	waiting_kill(&tool);
	is(&live, 0);
	is(&second, 0);
	live_stop(&second);
	stop();
}

Test(for_killed, one_of_several_ends)
{
	start();
	LIVE_START(&second, "basic");
	WAITING(&tool, "enable", both(), "--for=60", "basic:feature");
	live_stop(&live);
	sleep_us(100000);
	is(&second, 1);
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 0);
	tool_said(&tool, "2 processes: 1 changed, 0 already so, 1 skipped, 0 failed\n");
	is(&second, 0);
	live_stop(&second);
}

Test(for_killed, one_of_several_fails)
{
	start();
	TOOL(&tool, "enable", "--pid", "1073741822", PID(&live), "--for=100ms", "basic:feature");
	tool_ended(&tool, 5);
	tool_said(&tool, "taken back:");
	is(&live, 0);
	stop();
}

Test(for_killed, several_at_all_moments)
{
	start();
	LIVE_START(&second, "basic");
	for (unsigned round = 0; round < 40; round++) {
		tool_start(&tool,
			   (const char *const[]){"activate", both(), "--for=5ms", "basic:feature",
						 NULL},
			   NULL);
		sleep_us(round * 600);
		kill(tool.pid, SIGKILL);
		tool_wait(&tool);
		cr_assert(live_value(&live, BASIC_FEATURE, 0), "round %u", round);
		cr_assert(live_value(&second, BASIC_FEATURE, 0), "round %u", round);
		sleep_us(20000);
	}
	sleep_us(200000);
	count_is(&live, "0\n");
	count_is(&second, "0\n");
	live_stop(&second);
	stop();
}
