/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/keeper.c. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"

/* What keepers leave, for the test to see. */
struct traces {
	volatile int begun;
	volatile int taken; /* how often one took over, */
	volatile int knew;  /* and what the last one knew then */
	volatile struct keeper_word word;
	volatile int well;  /* a session of its own, signals blocked, another name */
	volatile pid_t pid; /* of the last */
	volatile int step;
};

static struct traces *traces;
static struct keeper keeper;
static struct df_err err;
static int knows;

static uint64_t in_ms(unsigned ms)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + ms * 1000000u;
}

static void begin(void *context)
{
	char name[16] = "";
	sigset_t mask;
	(void)context;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	prctl(PR_GET_NAME, name, 0, 0, 0);
	traces->well = getsid(0) == getpid() && sigismember(&mask, SIGTERM) == 1 &&
		       strcmp(name, "df-keeper") == 0;
	traces->pid = getpid();
	traces->begun++;
}

static int take_over(void *context)
{
	traces->knew = *(const int *)context;
	traces->word = keeper_told(&keeper);
	traces->taken++;
	return 9;
}

static void prepare(void)
{
	const struct keeper_duty duty = {begin, take_over, &knows};
	traces = mmap(NULL, sizeof(*traces), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	cr_assert(traces != MAP_FAILED);
	knows = 0;
	cr_assert_eq(keeper_begin(&keeper, &duty, &err), 0, "%s", err.text);
}

TestSuite(keeper, .init = prepare, .timeout = 60);

static void until(volatile int *what, int wanted)
{
	for (int i = 0; i < 20000 && *what != wanted; i++)
		usleep(1000);
	cr_assert_eq(*what, wanted, "%d", *what);
}

/* In a child, since the client is to be killed. */
static pid_t client(void (*body)(void))
{
	const pid_t pid = fork();
	if (pid != 0)
		return pid;
	const struct keeper_duty duty = {begin, take_over, &knows};
	if (keeper_begin(&keeper, &duty, &err) == 0)
		body();
	traces->step = 100;
	for (;;)
		pause();
}

static void kill_client(pid_t pid)
{
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

static void start_three(void)
{
	for (knows = 1; knows <= 3; knows++)
		keeper_start(&keeper, in_ms(60000), &err);
}

Test(keeper, the_last_one_takes_over)
{
	const pid_t pid = client(start_three);
	until(&traces->step, 100);
	usleep(50000);
	cr_expect_eq(traces->taken, 0);
	kill_client(pid);
	until(&traces->taken, 1);
	cr_expect_eq(traces->knew, 3);
	cr_expect_not(traces->word.told);
	cr_expect(traces->well);
	usleep(50000);
	cr_expect_eq(traces->taken, 1);
}

static void tell(void)
{
	start_three();
	keeper_tell(&keeper, 5, true);
}

Test(keeper, knows_what_it_was_told)
{
	const pid_t pid = client(tell);
	until(&traces->step, 100);
	kill_client(pid);
	until(&traces->taken, 1);
	cr_expect(traces->word.told && traces->word.done == 5 && traces->word.open);
}

static void tell_and_start(void)
{
	tell();
	keeper_start(&keeper, in_ms(60000), &err);
}

Test(keeper, a_new_one_was_told_nothing)
{
	const pid_t pid = client(tell_and_start);
	until(&traces->step, 100);
	kill_client(pid);
	until(&traces->taken, 1);
	cr_expect_not(traces->word.told);
}

static void be_at_work(void)
{
	start_three();
	if (!keeper_take_turn(&keeper))
		traces->step = -1;
}

Test(keeper, of_one_that_died_at_work)
{
	const pid_t pid = client(be_at_work);
	until(&traces->step, 100);
	kill_client(pid);
	until(&traces->taken, 1);
}

Test(keeper, its_time_comes)
{
	const uint64_t due = in_ms(100);
	cr_assert_eq(keeper_start(&keeper, due, &err), 0);
	until(&traces->taken, 1);
	cr_expect(in_ms(0) >= due);
	cr_expect_not(keeper_take_turn(&keeper), "two at work");
	cr_expect_not(keeper_is_gone(&keeper));
	cr_expect_eq(keeper_wait(&keeper), 9);
	keeper_end(&keeper);
}

Test(keeper, not_while_we_are_at_work)
{
	cr_assert(keeper_take_turn(&keeper));
	cr_assert_eq(keeper_start(&keeper, in_ms(50), &err), 0);
	usleep(400000);
	cr_expect_eq(traces->taken, 0);
	keeper_give_turn(&keeper);
	until(&traces->taken, 1);
	keeper_end(&keeper);
}

Test(keeper, ends_with_us)
{
	cr_assert_eq(keeper_start(&keeper, in_ms(60000), &err), 0);
	until(&traces->begun, 1);
	const int it = (int)syscall(SYS_pidfd_open, traces->pid, 0);
	struct pollfd end = {.fd = it, .events = POLLIN};
	cr_assert_eq(poll(&end, 1, 0), 0);
	keeper_end(&keeper);
	cr_expect_eq(poll(&end, 1, 10000), 1);
	cr_expect_eq(traces->taken, 0);
	cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "a child is left");
}

Test(keeper, is_missed)
{
	cr_assert_eq(keeper_start(&keeper, in_ms(60000), &err), 0);
	cr_expect_not(keeper_is_gone(&keeper));
	kill(keeper.pid, SIGKILL);
	struct pollfd end = {.fd = keeper.pidfd, .events = POLLIN};
	cr_assert_eq(poll(&end, 1, 10000), 1);
	cr_expect(keeper_is_gone(&keeper));
	cr_assert_eq(keeper_start(&keeper, in_ms(60000), &err), 0);
	cr_expect_not(keeper_is_gone(&keeper));
	keeper_end(&keeper);
	cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "a child is left");
}

/* Nothing but SIGKILL keeps it from its duty. */
Test(keeper, takes_no_signals)
{
	cr_assert_eq(keeper_start(&keeper, in_ms(60000), &err), 0);
	until(&traces->begun, 1);
	kill(keeper.pid, SIGTERM);
	kill(keeper.pid, SIGINT);
	kill(keeper.pid, SIGHUP);
	usleep(50000);
	cr_expect_not(keeper_is_gone(&keeper));
	keeper_end(&keeper);
}
