/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_undo.c - changes that fail half-way, in the log: what was written, what was undone,
 * and what the next change put right.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "change_log.h"
#include "live.h"
#include "logged.h"
#include "run.h"
#include "spots.h"

static struct live live;
static struct spots spots;
static struct logged logged;
static char path[LIVE_PATH];

/* ---- writes of text that fail ---- */

static int fail_at, fail_times; /* the first that does, from 1; 0 for none */
static int text_writes;

ssize_t __real_pwrite(int fd, const void *buffer, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *buffer, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *buffer, size_t size, off_t at)
{
	if (fail_at > 0 && size == 1 && ++text_writes >= fail_at &&
	    text_writes < fail_at + fail_times) {
		errno = EFAULT;
		return -1;
	}
	return __real_pwrite(fd, buffer, size, at);
}

static int change(enum df_op op, struct df_err *err)
{
	static const char *const patterns[] = {".*"};
	struct change_log log;
	struct change_result result;
	cr_assert_eq(change_log_open(&log, path, "test", "to fail", err), 0, "%s", err->text);
	const struct change_request request = {
		.op = op,
		.pid = live.pid,
		.patterns = patterns,
		.pattern_count = 1,
		.mode = MODE_QUIET,
		.timeout = 10000000000u,
		.max_stop = 10000000000u,
		.recorder = &log.recorder,
	};
	text_writes = 0;
	const int status = run_change(&request, &result, err);
	change_free(&result);
	change_log_close(&log);
	return status;
}

/* ---- what the log has of it ---- */

static void start(void)
{
	live_go_ahead();
	scratch_path(path, "log");
	unlink(path);
	LIVE_START(&live, "basic", "threads=2");
	spots_open(&spots, &live);
}

static void stop(void)
{
	logged_free(&logged);
	spots_close(&spots);
	live_stop(&live);
}

TestSuite(log_undo, .timeout = 120);

static size_t count(const char *cause)
{
	size_t found = 0;
	const struct json_object *record;
	for (size_t i = 0; (record = logged_find(&logged, "write", i)); i++)
		found += strcmp(logged_text(record, "cause"), cause) == 0;
	return found;
}

static void log_tells_all(const char *when)
{
	struct replay replay;
	logged_read(&logged, path);
	const struct json_object *first = logged_find(&logged, "write", 0);
	if (!first)
		return;
	replay_begin(&replay, live_path("basic"), logged_number(first, "module.load_bias"));
	replay_until(&replay, &logged, UINT64_MAX);
	replay_is(&replay, spots.mem, when);
	replay_end(&replay);
}

/* The first of these writes is a trial that changes nothing. */
#define TRIALS 1

/* Whichever fails, those before it are undone. */
Test(log_undo, of_each_write)
{
	struct df_err err;
	int at = TRIALS;
	bool failed = true;
	for (fail_times = 1; failed; at++) {
		start();
		fail_at = at + 1;
		const int status = change(DF_DISABLE, &err);
		failed = status < 0;
		cr_assert(!failed || status == -(int)DF_E_WRITE, "write %d: %s", at, err.text);
		fail_at = 0;
		log_tells_all("after the undo");
		const size_t made = (size_t)(at - TRIALS);
		if (failed) {
			cr_assert_eq(count("change"), made, "write %d", at);
			cr_assert_eq(count("undo"), made, "write %d", at);
			cr_assert_str_eq(logged_text(logged_find(&logged, "end", 0), "result"),
					 "write");
		}
		spots_are_whole(&spots);
		stop();
		logged = (struct logged){0};
	}
	cr_assert_gt(at, TRIALS + 3);
}

/* The undo fails as well: what is left the next change puts right, and says so. */
Test(log_undo, that_fails)
{
	struct df_err err;
	start();
	fail_at = TRIALS + 3;
	fail_times = 2;
	cr_assert_eq(change(DF_DISABLE, &err), -(int)DF_E_UNDO, "%s", err.text);
	log_tells_all("when it was left");
	cr_assert_eq(count("change"), 2);
	cr_assert_eq(count("undo"), 0);
	logged_free(&logged);
	fail_at = 0;
	cr_assert_eq(change(DF_ACTIVATE, &err), 0, "%s", err.text);
	log_tells_all("when it was put right");
	cr_assert_eq(count("recovery"), 2);
	spots_are_whole(&spots);
	stop();
}
