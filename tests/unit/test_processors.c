/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/processors.c: everywhere once, and then as before. */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "processors.h"

/* Where the calling thread was after each change of its affinity. */
static cpu_set_t visited;

/* In the place of the C library's, which does nothing else. */
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *mask)
{
	const long status = syscall(SYS_sched_setaffinity, pid, size, mask);
	unsigned here = 0;
	if (getcpu(&here, NULL) == 0)
		CPU_SET(here, &visited);
	return (int)status;
}

struct standing {
	cpu_set_t allowed;
	int policy;
	struct sched_param param;
};

static void look(struct standing *s)
{
	memset(s, 0, sizeof(*s));
	cr_assert_eq(sched_getaffinity(0, sizeof(s->allowed), &s->allowed), 0);
	s->policy = sched_getscheduler(0);
	cr_assert_eq(sched_getparam(0, &s->param), 0);
}

/* Every processor there is for us, however few we are on now. */
static cpu_set_t reachable(void)
{
	cpu_set_t before, all;
	cr_assert_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	memset(&all, 0xff, sizeof(all));
	cr_assert_eq(syscall(SYS_sched_setaffinity, 0, sizeof(all), &all), 0);
	cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	cr_assert_eq(sched_setaffinity(0, sizeof(before), &before), 0);
	return all;
}

/* Raises the priority, passes, and looks at everything before, between and after. */
static void expect_restored(const char *row)
{
	struct standing before, after;
	struct priority priority;
	look(&before);
	priority_look(&priority);
	priority_raise(&priority);
	/* The one we are on is passed by our leaving it. */
	const cpu_set_t all = reachable();
	CPU_ZERO(&visited);
	CPU_SET((size_t)sched_getcpu(), &visited);
	cr_expect(processors_pass(), "%s", row);
	cr_expect(CPU_EQUAL(&visited, &all), "%s: on %d processors of %d", row, CPU_COUNT(&visited),
		  CPU_COUNT(&all));
	look(&after);
	cr_expect(CPU_EQUAL(&before.allowed, &after.allowed), "%s: affinity", row);
	cr_expect_eq(after.policy == SCHED_FIFO, priority.raised || before.policy == SCHED_FIFO,
		     "%s: policy %d", row, after.policy);
	priority_restore(&priority);
	look(&after);
	cr_expect_eq(before.policy, after.policy, "%s: policy %d", row, after.policy);
	cr_expect_eq(before.param.sched_priority, after.param.sched_priority, "%s: priority", row);
	cr_expect(!priority.raised, "%s", row);
	priority_restore(&priority);
	look(&after);
	cr_expect_eq(before.policy, after.policy, "%s: restored once more", row);
}

Test(processors, as_it_is)
{
	expect_restored("as it is");
}

Test(processors, from_one_processor)
{
	struct standing s;
	look(&s);
	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &s.allowed))
			continue;
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
		expect_restored("on one processor");
	}
}

Test(processors, other_policies)
{
	const struct sched_param none = {0}, realtime = {.sched_priority = 7};
	cr_assert_eq(sched_setscheduler(0, SCHED_BATCH, &none), 0);
	expect_restored("batch");
	if (sched_setscheduler(0, SCHED_FIFO, &realtime) != 0)
		cr_skip("real-time scheduling is not permitted here");
	expect_restored("real-time");
	cr_assert_eq(sched_setscheduler(0, SCHED_RR, &realtime), 0);
	expect_restored("round robin");
}

/* Where real-time scheduling is permitted, it is used. */
Test(processors, priority_is_raised)
{
	const struct sched_param lowest = {.sched_priority = 1}, none = {0};
	struct priority priority;
	if (sched_setscheduler(0, SCHED_FIFO, &lowest) != 0)
		cr_skip("real-time scheduling is not permitted here");
	cr_assert_eq(sched_setscheduler(0, SCHED_OTHER, &none), 0);
	priority_look(&priority);
	priority_raise(&priority);
	cr_expect_eq(sched_getscheduler(0), SCHED_FIFO);
	priority_restore(&priority);
	cr_expect_eq(sched_getscheduler(0), SCHED_OTHER);
}

/* Ourselves, on one processor and on all. */
Test(processors, reach_a_thread)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	cr_expect(processors_reach((pid_t)syscall(SYS_gettid)));
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	cr_expect(processors_reach((pid_t)syscall(SYS_gettid)), "its affinity can be widened");
	const cpu_set_t all = reachable();
	cr_expect_eq(processors_reach_all(), sysconf(_SC_NPROCESSORS_ONLN) == CPU_COUNT(&all));
}

/* A processor that a real-time thread keeps busy is visited all the same, and at once. */
Test(processors, pass_a_busy_real_time_thread, .timeout = 60)
{
	const struct sched_param middle = {.sched_priority = 50};
	const cpu_set_t all = reachable();
	volatile int *words =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t other = all;
	cr_assert(words != MAP_FAILED);
	CPU_CLR((size_t)sched_getcpu(), &other);
	if (CPU_COUNT(&other) == 0)
		cr_skip("there is one processor only");
	const pid_t child = fork();
	if (child == 0) {
		const time_t end = time(NULL) + 3;
		if (sched_setaffinity(0, sizeof(other), &other) != 0 ||
		    sched_setscheduler(0, SCHED_FIFO, &middle) != 0)
			_exit(77);
		for (words[0] = 1; time(NULL) <= end;)
			;
		words[1] = 1;
		_exit(0);
	}
	while (words[0] == 0 && waitpid(child, NULL, WNOHANG) == 0)
		usleep(1000);
	if (words[0] == 0)
		cr_skip("real-time scheduling is not permitted here");
	/* At ordinary priority the kernel lets us in from time to time. */
	struct priority priority;
	priority_look(&priority);
	priority_raise(&priority);
	cr_expect(processors_pass());
	priority_restore(&priority);
	cr_expect_eq(words[1], 0, "it waited for the other's end");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}
