/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/roster.c: what /proc says of processes, whatever they are called. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roster.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define REST " 1 1 0 -1 %s 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0 184467"

static const struct {
	const char *name, *flags;
	bool kernel;
} names[] = {
	{"cat", "4194304", false},
	{"", "0", false},
	{"a b", "0", false},
	{") R 1 (", "0", false},
	{"a\nb", "0", false},
	{"((", "0", false},
	{"kworker/0:1-x", "69238880", true},
	{"x) Z 7 7 7 7 2097152", "0", false},
};

Test(roster, lines)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		char text[512], rest[256];
		struct roster_entry e;
		snprintf(rest, sizeof(rest), REST, names[i].flags);
		snprintf(text, sizeof(text), "42 (%s) S 7%s\n", names[i].name, rest);
		cr_assert(roster_parse(text, &e), "%s", names[i].name);
		cr_expect_str_eq(e.name, names[i].name);
		cr_expect(e.pid == 42 && e.parent == 7 && e.state == 'S', "%s", names[i].name);
		cr_expect_eq(e.started, 4711, "%s", names[i].name);
		cr_expect_eq(e.kernel, names[i].kernel, "%s", names[i].name);
	}
}

static const char *const broken[] = {
	"",
	"42",
	"42 (a",
	"42 a)",
	")(",
	"42 (a)",
	"42 (a) ",
	"42 (a) S 7 7 7",
	"0 (a) S 7 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0",
	"x (a) S 1",
};

Test(roster, what_is_no_line)
{
	for (size_t i = 0; i < COUNT(broken); i++) {
		char text[128];
		struct roster_entry e;
		snprintf(text, sizeof(text), "%s", broken[i]);
		cr_expect(!roster_parse(text, &e), "'%s'", broken[i]);
	}
}

Test(roster, of_this_machine)
{
	struct roster roster;
	struct df_err err;
	const pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "odd) (name");
		kill(getpid(), SIGSTOP);
		_exit(0);
	}
	cr_assert_eq(waitpid(child, NULL, WUNTRACED), child);
	cr_assert_eq(roster_read(&roster, &err), 0, "%s", err.text);
	for (size_t i = 1; i < roster.count; i++)
		cr_expect_lt(roster.list[i - 1].pid, roster.list[i].pid);
	const struct roster_entry *own = roster_find(&roster, getpid());
	const struct roster_entry *entry = roster_find(&roster, child);
	cr_assert(own && entry);
	cr_expect(own->parent == getppid() && !own->kernel);
	cr_expect(entry->parent == getpid() && entry->state == 'T');
	cr_expect_str_eq(entry->name, "odd) (name");
	struct roster_entry now;
	cr_expect(roster_look(child, &now, &err) == 1 && now.started == entry->started);
	cr_expect_null(roster_find(&roster, 0x3ffffffe));
	cr_expect_eq(roster_look(0x3ffffffe, &now, &err), 0);
	roster_free(&roster);
	cr_expect_null(roster_find(&roster, getpid()), "an empty one has nobody");
	kill(child, SIGKILL);
	cr_assert_eq(waitpid(child, NULL, 0), child);
}

/* Whom we cannot look at for want of descriptors is not gone. */
Test(roster, without_descriptors)
{
	struct roster roster = {0};
	struct roster_entry now;
	struct df_err err = {0};
	struct rlimit all;
	const int lowest = dup(0);
	close(lowest);
	getrlimit(RLIMIT_NOFILE, &all);
	for (rlim_t count = 0; count < 2; count++) {
		const struct rlimit limit = {(rlim_t)lowest + count, all.rlim_max};
		setrlimit(RLIMIT_NOFILE, &limit);
		const int read = roster_read(&roster, &err);
		const int look = count == 0 ? roster_look(getpid(), &now, &err) : -DF_E_SYSTEM;
		setrlimit(RLIMIT_NOFILE, &all);
		cr_expect_eq(read, -(int)DF_E_SYSTEM, "%d descriptors: %d", (int)count, read);
		cr_expect_eq(look, -(int)DF_E_SYSTEM, "%d", look);
		cr_expect(strstr(err.text, "Too many open files"), "'%s'", err.text);
		cr_expect_null(roster.list);
	}
}
