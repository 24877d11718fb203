/* SPDX-License-Identifier: Apache-2.0 */
/* test_restart.c - which calls are never begun anew; what the others do is
 * tests/live/test_restart.c.
 */
#include "restart.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <sys/syscall.h>

#define X32 0x40000000 /* set in the numbers of the x32 interface */

Test(restart, calls_that_wait_for_something)
{
	cr_assert(restart_is_safe(SYS_epoll_wait));
	cr_assert(restart_is_safe(SYS_read));
}

Test(restart, calls_that_have_done_something)
{
	static const long never[] = {SYS_close,	  SYS_connect,	SYS_write, SYS_sendto,
				     SYS_sendmsg, SYS_sendfile, SYS_openat};
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		cr_assert_not(restart_is_safe(never[i]), "%ld", never[i]);
}

Test(restart, no_call_at_all)
{
	cr_assert_not(restart_is_safe(-1));
}

Test(restart, calls_of_x32)
{
	cr_assert_not(restart_is_safe(SYS_epoll_wait | X32));
	cr_assert_not(restart_is_safe(SYS_read | X32));
}
