/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/identity.c. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"

#define FIELDS "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "

Test(identity, start_time)
{
	cr_assert_eq(identity_start_time("42 (server) S " FIELDS "2851176 99"), 2851176);
	cr_assert_eq(identity_start_time("42 (a) b (c 7) S " FIELDS "18446744073709551615 1"),
		     UINT64_MAX);
	cr_assert_eq(identity_start_time("42 (server) S " FIELDS "5"), 5);
	cr_assert_eq(identity_start_time("42 (server) S 1 2 3"), 0);
	cr_assert_eq(identity_start_time("42 server"), 0);
	cr_assert_eq(identity_start_time(""), 0);
}

Test(identity, of_ourselves)
{
	struct own_identity own;
	identity_own(&own);
	cr_assert_eq(own.user, getuid());
	cr_assert_eq(own.effective_user, geteuid());
	cr_assert_eq(strlen(own.boot), 36, "'%s'", own.boot);
}

Test(identity, of_a_process)
{
	char self[4096] = "";
	struct process_identity identity;
	const struct process process = {
		.dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	cr_assert_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	identity_of(&process, &identity);
	cr_assert_str_eq(identity.executable, self);
	cr_assert_gt(identity.started, 0);
	close(process.dir);
}

Test(identity, of_one_that_is_gone)
{
	struct process_identity identity;
	const struct process process = {.dir = -1};
	identity_of(&process, &identity);
	cr_assert_str_eq(identity.executable, "");
	cr_assert_eq(identity.started, 0);
}
