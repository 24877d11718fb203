/* SPDX-License-Identifier: Apache-2.0 */
/* test_completion.c - every argument of an option has a way to be completed, or is known to have
 * none. */
#include <criterion/criterion.h>

#include "../../completion/arguments.h"
#include "commands.h"

Test(completion, knows_every_argument)
{
	size_t known = 0;
	for (const struct command *c = commands; c->name; c++) {
		struct argp_option options[OPTIONS_MAX + 1];
		command_options(c, options);
		for (const struct argp_option *o = options; o->name; o++)
			if (o->arg) {
				cr_expect(completion_of(o->arg),
					  "%s --%s: completion/arguments.c does not know %s",
					  c->name, o->name, o->arg);
				known++;
			}
	}
	cr_expect(known > 0);
}

Test(completion, knows_nothing_of_others)
{
	cr_expect_null(completion_of("FILE2"));
	cr_expect_null(completion_of(""));
	cr_expect_str_eq(completion_of("PID"), "pids");
}
