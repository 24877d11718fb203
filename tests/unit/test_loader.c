/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/loader.c, on the loader of this very process. */
#include <criterion/criterion.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "loader.h"

static struct process process;
static struct loader loader;
static struct df_err err;

static void open_ourselves(void)
{
	cr_assert_eq(process_open(getpid(), false, &process, &err), 0, "%s", err.text);
}

static void close_ourselves(void)
{
	process_close(&process);
}

TestSuite(loader, .init = open_ourselves, .fini = close_ourselves);

Test(loader, it_is_found)
{
	cr_assert_eq(loader_find(&process, &loader, &err), 0, "%s", err.text);
	cr_expect(loader.present);
	cr_expect(loader.announces, "this is glibc");
	/* As it told the debuggers itself. */
	cr_expect_eq(loader.notify, _r_debug.r_brk);
	cr_expect_eq(loader.entry, getauxval(AT_ENTRY));
	cr_expect_eq(loader.state_pointer, 0);
	cr_expect_neq(loader.state, 0);
}

/* A structure of our own, in its place. */
static int ask(int state, bool *announced)
{
	static struct r_debug debug;
	debug.r_state = state;
	loader.state = (uint64_t)(uintptr_t)&debug;
	return loader_is_done(&loader, &process, announced, &err);
}

Test(loader, it_is_done_when_it_has_announced_so)
{
	bool announced = false;
	loader = (struct loader){.present = true, .announces = true};
	cr_expect_eq(ask(RT_CONSISTENT, &announced), 0, "modules that watch were loaded");
	cr_expect_eq(ask(RT_ADD, &announced), 0);
	cr_expect_eq(ask(RT_ADD, &announced), 0);
	cr_expect_eq(ask(RT_CONSISTENT, &announced), 1);
	announced = false;
	loader.announces = false;
	cr_expect_eq(ask(RT_CONSISTENT, &announced), 1, "musl announces nothing");
}

Test(loader, its_state_may_lie_behind_a_pointer)
{
	static struct r_debug debug = {.r_state = RT_CONSISTENT};
	static struct r_debug *pointer = &debug;
	bool announced = false;
	loader = (struct loader){.present = true, .state_pointer = (uint64_t)(uintptr_t)&pointer};
	cr_expect_eq(loader_is_done(&loader, &process, &announced, &err), 1);
	pointer = NULL;
	cr_expect_lt(loader_is_done(&loader, &process, &announced, &err), 0);
	cr_expect(strstr(err.text, "cannot read memory"), "%s", err.text);
}
