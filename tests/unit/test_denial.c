/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/denial.c: each message names the cause that holds and what to do. */
#include <criterion/criterion.h>
#include <string.h>

#include "denial.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define WHAT .what = "attach to", .pid = 42, .tracer_name = ""

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
	  .owner = 1,
	  .ours = 2,
	  .yama_scope = 3},
	 DF_E_TRACED,
	 "traced by process 7 (gdb)",
	 "end that first"},
	{"traced, though we may do everything",
	 {.what = "stop",
	  .pid = 42,
	  .tracer = 8,
	  .tracer_name = "strace",
	  .capable = true,
	  .dumpable = true},
	 DF_E_TRACED,
	 "traced by process 8 (strace)",
	 "end that first"},
	{"another user",
	 {WHAT, .owner = 1000, .ours = 1001, .dumpable = true},
	 DF_E_PERMISSION,
	 "belongs to user 1000 and we are user 1001",
	 "run as that user or as root"},
	{"another user, root's process",
	 {WHAT, .owner = 0, .ours = 1001, .dumpable = true, .yama_scope = 1},
	 DF_E_PERMISSION,
	 "belongs to user 0 and we are user 1001",
	 "as root"},
	{"not dumpable",
	 {WHAT, .owner = 1000, .ours = 1000},
	 DF_E_PERMISSION,
	 "PR_SET_DUMPABLE",
	 "run as root"},
	{"not dumpable counts before yama 1",
	 {WHAT, .owner = 1000, .ours = 1000, .yama_scope = 1},
	 DF_E_PERMISSION,
	 "PR_SET_DUMPABLE",
	 "run as root"},
	{"yama 1",
	 {WHAT, .owner = 1000, .ours = 1000, .dumpable = true, .yama_scope = 1},
	 DF_E_PERMISSION,
	 "kernel.yama.ptrace_scope is 1, which allows a parent only",
	 "run as root, or set it to 0"},
	{"yama 2",
	 {WHAT, .owner = 1000, .ours = 1000, .dumpable = true, .yama_scope = 2},
	 DF_E_PERMISSION,
	 "kernel.yama.ptrace_scope is 2, which allows CAP_SYS_PTRACE only",
	 "run as root"},
	{"yama 3",
	 {WHAT, .owner = 1000, .ours = 1000, .dumpable = true, .yama_scope = 3},
	 DF_E_PERMISSION,
	 "kernel.yama.ptrace_scope is 3",
	 "until the next boot"},
	{"yama 3 stops root too",
	 {WHAT, .owner = 1000, .ours = 0, .dumpable = true, .capable = true, .yama_scope = 3},
	 DF_E_PERMISSION,
	 "kernel.yama.ptrace_scope is 3",
	 "until the next boot"},
	{"capable: neither owner nor yama 1 and 2 can be the cause",
	 {WHAT, .owner = 1000, .ours = 0, .capable = true, .yama_scope = 2},
	 DF_E_PERMISSION,
	 "although we have CAP_SYS_PTRACE",
	 "user namespace, or a security module"},
	{"nothing that we can see",
	 {WHAT, .owner = 1000, .ours = 1000, .dumpable = true},
	 DF_E_PERMISSION,
	 "the kernel denies it",
	 "CAP_SYS_PTRACE, which root has, may be missing"},
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
		if (table[i].denial.capable)
			cr_expect(!strstr(err.text, "run as"), "%s: '%s'", table[i].row, err.text);
	}
}
