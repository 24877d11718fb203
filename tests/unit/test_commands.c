/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/commands.c: names that there are not. */
#include <criterion/criterion.h>
#include <string.h>

#include "commands.h"

#define ARGS_MAX 8

Test(commands, near)
{
	struct nearest nearest;
	cr_expect_str_eq(command_near("lsit", &nearest), "list");
	cr_expect_str_eq(command_near("enabled", &nearest), "enable");
	cr_expect_null(command_near("frobnicate", &nearest));
	cr_expect_null(command_near("", &nearest));
}

static const struct {
	const char *command;
	const char *args[ARGS_MAX];
	const char *stray; /* NULL: none */
	const char *near;  /* NULL: none */
} rows[] = {
	{"list", {"--file", "x", "--active"}, NULL, NULL},
	{"list", {"--actve"}, "--actve", "active"},
	{"list", {"--fiel=x"}, "--fiel=x", "file"},
	{"list", {"--frobnicate"}, "--frobnicate", NULL},
	{"list", {"--act"}, NULL, NULL},	/* cut short */
	{"list", {"--c"}, NULL, NULL},		/* too short, which is told elsewhere */
	{"list", {"--quiet"}, "--quiet", NULL}, /* of other commands */
	{"list", {"--=x"}, NULL, NULL},		/* cut shorter than that none is */
	{"enable", {"--quiet"}, NULL, NULL},
	{"list", {"--help"}, NULL, NULL},
	{"list", {"--usage"}, NULL, NULL},
	/* What an option takes is none. */
	{"list", {"--doc", "--actve"}, NULL, NULL},
	{"list", {"--doc=x", "--actve"}, "--actve", "active"},
	{"list", {"-f", "--actve"}, NULL, NULL},
	{"list", {"-fx", "--actve"}, "--actve", "active"},
	{"list", {"-Jf", "--actve"}, NULL, NULL},
	{"list", {"-J", "--actve"}, "--actve", "active"},
	{"list", {"--color", "--actve"}, "--actve", "active"}, /* it takes what is behind = only */
	{"list", {"-"}, NULL, NULL},
	/* Patterns may stand between, and behind two dashes all are. */
	{"list", {"http:", "--actve"}, "--actve", "active"},
	{"list", {"--", "--actve"}, NULL, NULL},
	/* The program's own. */
	{"run", {"./server", "--actve"}, NULL, NULL},
	{"run", {"-e", "+a", "./server", "--actve"}, NULL, NULL},
	{"run", {"--expresion", "+a"}, "--expresion", "expression"},
};

Test(commands, stray_options)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t)rows[i].command};
		struct nearest nearest = {0};
		int argc = 1;
		for (; rows[i].args[argc - 1]; argc++)
			argv[argc] = (char *)(uintptr_t)rows[i].args[argc - 1];
		const char *stray =
			command_stray_option(command_find(rows[i].command), argc, argv, &nearest);
		const char *near = stray ? nearest_name(&nearest) : NULL;
		cr_expect_str_eq(stray ? stray : "none", rows[i].stray ? rows[i].stray : "none",
				 "row %zu", i);
		cr_expect_str_eq(near ? near : "none", rows[i].near ? rows[i].near : "none",
				 "row %zu", i);
	}
}
