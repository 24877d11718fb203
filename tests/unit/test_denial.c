/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/denial.c: each message names the cause that holds and what to do. */
#include <criterion/criterion.h>
#include <linux/capability.h>
#include <string.h>

#include "denial.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define BIT(CAPABILITY) ((uint64_t)1 << (CAPABILITY))
#define WHAT .what = "attach to", .pid = 42, .tracer_name = ""
/* Who runs by one user's and one group's rights, and has some capabilities. */
#define WHO(ID, ...)                                                                               \
	{                                                                                          \
		.user = {ID, ID, ID}, .group = {ID, ID, ID}, __VA_ARGS__                           \
	}
#define PTRACE .effective = BIT(CAP_SYS_PTRACE), .permitted = BIT(CAP_SYS_PTRACE)

static const struct {
	const char *row;
	struct denial denial;
	enum df_errc code;
	const char *cause, *remedy;
} table[] = {
	{"traced",
	 {.what = "stop", .pid = 42, .tracer = 7, .tracer_name = "gdb", .dumpable = true},
	 DF_E_TRACED,
	 "traced by process 7 (gdb)",
	 "end that first"},
	{"traced, even where all else forbids it as well",
	 {.what = "stop",
	  .pid = 42,
	  .tracer = 7,
	  .tracer_name = "gdb",
	  .theirs = WHO(1),
	  .ours = WHO(2),
	  .yama_scope = 3},
	 DF_E_TRACED,
	 "traced by process 7 (gdb)",
	 "end that first"},
	{"traced, though we may do everything",
	 {.what = "stop",
	  .pid = 42,
	  .tracer = 8,
	  .tracer_name = "strace",
	  .opened = true,
	  .ours = WHO(0, PTRACE),
	  .dumpable = true},
	 DF_E_TRACED,
	 "traced by process 8 (strace)",
	 "end that first"},
	{"a tracer that we do not see",
	 {WHAT, .opened = true, .dumpable = true},
	 DF_E_PERMISSION,
	 "gives us its memory and does not let us trace it",
	 "traced from outside our pid namespace"},
	{"another user",
	 {WHAT, .theirs = WHO(1000), .ours = WHO(1001), .dumpable = true},
	 DF_E_PERMISSION,
	 "belongs to user 1000 and we are user 1001",
	 "run as that user or as root"},
	{"another user, root's process",
	 {WHAT, .theirs = WHO(0, PTRACE), .ours = WHO(1001), .dumpable = true, .yama_scope = 1},
	 DF_E_PERMISSION,
	 "belongs to user 0 and we are user 1001",
	 "as root"},
	{"set-user-ID",
	 {WHAT, .theirs = {.user = {1000, 0, 0}, .group = {1000, 1000, 1000}}, .ours = WHO(1000),
	  .dumpable = false},
	 DF_E_PERMISSION,
	 "runs with the rights of user 0 (set-user-ID)",
	 "run as root"},
	{"a saved user id alone",
	 {WHAT, .theirs = {.user = {1000, 1000, 33}, .group = {1000, 1000, 1000}},
	  .ours = WHO(1000), .dumpable = true},
	 DF_E_PERMISSION,
	 "runs with the rights of user 33",
	 "run as root"},
	{"another group",
	 {WHAT, .theirs = {.user = {1000, 1000, 1000}, .group = {1000, 44, 44}}, .ours = WHO(1000),
	  .dumpable = true},
	 DF_E_PERMISSION,
	 "runs with group id 44 and we with 1000",
	 "run with that group or as root"},
	{"not dumpable",
	 {WHAT, .theirs = WHO(1000), .ours = WHO(1000)},
	 DF_E_PERMISSION,
	 "PR_SET_DUMPABLE",
	 "run as root"},
	{"not dumpable counts before yama 1",
	 {WHAT, .theirs = WHO(1000), .ours = WHO(1000), .yama_scope = 1},
	 DF_E_PERMISSION,
	 "PR_SET_DUMPABLE",
	 "run as root"},
	{"a capability that we lack",
	 {WHAT, .theirs = WHO(1000, .permitted = BIT(CAP_NET_BIND_SERVICE)), .ours = WHO(1000),
	  .dumpable = true, .yama_scope = 1},
	 DF_E_PERMISSION,
	 "it has CAP_NET_BIND_SERVICE, which we have not",
	 "run as root"},
	{"one of which we have some",
	 {WHAT, .theirs = WHO(0, .permitted = BIT(CAP_CHOWN) | BIT(CAP_CHECKPOINT_RESTORE)),
	  .ours = WHO(0, .effective = BIT(CAP_CHOWN) | BIT(CAP_SETUID)), .dumpable = true},
	 DF_E_PERMISSION,
	 "it has CAP_CHECKPOINT_RESTORE, which we have not",
	 "run as root"},
	{"one without a name",
	 {WHAT, .theirs = WHO(1000, .permitted = BIT(63)), .ours = WHO(1000), .dumpable = true},
	 DF_E_PERMISSION,
	 "it has capability 63, which we have not",
	 "run as root"},
	{"yama 1",
	 {WHAT, .theirs = WHO(1000), .ours = WHO(1000), .dumpable = true, .yama_scope = 1},
	 DF_E_PERMISSION,
	 "kernel.yama.ptrace_scope is 1, which allows only its ancestors and whom it named itself "
	 "(PR_SET_PTRACER)",
	 "run as root, or set it to 0"},
	{"yama 2",
	 {WHAT, .theirs = WHO(1000), .ours = WHO(1000), .dumpable = true, .yama_scope = 2},
	 DF_E_PERMISSION,
	 "kernel.yama.ptrace_scope is 2, which allows CAP_SYS_PTRACE only",
	 "run as root"},
	{"yama 3",
	 {WHAT, .theirs = WHO(1000), .ours = WHO(1000), .dumpable = true, .yama_scope = 3},
	 DF_E_PERMISSION,
	 "kernel.yama.ptrace_scope is 3",
	 "until the next boot"},
	{"yama 3 stops root too",
	 {WHAT, .theirs = WHO(1000), .ours = WHO(0, PTRACE), .dumpable = true, .yama_scope = 3},
	 DF_E_PERMISSION,
	 "kernel.yama.ptrace_scope is 3",
	 "until the next boot"},
	{"capable: neither owner nor yama 1 and 2 can be the cause",
	 {WHAT, .theirs = WHO(1000), .ours = WHO(0, PTRACE), .yama_scope = 2},
	 DF_E_PERMISSION,
	 "although we have CAP_SYS_PTRACE",
	 "a security module, or a lockdown"},
	{"capable in a user namespace",
	 {WHAT, .theirs = WHO(65534), .ours = WHO(0, PTRACE), .confined = true},
	 DF_E_PERMISSION,
	 "our CAP_SYS_PTRACE holds in our user namespace only",
	 "outside of this container"},
	{"in a user namespace, and not capable there",
	 {WHAT, .theirs = WHO(65534), .ours = WHO(1000), .dumpable = true, .confined = true},
	 DF_E_PERMISSION,
	 "belongs to user 65534 and we are user 1000",
	 "as root"},
	{"nothing that we can see",
	 {WHAT, .theirs = WHO(1000), .ours = WHO(1000), .dumpable = true},
	 DF_E_PERMISSION,
	 "the kernel denies it (another user namespace, or a security module)",
	 "CAP_SYS_PTRACE, which root has, may help"},
};

Test(denial, each_cause_with_its_remedy)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		struct df_err err = {0};
		const char *row = table[i].row;
		cr_expect_eq(denial_explain(&table[i].denial, &err), -(int)table[i].code, "%s",
			     row);
		cr_expect_eq(err.code, table[i].code, "%s", row);
		cr_expect(strstr(err.text, table[i].cause), "%s: '%s'", row, err.text);
		cr_expect(strstr(err.text, table[i].remedy), "%s: '%s'", row, err.text);
		cr_expect(strstr(err.text, table[i].denial.what), "%s: '%s'", row, err.text);
		cr_expect(strstr(err.text, "process 42"), "%s: '%s'", row, err.text);
	}
}

/* A denied root is not told to become root. */
Test(denial, no_remedy_that_was_taken)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		struct df_err err = {0};
		denial_explain(&table[i].denial, &err);
		if (credentials_may(&table[i].denial.ours, CAP_SYS_PTRACE))
			cr_expect(!strstr(err.text, "run as"), "%s: '%s'", table[i].row, err.text);
	}
}
