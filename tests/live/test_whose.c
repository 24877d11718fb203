/* SPDX-License-Identifier: Apache-2.0 */
/* test_whose.c - processes of others: it works where the kernel allows it, or says why it does not.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "place.h"
#include "spots.h"

TestSuite(whose, .timeout = 60);

static struct tool tool;
static struct live live;
static char program[LIVE_PATH];

#define NO_ARGS ((const char *const[]){NULL})
#define ROOT_ONLY(WHAT)                                                                            \
	if (geteuid() != 0)                                                                        \
	cr_skip(WHAT " takes root\n")

/* Runs dfpatch in the place that `setup` makes. */
static int run_there(void (*setup)(void), const char *command, pid_t pid)
{
	tool_start(&tool, (const char *const[]){command, pid_option(pid), "basic:feature", NULL},
		   setup);
	return tool_wait(&tool);
}

/* Shown, switched on and off, by the id that dfpatch sees, without a word. */
static void works(void (*setup)(void), pid_t pid)
{
	static const char *const commands[] = {"list", "enable", "disable"};
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(run_there(setup, commands[i], pid), 0, "%s: %d %s", commands[i],
			     tool.status, tool.err);
		cr_assert_str_empty(tool.err);
		cr_assert(live_value(&live, BASIC_FEATURE, i == 1), "%s", commands[i]);
	}
}

/* Refused for a reason, by both kinds of commands. */
static void refused(void (*setup)(void), pid_t pid, const char *reason)
{
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(run_there(setup, i ? "enable" : "list", pid), 3, "%d: %s%s",
			     tool.status, tool.out, tool.err);
		tool_one_error(&tool, reason);
		cr_assert_str_empty(tool.out);
	}
	live_beat(&live);
	cr_assert_eq(live.page->value[BASIC_FEATURE], 0);
}

/* A copy that other users can run. */
static void take_program(const char *name, mode_t mode)
{
	scratch_path(program, name);
	copy_file(live_path(name), program);
	cr_assert_eq(chmod(program, mode), 0);
	place_open_scratch();
	if (!place_reachable((mode & 0444) == 0444 ? program : NULL))
		cr_skip("other users cannot run dfpatch where it lies\n");
}

static void start_as(void (*setup)(void))
{
	cr_assert(live_start_in(&live, program, NO_ARGS, 0, setup));
}

static void end(void)
{
	nobody_is_traced(&live);
	live_stop(&live);
}

/* ---- users ---- */

Test(whose, same_user)
{
	ROOT_ONLY("becoming another user");
	take_program("basic", 0755);
	start_as(place_nobody);
	works(place_nobody, live.pid);
	works(NULL, live.pid);
	end();
}

static void another_group(void)
{
	if (setgid(NOBODY - 1) != 0 || setuid(NOBODY) != 0)
		_exit(125);
}

Test(whose, another_group)
{
	ROOT_ONLY("becoming another user");
	take_program("basic", 0755);
	start_as(another_group);
	refused(place_nobody, live.pid, "runs with group id 65533 and we with 65534");
	works(NULL, live.pid);
	end();
}

Test(whose, set_user_id)
{
	struct stat st;
	ROOT_ONLY("a file of root with the set-user-ID bit");
	take_program("basic", 04755);
	start_as(place_nobody);
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d", live.pid);
	cr_assert_eq(stat(path, &st), 0);
	if (st.st_uid != 0) {
		end();
		cr_skip("the file system ignores the set-user-ID bit\n");
	}
	refused(place_nobody, live.pid, "runs with the rights of user 0 (set-user-ID)");
	works(NULL, live.pid);
	end();
}

/* Who may not read a program may not read its memory either. */
Test(whose, unreadable_program)
{
	ROOT_ONLY("becoming another user");
	take_program("basic", 0711);
	start_as(place_nobody);
	refused(place_nobody, live.pid, "its file cannot be read");
	works(NULL, live.pid);
	end();
}

Test(whose, not_dumpable)
{
	char option[LIVE_PATH + 8], plugin[LIVE_PATH];
	ROOT_ONLY("becoming another user");
	take_program("loader", 0755);
	scratch_path(plugin, "plugin.so");
	copy_file(live_path("plugin.so"), plugin);
	snprintf(option, sizeof(option), "load=%s", plugin);
	cr_assert(live_start_in(&live, program, (const char *const[]){option, "private=1", NULL}, 0,
				place_nobody));
	for (int i = 0; i < 2; i++) {
		tool_start(
			&tool,
			(const char *const[]){i ? "enable" : "list", PID(&live), "plugin:", NULL},
			place_nobody);
		cr_assert_eq(tool_wait(&tool), 3, "%s", tool.err);
		tool_one_error(&tool, "PR_SET_DUMPABLE");
	}
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "plugin:feature"), 0, "%s", tool.err);
	cr_assert(live_value(&live, 0, 3));
	end();
}

/* ---- capabilities ---- */

static void set_capabilities(uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)permitted, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(permitted >> 32), (uint32_t)(permitted >> 32),
		 (uint32_t)(inheritable >> 32)},
	};
	if (syscall(SYS_capset, &header, data) != 0)
		_exit(125);
}

/* As a service manager starts a web server. */
static void nobody_for_low_ports(void)
{
	const uint64_t bind = (uint64_t)1 << CAP_NET_BIND_SERVICE;
	if (prctl(PR_SET_KEEPCAPS, 1) != 0)
		_exit(125);
	place_nobody();
	set_capabilities(bind, bind);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) != 0)
		_exit(125);
}

Test(whose, more_capabilities_than_ours)
{
	ROOT_ONLY("handing out capabilities");
	take_program("basic", 0755);
	start_as(nobody_for_low_ports);
	refused(place_nobody, live.pid, "it has CAP_NET_BIND_SERVICE, which we have not");
	works(nobody_for_low_ports, live.pid);
	works(NULL, live.pid);
	end();
}

/* Root still, but for this right. */
static void without_ptrace(void)
{
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE) != 0)
		_exit(125);
}

static void without_any(void)
{
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		if (prctl(PR_CAPBSET_DROP, i) != 0 && i < CAP_AUDIT_READ)
			_exit(125);
}

Test(whose, root_without_capabilities)
{
	ROOT_ONLY("giving up capabilities");
	take_program("basic", 0755);
	start_as(NULL);
	refused(without_ptrace, live.pid, "it has CAP_SYS_PTRACE, which we have not");
	refused(without_any, live.pid, "it has CAP_");
	end();
	start_as(without_ptrace);
	works(without_ptrace, live.pid);
	end();
	start_as(without_any);
	works(without_ptrace, live.pid);
	works(without_any, live.pid);
	end();
}

/* ---- pid namespaces ---- */

static bool start_apart(int namespaces, void (*setup)(void))
{
	take_program("basic", 0755);
	return live_start_in(&live, program, NO_ARGS, namespaces, setup);
}

static void join_with_proc(void)
{
	place_join_pids(live.pid);
	place_new_mounts();
	if (mount("proc", "/proc", "proc", 0, NULL) != 0)
		_exit(125);
}

static void join_without_proc(void)
{
	place_join_pids(live.pid);
}

Test(whose, another_pid_namespace)
{
	ROOT_ONLY("a pid namespace");
	cr_assert(start_apart(CLONE_NEWPID, NULL));
	works(NULL, live.pid);
	/* From inside it is process 1. */
	works(join_with_proc, 1);
	cr_assert_eq(run_there(join_with_proc, "list", live.pid), 3, "%s", tool.err);
	tool_one_error(&tool, "no process has the id");
	end();
}

/* By the number that it has inside, and any process that lives there. */
Test(whose, inner_numbers)
{
	char option[64];
	ROOT_ONLY("a pid namespace");
	cr_assert(start_apart(CLONE_NEWPID, NULL));
	snprintf(option, sizeof(option), "--pid=1@%d", live.pid);
	cr_assert_eq(TOOL(&tool, "enable", option, "basic:feature"), 0, "%s", tool.err);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	cr_assert_eq(TOOL(&tool, "disable", option, "basic:feature"), 0, "%s", tool.err);
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	snprintf(option, sizeof(option), "--pid=%d@%d", live.pid, live.pid);
	cr_assert_eq(TOOL(&tool, "enable", option, "basic:feature"), 3, "%s", tool.out);
	tool_one_error(&tool, "in the pid namespace of process");
	cr_assert_eq(TOOL(&tool, "enable", "--pid=1@1073741822", "basic:feature"), 3);
	tool_one_error(&tool, "no process has the id 1073741822");
	end();
}

/* A lock holds the number that its owner has inside: it counts while that thread lives. */
Test(whose, inner_numbers_in_locks)
{
	struct spots spots;
	ROOT_ONLY("a pid namespace");
	cr_assert(start_apart(CLONE_NEWPID, NULL));
	spots_open(&spots, &live);
	poke_lock(&spots, 1);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "basic:feature", "--timeout=200ms"), 3, "%s",
		     tool.out);
	tool_one_error(&tool, "thread 1 of process");
	cr_assert_eq(live.page->value[BASIC_FEATURE], 0);
	/* It has this number for us, and none inside. */
	poke_lock(&spots, (uint32_t)live.pid);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "basic:feature"), 0, "%s", tool.err);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	spots_close(&spots);
	end();
}

/* By the numbers in that /proc we would open one process and stop the threads of another. */
Test(whose, proc_of_another_pid_namespace)
{
	ROOT_ONLY("a pid namespace");
	cr_assert(start_apart(CLONE_NEWPID, NULL));
	refused(join_without_proc, 1, "/proc shows another pid namespace than ours");
	refused(join_without_proc, live.pid, "/proc shows another pid namespace than ours");
	end();
}

/* ---- /proc ---- */

static void no_proc(void)
{
	place_new_mounts();
	if (mount("tmpfs", "/proc", "tmpfs", 0, NULL) != 0)
		_exit(125);
}

Test(whose, no_proc)
{
	ROOT_ONLY("a mount namespace");
	take_program("basic", 0755);
	start_as(NULL);
	refused(no_proc, live.pid, "/proc is not mounted here");
	end();
}

static void hide(const char *how)
{
	place_new_mounts();
	if (mount("proc", "/proc", "proc", 0, how) != 0)
		_exit(125);
	place_nobody();
}

static void hidden_contents(void)
{
	hide("hidepid=1");
}

static void hidden_at_all(void)
{
	hide("hidepid=2");
}

static void shown_if_ours(void)
{
	hide("hidepid=4");
}

Test(whose, proc_that_hides)
{
	ROOT_ONLY("mounting /proc");
	take_program("basic", 0755);
	start_as(NULL);
	refused(hidden_contents, live.pid, "/proc hides the processes of others");
	refused(hidden_at_all, live.pid, "/proc hides the processes of others");
	refused(shown_if_ours, live.pid, "/proc hides the processes of others");
	cr_assert_eq(run_there(hidden_at_all, "list", 0x3ffffffe), 3);
	tool_one_error(&tool, "no process has the id");
	end();
	start_as(place_nobody);
	works(hidden_contents, live.pid);
	works(hidden_at_all, live.pid);
	works(shown_if_ours, live.pid);
	end();
}

/* ---- files as the process sees them ---- */

static char directory[LIVE_PATH];

/* In its own mounts, the program stands where another one stands in ours. */
static void put_in_place(void)
{
	place_own_mounts();
	if (mount(live_path("basic"), program, NULL, MS_BIND, NULL) != 0)
		_exit(125);
}

Test(whose, another_mount_namespace)
{
	ROOT_ONLY("a mount namespace");
	take_program("basic-other", 0755);
	cr_assert(live_start_in(&live, program, NO_ARGS, CLONE_NEWNS, put_in_place));
	/* Without a note: the file that it sees is the one that it runs. */
	works(NULL, live.pid);
	end();
}

static void change_root(void)
{
	char *const argv[] = {"/basic-static", NULL};
	if (chroot(directory) != 0 || chdir("/") != 0)
		_exit(125);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve(argv[0], argv, (char *const[]){NULL});
	_exit(125);
}

Test(whose, changed_root)
{
	ROOT_ONLY("chroot");
	take_program("basic-static", 0755);
	scratch_path(directory, "");
	start_as(change_root);
	works(NULL, live.pid);
	end();
}

/* The root of its namespace as well, as in a container: its paths mean nothing in ours. */
static void pivot_root(void)
{
	char *const argv[] = {"/basic-static", NULL};
	place_own_mounts();
	if (mount(directory, directory, NULL, MS_BIND, NULL) != 0 || chdir(directory) != 0 ||
	    syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0)
		_exit(125);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve(argv[0], argv, (char *const[]){NULL});
	_exit(125);
}

Test(whose, container)
{
	ROOT_ONLY("a mount namespace");
	take_program("basic-static", 0755);
	scratch_path(directory, "");
	cr_assert(live_start_in(&live, program, NO_ARGS, CLONE_NEWNS | CLONE_NEWPID, pivot_root));
	works(NULL, live.pid);
	end();
}

/* ---- user namespaces ---- */

static void root_inside(void)
{
	place_be_root(0, 0);
}

static void become_nobody_then_root_inside(void)
{
	place_nobody();
	/* A process that changed its user is not dumpable, and cannot write its own maps. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER) != 0)
		_exit(125);
	place_be_root(NOBODY, NOBODY);
}

static bool user_namespaces_work(void)
{
	int status;
	const pid_t child = fork();
	if (child == 0) {
		become_nobody_then_root_inside();
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

Test(whose, another_user_namespace)
{
	ROOT_ONLY("starting processes of several users");
	if (!user_namespaces_work())
		cr_skip("other users get no user namespace here\n");
	cr_assert(start_apart(CLONE_NEWUSER, root_inside), "no user namespace");
	works(NULL, live.pid);
	/* It calls itself root; we cannot see that it is less. */
	refused(place_nobody, live.pid, "belongs to user 0 and we are user 65534");
	end();
	/* Whoever made the namespace has every right in it. */
	start_as(become_nobody_then_root_inside);
	works(NULL, live.pid);
	works(place_nobody, live.pid);
	end();
}

Test(whose, from_inside_a_user_namespace)
{
	ROOT_ONLY("starting processes of several users");
	if (!user_namespaces_work())
		cr_skip("other users get no user namespace here\n");
	take_program("basic", 0755);
	start_as(place_nobody);
	refused(become_nobody_then_root_inside, live.pid,
		"our CAP_SYS_PTRACE holds in our user namespace only");
	works(place_nobody, live.pid);
	end();
	start_as(NULL);
	refused(become_nobody_then_root_inside, live.pid,
		"our CAP_SYS_PTRACE holds in our user namespace only");
	end();
}
