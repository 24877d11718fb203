/* SPDX-License-Identifier: Apache-2.0 */
/* test_traced.c - who else has a hand on the program: gdb, strace, a breakpoint, a uprobe. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "spots.h"

TestSuite(traced, .timeout = 60);

static struct tool tool;
static struct live live;
static struct spots spots;
static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];

static void start(const char *path)
{
	LIVE_START(&live, path, "threads=4");
	spots_open(&spots, &live);
}

#define BREAKPOINT "holds a breakpoint (cc) of a debugger or uprobe; remove it first"

/* With each way to change it; what the first names is the default. */
static const char *const ways[] = {"--timeout=5s", "--stop", "--quiet"};

static void refused(const char *way, const char *pattern, int status, const char *text)
{
	const size_t size = spots_image(&spots, before);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), way, pattern), status, "%s: %d: %s%s", way,
		     tool.status, tool.out, tool.err);
	tool_one_error(&tool, text);
	cr_assert_str_empty(tool.out);
	spots_image(&spots, after);
	cr_assert(memcmp(before, after, size) == 0, "%s: the target's flags were changed", way);
}

/* Each way does what it is asked for, and the program sees it. */
static void works(void)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		cr_assert_eq(TOOL(&tool, "enable", PID(&live), ways[i], "basic:feature"), 0,
			     "%s: %s", ways[i], tool.err);
		cr_assert(live_value(&live, BASIC_FEATURE, 1));
		cr_assert_eq(TOOL(&tool, "disable", PID(&live), ways[i], "basic:feature"), 0,
			     "%s: %s", ways[i], tool.err);
		cr_assert(live_value(&live, BASIC_FEATURE, 0));
	}
}

static void stop(void)
{
	nobody_is_traced(&live);
	spots_are_whole(&spots);
	live_beat(&live);
	spots_close(&spots);
	live_stop(&live);
}

/* ---- gdb and strace ---- */

struct tracer {
	pid_t pid;
	int input; /* held open, or an interactive gdb would end */
};

static void need(const char *program)
{
	char command[64];
	snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
	if (system(command) != 0)
		cr_skip("%s is not installed\n", program);
}

static void become_tracer(const char *const *argv, int input)
{
	const int null = open("/dev/null", O_WRONLY);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(input, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* The number behind a name in the status file of a thread. */
static long status_of(pid_t thread, const char *name)
{
	char path[64], line[256];
	long number = -1;
	snprintf(path, sizeof(path), "/proc/%d/status", thread);
	FILE *status = fopen(path, "re");
	cr_assert(status);
	while (fgets(line, sizeof(line), status))
		if (strncmp(line, name, strlen(name)) == 0)
			number = strtol(line + strlen(name) + 1, NULL, 10);
	fclose(status);
	return number;
}

static void await_tracer(pid_t thread, pid_t tracer)
{
	const uint64_t end = now_ns() + 20000000000u;
	while (status_of(thread, "TracerPid") != tracer) {
		siginfo_t info = {0};
		waitid(P_PID, (id_t)tracer, &info, WEXITED | WNOHANG | WNOWAIT);
		cr_assert_eq(info.si_pid, 0, "the tracer ended");
		cr_assert(now_ns() < end, "it does not get traced");
		sleep_us(1000);
	}
}

static void tracer_start(struct tracer *tracer, pid_t thread, const char *const *argv)
{
	int input[2];
	cr_assert_eq(pipe2(input, O_CLOEXEC), 0);
	tracer->pid = fork();
	if (tracer->pid == 0)
		become_tracer(argv, input[0]);
	close(input[0]);
	tracer->input = input[1];
	await_tracer(thread, tracer->pid);
}
#define TRACER(T, THREAD, ...) tracer_start((T), (THREAD), (const char *const[]){__VA_ARGS__, NULL})

/* Asks it to end, which lets the target go: by the end of its input alone if it reads that. */
static void tracer_end(struct tracer *tracer, int signal)
{
	close(tracer->input);
	kill(tracer->pid, signal);
	cr_assert_eq(waitpid(tracer->pid, NULL, 0), tracer->pid);
	nobody_is_traced(&live);
}

static void refused_each_way(const struct tracer *tracer, const char *name)
{
	char text[64];
	snprintf(text, sizeof(text), "traced by process %d (%s)", tracer->pid, name);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		refused(ways[i], "multi:", 3, text);
}

static const char *text_of(const char *format, ...)
{
	static char text[4][128];
	static unsigned next;
	char *to = text[next++ % 4];
	va_list args;
	va_start(args, format);
	vsnprintf(to, sizeof(text[0]), format, args);
	va_end(args);
	return to;
}

Test(traced, gdb_that_stopped_it)
{
	struct tracer gdb;
	need("gdb");
	start("basic");
	TRACER(&gdb, live.pid, "gdb", "-nx", "-q", "-p", text_of("%d", live.pid));
	refused_each_way(&gdb, "gdb");
	cr_assert(live_runs(&live));
	tracer_end(&gdb, 0);
	live_beat(&live);
	works();
	stop();
}

Test(traced, gdb_in_batch_mode)
{
	struct tracer gdb;
	need("gdb");
	start("basic");
	TRACER(&gdb, live.pid, "gdb", "-nx", "-p", text_of("%d", live.pid), "-batch-silent", "-ex",
	       "shell sleep 3");
	refused_each_way(&gdb, "gdb");
	cr_assert_eq(waitpid(gdb.pid, NULL, 0), gdb.pid);
	works();
	stop();
}

/* Until the first byte of a spot is a breakpoint, or is none any more. */
static void await_breakpoint(const struct spot *spot, bool there)
{
	const uint64_t end = now_ns() + 20000000000u;
	while ((peek_opcode(&spots, spot) == 0xcc) != there) {
		cr_assert(now_ns() < end, "the breakpoint does not %s", there ? "come" : "go");
		sleep_us(500);
	}
}

Test(traced, gdb_with_a_breakpoint_on_a_site)
{
	struct tracer gdb;
	need("gdb");
	start("basic");
	const struct spot *spot = spots_find(&spots, "basic", "feature");
	TRACER(&gdb, live.pid, "gdb", "-nx", "-q", "-p", text_of("%d", live.pid), "-ex",
	       "set breakpoint always-inserted on", "-ex",
	       text_of("break *%#lx", (unsigned long)spot->site));
	await_breakpoint(spot, true);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		refused(ways[i], "basic:", 4, BREAKPOINT);
	refused_each_way(&gdb, "gdb");
	tracer_end(&gdb, 0);
	await_breakpoint(spot, false);
	works();
	stop();
}

Test(traced, strace)
{
	struct tracer strace;
	need("strace");
	start("basic");
	TRACER(&strace, live.pid, "strace", "-f", "-o", "/dev/null", "-p", text_of("%d", live.pid));
	refused_each_way(&strace, "strace");
	live_beat(&live);
	tracer_end(&strace, SIGTERM);
	works();
	stop();
}

/*
 * Not of its first one: nobody can be stopped, and all are let go again. A quiet change disturbs
 * neither of them.
 */
Test(traced, strace_of_a_single_thread)
{
	struct tracer strace;
	need("strace");
	start("basic");
	const pid_t thread = live.pid + 2; /* most likely; look before relying on it */
	if (access(text_of("/proc/%d/task/%d", live.pid, thread), F_OK) != 0)
		cr_skip("the threads' ids do not follow the process's\n");
	TRACER(&strace, thread, "strace", "-o", "/dev/null", "-p", text_of("%d", thread));
	refused("--stop", "multi:", 3, text_of("traced by process %d (strace)", strace.pid));
	cr_assert_eq(status_of(live.pid, "TracerPid"), 0);
	live_beat(&live);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--quiet", "basic:feature"), 0, "%s",
		     tool.err);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	cr_assert_eq(status_of(thread, "TracerPid"), strace.pid);
	tracer_end(&strace, SIGTERM);
	works();
	stop();
}

/* ---- uprobes ---- */

#define TRACEFS "/sys/kernel/tracing"
static char event[64];

static bool tell(const char *file, int flags, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), TRACEFS "/%s", file);
	const int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	const bool told = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return told;
}

/* In a mount namespace of ours: nobody else sees what we mount. */
static bool mount_tracefs(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       (access(TRACEFS "/uprobe_events", W_OK) == 0 ||
		mount("tracefs", TRACEFS, "tracefs", 0, NULL) == 0) &&
	       access(TRACEFS "/uprobe_events", W_OK) == 0;
}

static uint64_t file_offset(uint64_t addr)
{
	char line[512];
	unsigned long first, last, offset;
	FILE *maps = fopen(text_of("/proc/%d/maps", live.pid), "re");
	cr_assert(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx", &first, &last, &offset) == 3 && first <= addr &&
		    addr < last) {
			fclose(maps);
			return addr - first + offset;
		}
	cr_assert(false, "%#lx is not mapped", (unsigned long)addr);
	return 0;
}

static void disarm(void)
{
	tell(text_of("events/%s/enable", event), 0, "0");
	tell("uprobe_events", O_APPEND, text_of("-:%s", event));
}

static void arm(const char *path, uint64_t site)
{
	char definition[LIVE_PATH + 128];
	snprintf(event, sizeof(event), "dfpatch_test/site_%d", getpid());
	snprintf(definition, sizeof(definition), "p:%s %s:%#lx", event, path,
		 (unsigned long)file_offset(site));
	/* It outlives us, if we fail. */
	atexit(disarm);
	if (!tell("uprobe_events", O_APPEND, definition) ||
	    !tell(text_of("events/%s/enable", event), 0, "1"))
		cr_skip("the kernel does not take a uprobe (no CONFIG_UPROBE_EVENTS?)\n");
}

Test(traced, uprobe_on_a_site)
{
	char path[LIVE_PATH];
	if (geteuid() != 0 || !mount_tracefs())
		cr_skip("no uprobes: they take root and tracefs\n");
	/* A file of our own: every process that runs it has the probe. */
	scratch_path(path, "probed");
	copy_file(live_path("basic"), path);
	start(path);
	const struct spot *spot = spots_find(&spots, "basic", "feature");
	works();
	arm(path, spot->site);
	await_breakpoint(spot, true);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		refused(ways[i], "basic:", 4, BREAKPOINT);
	cr_assert(strstr(tool.err, "basic:feature"), "%s", tool.err);
	live_beat(&live);
	/* Other flags are none of its business. */
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "multi:"), 0, "%s", tool.err);
	cr_assert(live_value(&live, BASIC_INLINED, 1));
	disarm();
	await_breakpoint(spot, false);
	works();
	stop();
}
