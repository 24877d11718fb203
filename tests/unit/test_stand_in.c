/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/stand_in.c: only the first process of a namespace has a child do it. */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stand_in.h"

TestSuite(stand_in, .timeout = 60);

static int end_with; /* status of who does the work; below 0, minus a signal */

static void work(void)
{
	if (getpid() == 1)
		_exit(90);
	if (end_with < 0)
		raise(-end_with);
	_exit(end_with);
}

/* The status of the first process of a new namespace. */
static int in_namespace(int wanted, void (*setup)(void))
{
	int status = 0;
	end_with = wanted;
	const pid_t first =
		(pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (first < 0)
		cr_skip("cannot have a pid namespace\n");
	if (first == 0) {
		struct df_err err;
		if (setup)
			setup();
		if (!stand_in_worked(&status, &err))
			work();
		_exit(status < 0 ? 91 : status);
	}
	cr_assert_eq(waitpid(first, &status, 0), first);
	cr_assert(WIFEXITED(status), "%#x", (unsigned)status);
	return WEXITSTATUS(status);
}

Test(stand_in, nobody_else_has_one)
{
	struct df_err err;
	int status = 5;
	cr_expect_not(stand_in_worked(&status, &err));
	cr_expect_eq(status, 5);
}

Test(stand_in, ends_as_its_child_did)
{
	cr_expect_eq(in_namespace(0, NULL), 0);
	cr_expect_eq(in_namespace(7, NULL), 7);
	cr_expect_eq(in_namespace(-SIGKILL, NULL), 128 + SIGKILL);
	cr_expect_eq(in_namespace(-SIGTERM, NULL), 128 + SIGTERM);
}

static void have_no_descriptors(void)
{
	setrlimit(RLIMIT_NOFILE, &(const struct rlimit){0});
}

Test(stand_in, says_that_it_has_no_child)
{
	cr_expect_eq(in_namespace(0, have_no_descriptors), 91);
}
