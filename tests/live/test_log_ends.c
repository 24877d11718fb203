/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_ends.c - logs that take nothing, or no more; logs of many; programs that are started;
 * and systemd's journal.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic.h"
#include "logged.h"
#include "spots.h"
#include "waiting.h"

static struct live live;
static struct tool tool, others[8];
static struct logged logged;
static char path[LIVE_PATH];

static void start(void)
{
	live_go_ahead();
	scratch_path(path, "log");
	LIVE_START(&live, "basic", "threads=2");
}

static void stop(void)
{
	logged_free(&logged);
	live_stop(&live);
}

TestSuite(log_ends, .init = start, .fini = stop, .timeout = 60);

/* ---- without room ---- */

#define PAGE 4096

/* A log in a file system of one page, of which so much is left. */
static void leave_room(int bytes)
{
	char mounted[LIVE_PATH];
	scratch_path(mounted, "small");
	if (mkdir(mounted, 0700) != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", mounted, "tmpfs", 0, "size=4096") != 0)
		cr_skip("the kernel gives us no file system of our own\n");
	scratch_path(path, "small/log");
	FILE *file = fopen(path, "we");
	cr_assert(file &&
		  fprintf(file, "{\"record\":\"%0*d\"}\n", PAGE - bytes - 14, 0) == PAGE - bytes);
	fclose(file);
	scratch_path(mounted, "small/rest");
	const int rest = open(mounted, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	while (write(rest, path, 1) == 1)
		;
	close(rest);
}

static int enable(void)
{
	return TOOL(&tool, "enable", PID(&live), "--log", path, "basic:feature");
}

Test(log_ends, without_room_nothing_is_changed)
{
	leave_room(0);
	enable();
	tool_ended(&tool, 3);
	tool_one_error(&tool, "nothing was changed: cannot write to the log");
	cr_assert_eq(generation_of(&live), 0);
	cr_assert_eq(live.page->value[BASIC_FEATURE], 0);
}

/* The change cannot be taken back any more, and is not passed over in silence. */
Test(log_ends, without_room_for_what_was_done)
{
	struct stat file;
	leave_room(1400);
	enable();
	tool_ended(&tool, 6);
	tool_one_error(&tool, "the change was made, but not recorded: cannot write to the log");
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	cr_assert(stat(path, &file) == 0 && file.st_size == PAGE);
}

/* Recorded, with no room for any more records. */
static void change_for_a_time(void)
{
	leave_room(4000);
	WAITING(&tool, "enable", PID(&live), "--for=60", "--log", path, "basic:feature");
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	cr_assert_eq(truncate(path, PAGE), 0);
}

#define UNRECORDED                                                                                 \
	"what was changed for a time was taken back, but this is not recorded: cannot write to "   \
	"the log"

/* A full disk is no reason to leave a flag on for ever. */
Test(log_ends, without_room_it_is_taken_back)
{
	change_for_a_time();
	kill(tool.pid, SIGTERM);
	tool_wait(&tool);
	tool_ended(&tool, 6);
	tool_one_error(&tool, UNRECORDED);
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
}

Test(log_ends, without_room_a_watchdog_takes_it_back)
{
	change_for_a_time();
	waiting_kill(&tool);
	cr_assert(strstr(tool.err, UNRECORDED), "%s", tool.err);
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
}

/* ---- many ---- */

Test(log_ends, of_many_at_once)
{
	for (size_t i = 0; i < 8; i++)
		tool_start(&others[i],
			   (const char *const[]){i % 2 ? "activate" : "deactivate", PID(&live),
						 "--log", path, "basic:", NULL},
			   NULL);
	for (size_t i = 0; i < 8; i++)
		cr_assert_eq(tool_wait(&others[i]), 0, "%s", others[i].err);
	logged_read(&logged, path);
	cr_assert_geq(logged_count(&logged, "end"), 5);
	cr_assert_leq(logged_count(&logged, "end"), logged_count(&logged, "begin"));
}

Test(log_ends, of_several_processes)
{
	char pids[64];
	struct live other;
	LIVE_START(&other, "basic");
	snprintf(pids, sizeof(pids), "%d,%d", live.pid, other.pid);
	cr_assert_eq(TOOL(&tool, "enable", "--pid", pids, "--log", path, "basic:feature"), 0);
	logged_read(&logged, path);
	cr_assert_eq(logged.count, 6);
	cr_assert_eq(logged_number(logged.list[1], "process.pid"), (uint64_t)live.pid);
	cr_assert_eq(logged_number(logged.list[4], "process.pid"), (uint64_t)other.pid);
	cr_assert_str_neq(logged_text(logged.list[0], "change"),
			  logged_text(logged.list[3], "change"));
	live_stop(&other);
}

/* ---- a program that is started ---- */

Test(log_ends, of_one_that_is_started)
{
	cr_assert_eq(TOOL(&tool, "run", "-e", "enable begun:", "--log", path, "--reason=a try",
			  "--", live_path("begun")),
		     0, "%s", tool.err);
	logged_read(&logged, path);
	const struct json_object *record = logged_find(&logged, "write", 0);
	cr_assert_not_null(record);
	cr_assert_str_eq(logged_text(record, "command"), "run");
	cr_assert_str_eq(logged_text(record, "mode"), "held");
	cr_assert_str_eq(logged_text(record, "reason"), "a try");
	cr_assert_eq(logged_number(record, "process.pid"), (uint64_t)tool.pid);
	cr_assert_str_eq(logged_text(logged_find(&logged, "end", 0), "result"), "done");
}

/* What cannot be recorded is not started. */
Test(log_ends, of_one_that_is_not_started)
{
	cr_assert_eq(
		TOOL(&tool, "run", "-e", "enable begun:", "--log", "/dev/null", live_path("begun")),
		125);
	cr_assert_str_empty(tool.out);
}

/* ---- systemd's journal ---- */

static int journal_fd;
static char directory[LIVE_PATH];

/* /run is another one for dfpatch, with our socket in it. */
static void be_a_journal(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	scratch_path(directory, "journal");
	cr_assert_eq(mkdir(directory, 0755), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/socket", directory);
	journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(journal_fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static void show_journal(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", "/run", "tmpfs", 0, NULL) != 0 || mkdir("/run/systemd", 0755) != 0 ||
	    symlink(directory, "/run/systemd/journal") != 0)
		_exit(120);
}

static void hide_journal(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", "/run", "tmpfs", 0, NULL) != 0)
		_exit(120);
}

static void enable_by_journal(void (*setup)(void))
{
	tool_start(&tool,
		   (const char *const[]){"enable", PID(&live), "--log", "journal", "basic:feature",
					 NULL},
		   setup);
	if (tool_wait(&tool) == 120)
		cr_skip("the kernel gives us no mount namespace\n");
}

Test(log_ends, in_the_journal)
{
	static char entry[65536];
	static const char *const kinds[] = {"begin", "write", "end"};
	be_a_journal();
	enable_by_journal(show_journal);
	tool_ended(&tool, 0);
	for (size_t i = 0; i < 3; i++) {
		const ssize_t size = recv(journal_fd, entry, sizeof(entry) - 1, MSG_DONTWAIT);
		cr_assert_gt(size, 0);
		cr_assert_not_null(memmem(entry, (size_t)size, kinds[i], strlen(kinds[i])));
		const char *json = memmem(entry, (size_t)size, "DFPATCH_JSON\n", 13);
		cr_assert_not_null(json);
		entry[size] = '\0';
		struct json_object *record = json_tokener_parse(json + 13 + sizeof(uint64_t));
		cr_assert_str_eq(logged_text(record, "record"), kinds[i]);
		json_object_put(record);
	}
	cr_assert_lt(recv(journal_fd, entry, sizeof(entry), MSG_DONTWAIT), 0);
}

Test(log_ends, where_there_is_no_journal)
{
	enable_by_journal(hide_journal);
	tool_ended(&tool, 3);
	tool_one_error(&tool, "nothing was changed: there is no journal to write to");
	cr_assert_eq(generation_of(&live), 0);
}
