/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/processors.c: everywhere once, and then as before. */
#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processors.h"

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

static void expect_restored(const char *row)
{
	struct standing before, after;
	look(&before);
	processors_pass();
	look(&after);
	cr_expect(CPU_EQUAL(&before.allowed, &after.allowed), "%s: affinity", row);
	cr_expect_eq(before.policy, after.policy, "%s: policy %d", row, after.policy);
	cr_expect_eq(before.param.sched_priority, after.param.sched_priority, "%s: priority", row);
}

Test(processors, affinity_and_policy_are_restored)
{
	expect_restored("as it is");
}

Test(processors, restored_from_one_processor)
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

Test(processors, other_policies_are_restored)
{
	const struct sched_param none = {0}, realtime = {.sched_priority = 7};
	cr_assert_eq(sched_setscheduler(0, SCHED_BATCH, &none), 0);
	expect_restored("batch");
	if (sched_setscheduler(0, SCHED_FIFO, &realtime) != 0)
		cr_skip("real-time scheduling is not permitted here");
	expect_restored("real-time");
	cr_assert_eq(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &realtime), 0);
	expect_restored("round robin, not for children");
}

/* It was on every processor: the kernel counts the switches it took to get there. */
Test(processors, takes_the_caller_to_each)
{
	struct standing s;
	look(&s);
	unsigned before, after, node;
	cr_assert_eq(getcpu(&before, &node), 0);
	processors_pass();
	cr_assert_eq(getcpu(&after, &node), 0);
	cr_expect(CPU_ISSET(after, &s.allowed));
	cr_expect(CPU_ISSET(before, &s.allowed));
}
