/* SPDX-License-Identifier: Apache-2.0 */
/* Writing text where the system, or the program, leaves one way, or none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "deny.h"
#include "flags.h"
#include "inside.h"
#include "many.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#define WX (PROT_WRITE | PROT_EXEC)
#define NOBODY 65534

static int feature(void)
{
	return lamp_named("lamp:feature@lamps.c:100")->read();
}

/* ---- protections ---- */

/* Opened before a child goes where it could not be. */
static int maps_fd = -1;

/* What may be executed, neighbours joined: "FROM-TO PERMS" a line. */
static char *executable_maps(void)
{
	char *text = malloc(1 << 16), *all = malloc(1 << 16);
	size_t used = 0, out = 0;
	unsigned long from, to, last_to = 0, first = 0;
	char perms[8], last[8] = "";
	ssize_t got;
	while ((got = pread(maps_fd, text + used, (1 << 16) - 1 - used, (off_t)used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, perms) != 3 || perms[2] != 'x')
			continue;
		if (from != last_to || strcmp(perms, last) != 0) {
			if (last[0])
				out += (size_t)sprintf(all + out, "%lx-%lx %s\n", first, last_to,
						       last);
			first = from;
		}
		last_to = to;
		snprintf(last, sizeof(last), "%s", perms);
	}
	sprintf(all + out, "%lx-%lx %s\n", first, last_to, last);
	free(text);
	return all;
}

/* The text of this program before it was told to change. */
static char *maps_before;

static void watch_maps(void)
{
	maps_fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	EXPECT(maps_fd >= 0, "%m");
	maps_before = executable_maps();
}

static void expect_same_maps(const char *when)
{
	char *now = executable_maps();
	EXPECT(strcmp(now, maps_before) == 0, "%s text was\n%sand is\n%s", when, maps_before, now);
	free(now);
}

/* ---- what works ---- */

/* One site and thousands, on and off, twice: the second time meets what the first learned. */
static void expect_works(void)
{
	for (int round = 0; round < 2; round++) {
		EXPECT(df_enable("lamp:feature") == 1, "%s", df_error());
		EXPECT(feature() == 1, "not switched on");
		expect_same_maps("with one flag on");
		EXPECT(df_enable(NULL) > 1000, "%s", df_error());
		read_many();
		EXPECT(many_on > 1000, "%u are on", many_on);
		expect_same_maps("with all flags on");
		EXPECT(df_disable(NULL) > 1000, "%s", df_error());
		read_many();
		EXPECT(many_on == 0 && feature() == 0, "%u are still on", many_on);
		expect_same_maps("with all flags off");
	}
}

static void forbid_windows(uint32_t action)
{
	forbid(SYS_mprotect, 2, WX, WX, action);
	forbid(SYS_mmap, 2, WX, WX, action);
}

static void under_nothing(void)
{
	watch_maps();
	expect_works();
}

static void under_mdwe(void)
{
	watch_maps();
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0)
		child_skip("the kernel has no PR_SET_MDWE, which came with Linux 6.3");
	EXPECT(mprotect((void *)((uintptr_t)feature & ~4095ul), 1, PROT_READ | WX) != 0,
	       "nothing is forbidden");
	expect_works();
}

static void under_seccomp(void)
{
	watch_maps();
	forbid_windows(SECCOMP_RET_ERRNO | EPERM);
	expect_works();
}

/* A page that is writable and executable, be it for a moment, ends the child. */
static void under_policy(void)
{
	watch_maps();
	EXPECT(df_set_write_policy(DF_WRITE_NEVER_WX) == 0, "%s", df_error());
	forbid_windows(SECCOMP_RET_KILL_PROCESS);
	expect_works();
}

Test(ways, leave_protections_as_they_were)
{
	in_child(under_nothing);
}

Test(ways, with_memory_deny_write_execute)
{
	in_child(under_mdwe);
}

Test(ways, with_a_filter_on_mprotect)
{
	in_child(under_seccomp);
}

Test(ways, with_the_policy_of_no_writable_and_executable_page)
{
	in_child(under_policy);
}

/* ---- privileges given up ---- */

static void become_nobody(void)
{
	if (getuid() != 0)
		child_skip("only root can become somebody else");
	EXPECT(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0, "%m");
}

static void expect_no_mem(void)
{
	const int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		child_skip("the system lets everybody open /proc/self/mem");
}

static void initialised_before_setuid(void)
{
	watch_maps();
	EXPECT(df_init() == 0, "%s", df_error());
	become_nobody();
	expect_no_mem();
	forbid_windows(SECCOMP_RET_KILL_PROCESS);
	df_set_write_policy(DF_WRITE_NEVER_WX);
	expect_works();
}

static void not_initialised_before_setuid(void)
{
	watch_maps();
	become_nobody();
	expect_no_mem();
	expect_works();
}

static void initialised_before_undumpable(void)
{
	become_nobody();
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	watch_maps();
	EXPECT(df_init() == 0, "%s", df_error());
	EXPECT(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "%m");
	expect_no_mem();
	forbid_windows(SECCOMP_RET_ERRNO | EPERM);
	expect_works();
}

static void chrooted(void)
{
	char root[] = "/tmp/inside-XXXXXX";
	if (getuid() != 0)
		child_skip("only root can change its root directory");
	EXPECT(mkdtemp(root), "%m");
	const int above = open("/tmp", O_PATH | O_CLOEXEC);
	const int went = chroot(root), error = errno;
	unlinkat(above, strrchr(root, '/') + 1, AT_REMOVEDIR);
	close(above);
	errno = error;
	EXPECT(went == 0 && chdir("/") == 0, "%m");
	EXPECT(access("/proc", F_OK) != 0, "there is a /proc");
}

static void initialised_before_chroot(void)
{
	watch_maps();
	EXPECT(df_init() == 0, "%s", df_error());
	chrooted();
	forbid_windows(SECCOMP_RET_ERRNO | EPERM);
	expect_works();
}

static void not_initialised_before_chroot(void)
{
	watch_maps();
	chrooted();
	expect_works();
}

Test(privileges, given_up_after_init)
{
	in_child(initialised_before_setuid);
}

Test(privileges, given_up_before_init)
{
	in_child(not_initialised_before_setuid);
}

Test(privileges, of_a_process_that_may_not_be_dumped)
{
	in_child(initialised_before_undumpable);
}

Test(privileges, in_a_root_without_proc_after_init)
{
	in_child(initialised_before_chroot);
}

Test(privileges, in_a_root_without_proc_before_init)
{
	in_child(not_initialised_before_chroot);
}

/* ---- nothing left ---- */

static void expect_denied(int (*call)(const char *pattern), const char *pattern)
{
	struct snapshot before = snapshot_take();
	EXPECT(call(pattern) == -DF_ERROR_PERMISSION, "'%s': %s", pattern, df_error());
	EXPECT(strstr(df_error(), "/proc/self/mem") && strstr(df_error(), "mprotect"), "'%s'",
	       df_error());
	EXPECT(strstr(df_error(), "as before"), "'%s'", df_error());
	EXPECT(snapshot_is_same(&before), "'%s' changed something", pattern);
	EXPECT(df_module_v1.phase == DF_PHASE_IDLE && df_module_v1.lock == 0, "not at rest");
}

static int apply_one(const char *pattern)
{
	char script[64];
	snprintf(script, sizeof(script), "+%s", pattern);
	return df_apply(script);
}

static void expect_all_denied(void)
{
	expect_denied(df_activate, "lamp:feature");
	expect_denied(df_enable, "");
	expect_denied(df_disable, "lamp:");
	expect_denied(apply_one, "many:twin");
}

/* What needs no other byte needs no way. */
static void expect_counts_work(void)
{
	EXPECT(df_unhook("lamp:feature") == 1, "%s", df_error());
	EXPECT(df_rehook("lamp:feature") == 1, "%s", df_error());
	EXPECT(df_activate("lamp:s") == 2, "%s", df_error());
	EXPECT(df_deactivate("lamp:s") == 2, "%s", df_error());
	EXPECT(flag_of("lamp:feature").unhook == 0, "no listing");
}

/* Dumpable again, it can open the mem file: the very next call works. */
static void denied_until_dumpable(void)
{
	become_nobody();
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	watch_maps();
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	expect_no_mem();
	forbid_windows(SECCOMP_RET_ERRNO | EPERM);
	struct snapshot before = snapshot_take();
	EXPECT(df_init() == -DF_ERROR_PERMISSION, "%s", df_error());
	EXPECT(snapshot_is_same(&before), "an initialisation that was denied changed something");
	expect_all_denied();
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	expect_works();
}

static void denied_for_a_while(void)
{
	watch_maps();
	EXPECT(df_init() == 0, "%s", df_error());
	for (int round = 0; round < 2; round++) {
		EXPECT(df_apply("disable .*\nenable lamp:s") > 1000, "%s", df_error());
		deny.windows = true;
		deny.writes = 0;
		expect_all_denied();
		expect_counts_work();
		expect_same_maps("denied");
		deny = DENY_NOTHING;
		expect_works();
	}
}

/* With the file denied to be opened, and by policy what is left. */
static void denied_by_the_program(void)
{
	watch_maps();
	deny.opening = true;
	EXPECT(df_set_write_policy(DF_WRITE_NEVER_WX) == 0, "%s", df_error());
	EXPECT(df_init() == -DF_ERROR_PERMISSION, "%s", df_error());
	EXPECT(strstr(df_error(), "df_set_write_policy"), "'%s'", df_error());
	EXPECT(df_set_write_policy(DF_WRITE_BY_COST) == 0, "%s", df_error());
	expect_works();
}

Test(nothing_left, changes_nothing)
{
	in_child(denied_until_dumpable);
}

Test(nothing_left, for_a_while)
{
	in_child(denied_for_a_while);
}

Test(nothing_left, by_the_program_itself)
{
	in_child(denied_by_the_program);
}

/* ---- half-way ---- */

#define SPREAD "lamp:feature|http:conn_00|http:idle_49|db:row@|idle:idle_29|many:|g:"

static int writes_made(void)
{
	deny.writes = 1000;
	EXPECT(df_enable(SPREAD) > 10, "%s", df_error());
	const int made = 1000 - deny.writes;
	deny.writes = -1;
	EXPECT(df_disable(SPREAD) > 10, "%s", df_error());
	return made;
}

static void fail_half_way(void)
{
	watch_maps();
	deny.windows = true;
	df_disable(NULL);
	const int made = writes_made();
	EXPECT(made > 3, "%d writes are no test", made);
	for (int good = 0; good < made; good++) {
		struct snapshot before = snapshot_take();
		deny.writes = good;
		deny.again = 1;
		EXPECT(df_enable(SPREAD) == -DF_ERROR_PERMISSION, "%d: %s", good, df_error());
		EXPECT(strstr(df_error(), "undone"), "%d: %s", good, df_error());
		EXPECT(snapshot_is_same(&before), "not all undone behind %d writes", good);
		deny.writes = -1;
	}
	deny = DENY_NOTHING;
	expect_works();
}

/* The next call puts it right: first those that are denied, then one that is not. */
static void fail_to_undo(void)
{
	watch_maps();
	deny.windows = true;
	df_disable(NULL);
	const int made = writes_made();
	for (int good = 1; good < made; good++) {
		struct snapshot before = snapshot_take();
		deny.writes = good;
		deny.again = -1;
		EXPECT(df_enable(SPREAD) == -DF_ERROR_UNDO, "%d: %s", good, df_error());
		EXPECT(df_module_v1.phase == DF_PHASE_UNDOING, "phase %u", df_module_v1.phase);
		deny.writes = 0;
		EXPECT(df_activate("no such flag") < 0, "at rest without a write");
		EXPECT(df_module_v1.lock == 0, "left locked");
		deny.writes = -1;
		EXPECT(df_activate("no such flag") == 0, "%d: %s", good, df_error());
		EXPECT(snapshot_is_same(&before), "not put right behind %d writes", good);
	}
	deny = DENY_NOTHING;
	expect_works();
}

Test(half_way, is_undone)
{
	in_child(fail_half_way);
}

Test(half_way, is_put_right_by_the_next_call)
{
	in_child(fail_to_undo);
}

/* ---- other processors ---- */

static void without_membarrier(void)
{
	watch_maps();
	deny.barriers = true;
	expect_works();
	deny.mapping = true;
	struct snapshot before = snapshot_take();
	EXPECT(df_enable("lamp:feature") < 0, "nobody was told of new instructions");
	EXPECT(strstr(df_error(), "membarrier"), "'%s'", df_error());
	deny = DENY_NOTHING;
	EXPECT(df_activate("no such flag") == 0, "%s", df_error());
	EXPECT(snapshot_is_same(&before), "not put right");
	expect_works();
}

Test(processors, that_cannot_be_told_undo_it)
{
	in_child(without_membarrier);
}
