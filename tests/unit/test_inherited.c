/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/inherited.c. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "inherited.h"

static rlim_t soft_limit(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_STACK, &limit);
	return limit.rlim_cur;
}

static void limit_stack(rlim_t soft, rlim_t hard)
{
	const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
	cr_assert_eq(setrlimit(RLIMIT_STACK, &limit), 0);
}

Test(inherited, a_low_limit_is_raised_and_given_back)
{
	struct df_err err;
	limit_stack(200000, 1048576);
	cr_expect_eq(inherited_raise_stack(&err), 0);
	cr_expect_eq(soft_limit(), 262144);
	inherited_give_back();
	cr_expect_eq(soft_limit(), 200000);
}

Test(inherited, a_limit_that_cannot_be_raised_is_told)
{
	struct df_err err;
	limit_stack(131072, 131072);
	cr_expect_eq(inherited_raise_stack(&err), -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "stacks are limited to 128 KiB, and it takes 256"), "%s",
		  err.text);
	inherited_give_back();
	cr_expect_eq(soft_limit(), 131072);
}

Test(inherited, one_that_is_enough_is_left_alone)
{
	struct df_err err;
	limit_stack(1048576, 1048576);
	cr_expect_eq(inherited_raise_stack(&err), 0);
	inherited_give_back();
	cr_expect_eq(soft_limit(), 1048576);
}

/* What is ours goes with exec; what was there stays. */
Test(inherited, missing_descriptors_are_occupied)
{
	char byte = 0;
	close(STDIN_FILENO);
	const bool occupied = inherited_occupy_descriptors();
	const int flags = fcntl(STDIN_FILENO, F_GETFL);
	const ssize_t got = read(STDIN_FILENO, &byte, 1);
	inherited_give_back();
	cr_expect(occupied);
	cr_expect(flags >= 0 && (flags & O_PATH), "%#x", (unsigned)flags);
	cr_expect_lt(got, 0);
	cr_expect_eq(fcntl(STDIN_FILENO, F_GETFD), FD_CLOEXEC);
	cr_expect_eq(fcntl(STDERR_FILENO, F_GETFD), 0);
}
