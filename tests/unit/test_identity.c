/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/identity.c. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"

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
