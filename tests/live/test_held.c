/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_held.c - what dfpatch does while the target stands still: as strace(1) sees it, from the
 * first thread asked to stop until the last is let go.
 *
 * All else has been done before, or is done after.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live.h"
#include "spots.h"
#include "vforker.h"

TestSuite(held, .init = live_go_ahead, .timeout = 120);

static struct live live;
static struct tool tool;
static char record[LIVE_PATH];

/*
 * The calls that may be made, and on what: a path that the first argument has to show. Nothing is
 * opened, printed or written but the target's memory, and none takes memory from the kernel.
 */
static const struct {
	const char *call, *on;
} allowed[] = {
	{"ptrace", ""},
	{"wait4", ""},
	{"pread64", "/mem>"},
	{"pwrite64", "/mem>"},
	{"lseek", "/task>"}, /* new threads */
	{"getdents64", "/task>"},
	{"newfstatat", "/task>"}, /* how many there are */
	{"fstat", "/task>"},
	{"sched_getscheduler", ""}, /* the way out before others */
	{"sched_getparam", ""},
	{"sched_setscheduler", ""},
	{"getpid", ""},
	{"gettid", ""},
	{"rt_sigreturn", ""}, /* of the timer that looks for those who do not stop */
	/* Whether a leader that does not stop has exited, which no wait tells. */
	{"openat", "/stat\""},
	{"read", "/stat>"},
	{"close", "/stat>"},
};

static bool is_allowed(const char *call, size_t length, const char *line)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strlen(allowed[i].call) == length &&
		    strncmp(allowed[i].call, call, length) == 0 && strstr(line, allowed[i].on))
			return true;
	return false;
}

/* The thread of a line, and where its call begins; NULL if it is no call, or the end of one. */
static const char *call_of(const char *line, long *thread)
{
	char *at;
	*thread = strtol(line, &at, 10);
	at += strspn(at, " ");
	return *at >= 'a' && *at <= 'z' ? at : NULL;
}

struct tally {
	long tracer; /* the thread that stops the target; each time another one */
	unsigned stops, calls;
	const char *stray; /* what it should not have done, if the target was not let go before */
};

static bool begins(const char *call, const char *with)
{
	return strncmp(call, with, strlen(with)) == 0;
}

static void take_line(const char *line, struct tally *tally)
{
	long thread;
	const char *call = call_of(line, &thread);
	if (!call)
		return;
	if (thread != tally->tracer && begins(call, "ptrace(PTRACE_INTERRUPT,")) {
		tally->tracer = thread;
		tally->stray = NULL;
		tally->stops++;
	}
	/* The watchdog lies in wait, and the first thread waits for this one. */
	if (thread != tally->tracer)
		return;
	tally->calls++;
	if (!is_allowed(call, strcspn(call, "("), line) && !tally->stray)
		tally->stray = line;
	if (!begins(call, "ptrace(PTRACE_DETACH,"))
		return;
	cr_expect_null(tally->stray, "while the target stands still: %s", tally->stray);
	tally->stray = NULL;
}

static void read_record(struct tally *tally)
{
	static char text[4 << 20];
	const int fd = open(record, O_RDONLY | O_CLOEXEC);
	const ssize_t got = read(fd, text, sizeof(text) - 1);
	cr_assert(got > 0 && (size_t)got < sizeof(text) - 1, "%s: %zd", record, got);
	close(fd);
	text[got] = '\0';
	cr_assert(strstr(text, "ptrace(PTRACE_DETACH,"), "nobody was let go");
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		take_line(line, tally);
}

static const char *pattern, *process, *max_stop = "--max-stop=10s";

static void under_strace(void)
{
	execlp("strace", "strace", "-f", "-y", "-o", record, DFPATCH_PATH, "enable", "--stop",
	       process, pattern, max_stop, "--timeout=1s", NULL);
	_exit(127);
}

/* Stops the target as often as is told, and does nothing else meanwhile. */
static void enable(const char *flags, unsigned stops)
{
	static const char *const none[] = {NULL};
	struct tally tally = {0};
	scratch_path(record, "record");
	pattern = flags;
	process = PID(&live);
	tool_start(&tool, none, under_strace);
	tool_wait(&tool);
	nobody_is_traced(&live);
	if (tool.status == 127)
		cr_skip("strace is not installed\n");
	read_record(&tally);
	cr_expect_eq(tally.stops, stops, "%u stops", tally.stops);
	cr_log_info("%u calls\n", tally.calls);
}

Test(held, a_few_flags)
{
	LIVE_START(&live, "basic", "threads=8");
	enable("multi:", 1);
	cr_expect_eq(tool.status, 0, "%s", tool.err);
	live_stop(&live);
}

/* They cost no calls of other kinds. */
Test(held, a_thousand_sites)
{
	LIVE_START(&live, "looks-1000", "threads=8");
	enable(".*", 1);
	cr_expect_eq(tool.status, 0, "%s", tool.err);
	cr_expect(strstr(tool.out, "1000 sites"), "%s", tool.out);
	live_stop(&live);
}

/* What a controller left that died is put right, and all is planned anew with nobody stopped. */
Test(held, a_change_under_way)
{
	struct spots spots;
	LIVE_START(&live, "basic", "threads=8");
	spots_open(&spots, &live);
	poke_phase(&spots, DF_PHASE_PREPARING);
	enable("multi:", 2);
	cr_expect_eq(tool.status, 0, "%s", tool.err);
	cr_expect(strstr(tool.out, "a controller that died"), "%s", tool.out);
	spots_close(&spots);
	live_stop(&live);
}

/* A thread whose stop takes all the time there is (and more than one look) is told of afterwards.
 */
Test(held, one_that_does_not_stop)
{
	LIVE_START(&live, "vforker");
	live.page->go = 1;
	for (int i = 0; i < 10000 && live.page->word[VFORKER_CHILD] == 0; i++)
		sleep_us(1000);
	max_stop = "--max-stop=300ms";
	enable("vforker:", 1);
	cr_expect_eq(tool.status, 3, "%s", tool.err);
	cr_expect(strstr(tool.err, "did not stop within 300 ms"), "%s", tool.err);
	live_stop(&live);
}
