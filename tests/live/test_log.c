/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log.c - changes recorded in a file: who, when, what; and enough to know which bytes stood
 * in text at any time.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "basic.h"
#include "logged.h"
#include "spots.h"

static struct live live;
static struct spots spots;
static struct tool tool;
static struct logged logged;
static char path[LIVE_PATH];

static void start(void)
{
	live_go_ahead();
	scratch_path(path, "log");
	LIVE_START(&live, "basic", "threads=2");
	spots_open(&spots, &live);
}

static void stop(void)
{
	logged_free(&logged);
	nobody_is_traced(&live);
	spots_close(&spots);
	live_stop(&live);
}

TestSuite(log, .init = start, .fini = stop, .timeout = 60);

static void look(void)
{
	logged_free(&logged);
	logged_read(&logged, path);
}

static void records_are(const char *kinds)
{
	char text[256] = "";
	look();
	for (size_t i = 0; i < logged.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 logged_text(logged.list[i], "record"));
	cr_assert_str_eq(text, kinds);
}

static uint64_t wall_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- what records say ---- */

/* Nanoseconds since the epoch, of "2026-11-26T14:38:13.345902783Z". */
static uint64_t time_of(const char *text)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	unsigned long fraction;
	int length;
	cr_assert(rest && sscanf(rest, ".%9luZ%n", &fraction, &length) == 1 && length == 11 &&
			  rest[length] == '\0',
		  "%s", text);
	return (uint64_t)timegm(&tm) * 1000000000u + fraction;
}

static uint64_t start_ticks(pid_t pid)
{
	char name[32], text[1024] = "";
	unsigned long long ticks;
	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	const int fd = open(name, O_RDONLY | O_CLOEXEC);
	cr_assert_gt(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	cr_assert_eq(sscanf(strrchr(text, ')'),
			    ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			    "%*s %*s %llu",
			    &ticks),
		     1);
	return ticks;
}

static void is_about_us(const struct json_object *record)
{
	char link[32], executable[LIVE_PATH] = "";
	snprintf(link, sizeof(link), "/proc/%d/exe", live.pid);
	cr_assert_gt(readlink(link, executable, sizeof(executable) - 1), 0);
	cr_assert_eq(logged_number(record, "schema"), 1);
	cr_assert_eq(logged_number(record, "user.uid"), getuid());
	cr_assert_eq(logged_number(record, "user.effective_uid"), geteuid());
	cr_assert_eq(logged_number(record, "controller"), (uint64_t)tool.pid);
	cr_assert_eq(logged_number(record, "process.pid"), (uint64_t)live.pid);
	cr_assert_eq(logged_number(record, "process.start_ticks"), start_ticks(live.pid));
	cr_assert_str_eq(logged_text(record, "process.executable"), executable);
	cr_assert_str_eq(logged_text(record, "process.name"), "basic");
	cr_assert_str_eq(logged_text(record, "reason"), "ticket 12: \"quoted\"\nline");
	cr_assert_str_eq(logged_text(record, "command"), "enable");
	cr_assert_str_eq(logged_text(record, "operation"), "enable");
}

static void has_login(const struct json_object *record)
{
	char text[16] = "";
	const int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
	const bool known =
		fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strcmp(text, "4294967295") != 0;
	close(fd);
	cr_assert_eq(logged_has(record, "user.login_uid"), known);
	if (known)
		cr_assert_eq(logged_number(record, "user.login_uid"), strtoul(text, NULL, 10));
}

static void is_between(const struct json_object *record, uint64_t wall, uint64_t monotonic)
{
	const uint64_t time = time_of(logged_text(record, "time"));
	const uint64_t at = logged_number(record, "monotonic_ns");
	cr_assert(time >= wall && time <= wall_now());
	cr_assert(at >= monotonic && at <= now_ns());
}

Test(log, who_when_what)
{
	const uint64_t wall = wall_now(), monotonic = now_ns();
	const struct spot *spot = spots_find(&spots, "basic", "feature");
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--log", path, "--stop",
			  "--reason=ticket 12: \"quoted\"\nline", "basic:feature"),
		     0, "%s", tool.err);
	records_are("begin write end");
	for (size_t i = 0; i < logged.count; i++) {
		is_about_us(logged.list[i]);
		is_between(logged.list[i], wall, monotonic);
		has_login(logged.list[i]);
		cr_assert_str_eq(logged_text(logged.list[i], "change"),
				 logged_text(logged.list[0], "change"));
	}
	const struct json_object *record = logged.list[1];
	cr_assert_str_eq(logged_text(record, "cause"), "change");
	cr_assert_str_eq(logged_text(record, "result"), "done");
	cr_assert_str_eq(logged_text(record, "mode"), "stop");
	cr_assert_str_eq(logged_text(record, "kind"), "basic");
	cr_assert_str_eq(logged_text(record, "name"), "feature");
	cr_assert_eq(logged_number(record, "address"), spot->site);
	cr_assert_eq(logged_number(record, "threads"), 2);
	cr_assert_gt(logged_number(record, "pause_ns"), 0);
	cr_assert_gt(logged_number(record, "settled_monotonic_ns"),
		     logged_number(record, "monotonic_ns"));
	cr_assert_gt(logged_number(record, "settled_tsc"), logged_number(record, "tsc"));
	cr_assert_eq(strlen(logged_text(record, "module.build_id")), 40);
	cr_assert_str_eq(logged_text(logged.list[2], "result"), "done");
}

/* One that is asked for what is so already has nothing to record. */
Test(log, only_changes)
{
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "--log", path, "basic:feature"), 0);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--log", path, "no:such"), 1);
	records_are("");
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--log", path, "-n", "basic:feature"), 0);
	records_are("");
	/* One that changes counts alone has. */
	cr_assert_eq(TOOL(&tool, "unhook", PID(&live), "--log", path, "basic:feature"), 0);
	records_are("begin end");
	cr_assert_str_eq(logged_text(logged.list[1], "operation"), "unhook");
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--log", path, "basic:feature"), 7);
	records_are("begin end");
}

Test(log, a_dry_run_makes_no_file)
{
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--log", path, "-n", "basic:feature"), 0);
	cr_assert_eq(access(path, F_OK), -1);
}

Test(log, is_for_us_alone)
{
	struct stat file;
	umask(0);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--log", path, "basic:feature"), 0);
	cr_assert_eq(stat(path, &file), 0);
	cr_assert_eq(file.st_mode, S_IFREG | 0600);
	/* One that is there stays as it is. */
	cr_assert_eq(chmod(path, 0644), 0);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "--log", path, "basic:feature"), 0);
	cr_assert_eq(stat(path, &file), 0);
	cr_assert_eq(file.st_mode, S_IFREG | 0644);
	records_are("begin write end begin write end");
}

Test(log, says_what_a_script_does)
{
	cr_assert_eq(TOOL(&tool, "apply", PID(&live), "--log", path, "-e", "+basic:feature", "-e",
			  "disable basic:standard"),
		     0, "%s", tool.err);
	records_are("begin write write end");
	struct json_object *script = json_object_object_get(logged.list[0], "script");
	cr_assert_str_eq(json_object_to_json_string_ext(script, JSON_C_TO_STRING_PLAIN),
			 "[{\"operation\":\"activate\",\"pattern\":\"basic:feature\"},"
			 "{\"operation\":\"disable\",\"pattern\":\"basic:standard\"}]");
	cr_assert_str_eq(logged_text(logged.list[1], "operation"), "script");
}

/* ---- the bytes of text ---- */

static const struct {
	const char *command, *way, *what, *more;
} series[] = {
	{"enable", "--quiet", "basic:feature", NULL},
	{"disable", "--stop", ".*", NULL},
	{"activate", "--quiet", "basic:", NULL},
	{"enable", "--stop", "multi:inlined", NULL},
	{"unhook", "--quiet", "basic:feature", NULL},
	{"deactivate", "--stop", "basic:", NULL},
	{"rehook", "--stop", "basic:feature", NULL},
	{"apply", "--quiet", "-e+basic:", "-e-multi:"},
	{"enable", "--stop", ".*", NULL},
	{"apply", "--stop", "-e-.*", "-e!basic:"},
	{"disable", "--quiet", "basic:", NULL},
	{"disable", "--stop", ".*", NULL},
};
#define STEPS (sizeof(series) / sizeof(series[0]))

struct moment_seen {
	uint64_t time; /* nothing was written just then */
	uint8_t *text;
};

static void see(const struct replay *text, struct moment_seen *moment)
{
	moment->text = malloc(text->size);
	cr_assert_eq(pread(spots.mem, moment->text, text->size, (off_t)text->start),
		     (ssize_t)text->size);
	moment->time = now_ns();
}

Test(log, tells_which_bytes_stood_where_and_when)
{
	static struct moment_seen seen[STEPS];
	struct replay replay;
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "--log", path, "basic:slow"), 0);
	look();
	replay_begin(&replay, live_path("basic"),
		     logged_number(logged_find(&logged, "write", 0), "module.load_bias"));
	for (size_t i = 0; i < STEPS; i++) {
		TOOL(&tool, series[i].command, PID(&live), "--log", path, series[i].way,
		     series[i].what, series[i].more ? series[i].more : "--timeout=5s");
		cr_assert(tool.status == 0 || tool.status == 7, "%zu: %s", i, tool.err);
		see(&replay, &seen[i]);
	}
	look();
	cr_assert_geq(logged_count(&logged, "write"), 2 * STEPS);
	/* What the log says of each of those times is what stood there. */
	for (size_t i = 0; i < STEPS; i++) {
		replay_until(&replay, &logged, seen[i].time);
		cr_assert_arr_eq(replay.text, seen[i].text, replay.size, "after change %zu", i);
	}
	replay_is(&replay, spots.mem, "at the end");
	spots_are_whole(&spots);
	replay_end(&replay);
}
