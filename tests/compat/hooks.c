/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the program that is written for an_hook.h, with every macro and function. */
#include "an_hook.h"

#include <stddef.h>

#include "program.h"

#if DYNAMIC_FLAG_IMPLEMENTATION_STYLE == 0 || defined(DF_DISABLE)
#define LIVE 0
#else
#define LIVE 1
#endif

/* The formatter does not know that these stand where an `if` does. */
/* clang-format off */

/* Which statements ran: 100,000 for AN_HOOK, then one place less for each macro. */
static long run_hooks(void)
{
	long ran = 0;

	AN_HOOK(hook, plain) {
		ran += 100000;
	}
	AN_HOOK_ON(hook, on)
		ran += 10000;
	AN_HOOK_UNSAFE(hook, unsafe) {
		ran += 1000;
	}
	AN_HOOK_FLIP(hook, flip) {
	} else {
		ran += 100;
	}
	AN_HOOK_FLIP_OFF(hook, flip_off) {
	} else {
		ran += 10;
	}
	if (AN_HOOK_DEBUG(hook_debug)) {
		ran += 1;
	}
	return ran;
}

/* Hooks in loops: what they guard may leave the loop. */
static int turns_until_hook(void)
{
	int turns;

	for (turns = 0; turns < 3; turns++)
		AN_HOOK_UNSAFE(hook, leave, "on the first turn")
			break;
	return turns;
}

/* clang-format on */

#if defined(NDEBUG)
#define DEBUG_BUILT 0
#else
#define DEBUG_BUILT 1
#endif

#define CHECK_HOOKS(RAN) CHECK(run_hooks(), (LIVE ? (RAN) : 110100) + DEBUG_BUILT)

void hooks_before_init(void)
{
	CHECK_HOOKS(110100);
}

void hooks(void)
{
	an_hook_init_lib();
	CHECK_HOOKS(10100);
	CHECK(an_hook_activate("plain"), 0);
	CHECK(an_hook_activate("hook:(plain|unsafe)"), LIVE ? 2 : 0);
	CHECK_HOOKS(111100);
	CHECK(an_hook_deactivate("hook:(on|flip)@"), LIVE ? 2 : 0);
	CHECK_HOOKS(101000);
	CHECK(an_hook_activate("hook:flip"), LIVE ? 2 : 0);
	CHECK_HOOKS(101110);
	CHECK(an_hook_unhook("hook:"), LIVE ? 6 : 0);
	an_hook_activate_kind(hook, NULL);
	CHECK_HOOKS(101110);
	an_hook_deactivate_kind(hook, "hook:p");
	CHECK_HOOKS(1110);
	CHECK(an_hook_rehook("hook:"), LIVE ? 6 : 0);
	CHECK(turns_until_hook(), 3);
	an_hook_activate_kind(hook, "hook:leave");
	CHECK(turns_until_hook(), LIVE ? 0 : 3);
	AN_HOOK_DUMMY(hook_dummy);
	CHECK(an_hook_activate_kind(hook_dummy, NULL), LIVE);
	an_hook_utrace_entry("breakpoint", 1, "two");
}
