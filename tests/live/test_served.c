/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_served.c - dfpatch writes to what its target serves: a pipe or a terminal that is full until
 * the target reads, and a file that the target is the file system of; or is such a file itself.
 *
 * While the target stands still, whoever writes there waits for it. So nothing may be written
 * before all go on; if it were, the watchdog would end dfpatch.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "live.h"
#include "serve.h"
#include "spots.h"
#include "vforker.h"

TestSuite(served, .timeout = 120);

#define MAX_STOP 400000000 /* ns */

static struct live live;
static struct tool tool;
static int sink;	 /* what dfpatch writes to */
static int service = -1; /* what the target serves */

static int program = -1; /* what it serves to be started */

static void hand_over(void)
{
	if (dup2(service, SERVE_FD) != SERVE_FD ||
	    (program >= 0 && dup2(program, SERVE_PROGRAM_FD) != SERVE_PROGRAM_FD))
		_exit(127);
}

static void write_there(void)
{
	dup2(sink, STDOUT_FILENO);
	dup2(sink, STDERR_FILENO);
}

static void start(const char *option)
{
	cr_assert(
		live_start_in(&live, "vforker", (const char *const[]){option, NULL}, 0, hand_over));
	close(service);
}

static void all_go_on(void)
{
	const uint64_t end = now_ns() + 10000000000u;
	int64_t before[VFORKER_ASKERS];
	for (int i = 0; i < VFORKER_ASKERS; i++)
		before[i] = live.page->word[i];
	for (int i = 0; i < VFORKER_ASKERS; i++)
		while (live.page->word[i] < before[i] + 2) {
			cr_assert(now_ns() < end, "thread %d stands still", i);
			sleep_us(500);
		}
	nobody_is_traced(&live);
}

static int64_t longest_gap(void)
{
	int64_t longest = 0;
	for (int i = 0; i < VFORKER_ASKERS; i++)
		if (live.page->word[VFORKER_GAP + i] > longest)
			longest = live.page->word[VFORKER_GAP + i];
	return longest;
}

static int64_t served(void)
{
	return live.page->word[VFORKER_SERVED];
}

static void begin(const char *command)
{
	tool_start(&tool,
		   (const char *const[]){command, PID(&live), "--stop",
					 "vforker:", "--max-stop=400ms", NULL},
		   write_there);
}

static void changes_and_reports(void)
{
	for (int i = 0; i < 20; i++) {
		const int64_t before = served();
		begin(i % 2 ? "disable" : "enable");
		cr_assert_eq(tool_wait(&tool), 0, "%d", tool.status);
		all_go_on();
		cr_assert_gt(served(), before);
	}
}

static void begin_vfork(void)
{
	const uint64_t end = now_ns() + 10000000000u;
	live.page->go = 1;
	while (live.page->word[VFORKER_CHILD] == 0) {
		cr_assert(now_ns() < end, "no vfork");
		sleep_us(500);
	}
}

/* A stop that is given up is told there, too. */
static void gives_up_and_tells(void)
{
	const int64_t before = served();
	begin("enable");
	cr_assert_eq(tool_wait(&tool), 3, "%d", tool.status);
	all_go_on();
	cr_assert_gt(served(), before);
}

static bool is_stopped(pid_t pid)
{
	char path[64], text[512] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	const char *name_end = strrchr(text, ')');
	return name_end && name_end[2] == 't';
}

/* dfpatch is stopped while it holds the target; its watchdog ends it, and then tells. */
static void is_bitten_and_told(void)
{
	const uint64_t end = now_ns() + 10000000000u;
	const int64_t before = served();
	begin("enable");
	while (!is_stopped(live.pid)) {
		cr_assert(now_ns() < end, "the target was not stopped");
		sleep_us(200);
	}
	kill(tool.pid, SIGSTOP);
	cr_assert_eq(tool_wait(&tool), -SIGKILL, "%d", tool.status);
	all_go_on();
	while (served() == before) {
		cr_assert(now_ns() < end, "the watchdog does not tell");
		sleep_us(500);
	}
}

static void in_all_ways(void)
{
	changes_and_reports();
	begin_vfork();
	gives_up_and_tells();
	is_bitten_and_told();
	cr_assert(longest_gap() < MAX_STOP + INT64_C(2000000000), "it stood still for %ld ms",
		  (long)(longest_gap() / 1000000));
	close(sink);
	live_stop(&live);
}

/* ---- a pipe ---- */

/* Writes all the time, so that the pipe is full whenever nobody reads. */
static pid_t fill(void)
{
	static const char text[65536];
	const pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (write(sink, text, sizeof(text)) > 0)
		;
	_exit(0);
}

Test(served, pipe)
{
	int ends[2];
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	service = ends[0];
	sink = ends[1];
	start("pipe=1");
	const pid_t filler = fill();
	in_all_ways();
	kill(filler, SIGKILL);
	waitpid(filler, NULL, 0);
}

/* ---- a terminal ---- */

/* What the target has is the other side of the terminal, as a terminal emulator has it. */
Test(served, terminal)
{
	struct termios raw;
	service = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert(service >= 0 && grantpt(service) == 0 && unlockpt(service) == 0);
	sink = open(ptsname(service), O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert(sink >= 0 && tcgetattr(sink, &raw) == 0);
	cfmakeraw(&raw);
	cr_assert_eq(tcsetattr(sink, TCSANOW, &raw), 0);
	start("pipe=1");
	const pid_t filler = fill();
	in_all_ways();
	kill(filler, SIGKILL);
	waitpid(filler, NULL, 0);
}

/* ---- a FUSE mount ---- */

static void mount_it(const char *where)
{
	char options[128];
	service = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (service < 0)
		cr_skip("cannot open /dev/fuse: %s\n", strerror(errno));
	/* It is gone with this test, whatever happens. */
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		cr_skip("cannot have mounts of our own: %s\n", strerror(errno));
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", service);
	if (mkdir(where, 0755) != 0 ||
	    mount("test", where, "fuse", MS_NOSUID | MS_NODEV, options) != 0)
		cr_skip("cannot mount a FUSE file system: %s\n", strerror(errno));
}

Test(served, fuse_mount)
{
	char where[LIVE_PATH], path[LIVE_PATH];
	scratch_path(where, "mount");
	scratch_path(path, "mount/" SERVE_FILE);
	mount_it(where);
	start("fuse=1");
	sink = open(path, O_WRONLY | O_CLOEXEC);
	cr_assert(sink >= 0, "%s: %s", path, strerror(errno));
	in_all_ways();
	umount2(where, MNT_DETACH);
}

/* ---- dfpatch itself ---- */

static char served_program[LIVE_PATH];
static const char *served_arguments[] = {
	"dfpatch", NULL, NULL, "--stop", "vforker:", "--max-stop=400ms", NULL};

static void start_what_is_served(void)
{
	execv(served_program, (char *const *)served_arguments);
	_exit(127);
}

static void begin_what_is_served(const char *command)
{
	static const char *const none[] = {NULL};
	served_arguments[1] = command;
	served_arguments[2] = PID(&live);
	tool_start(&tool, none, start_what_is_served);
}

/* It is stopped while it holds the target; so its watchdog, which is served as well, has to act. */
static void what_is_served_is_bitten(void)
{
	const uint64_t end = now_ns() + 10000000000u;
	begin_vfork();
	begin_what_is_served("disable");
	while (!is_stopped(live.pid)) {
		cr_assert(now_ns() < end, "the target was not stopped");
		sleep_us(200);
	}
	kill(tool.pid, SIGSTOP);
	cr_assert_eq(tool_wait(&tool), -SIGKILL, "%d", tool.status);
	all_go_on();
}

/* What it needs of itself while the target stands still, it has at hand. */
Test(served, program_that_is_dfpatch)
{
	char where[LIVE_PATH];
	scratch_path(where, "mount");
	scratch_path(served_program, "mount/" SERVE_PROGRAM);
	mount_it(where);
	program = open(DFPATCH_PATH, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(program, 0);
	start("fuse=1");
	for (int i = 0; i < 7; i++) {
		begin_what_is_served(i % 2 ? "disable" : "enable");
		cr_assert_eq(tool_wait(&tool), 0, "%d: %s", tool.status, tool.err);
		cr_assert(live_value(&live, 0, i % 2 == 0));
		all_go_on();
	}
	cr_assert(longest_gap() < MAX_STOP, "it stood still for %ld ms",
		  (long)(longest_gap() / 1000000));
	what_is_served_is_bitten();
	cr_assert(longest_gap() < MAX_STOP + INT64_C(2000000000), "it stood still for %ld ms",
		  (long)(longest_gap() / 1000000));
	live_stop(&live);
	umount2(where, MNT_DETACH);
}
