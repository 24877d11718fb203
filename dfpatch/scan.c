/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - which processes here carry flags, and which of them could be changed. */
#include "scan.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "image_process.h"
#include "maps.h"
#include "roster.h"
#include "run.h"
#include "status.h"
#include "summary.h"
#include "way.h"

static void count_image(struct scan_row *row, const struct image *image)
{
	row->modules++;
	row->initialised += (image->control.initialised & DF_INITIALISED) != 0;
	row->sites += image->table.count;
	row->flags += image->flag_count;
	row->changes += image->control.generation;
	for (size_t i = 0; i < image->flag_count; i++) {
		const struct flag_counts now = flag_counts_now(image, &image->flags[i]);
		const struct flag_counts built = flag_counts_built(image, &image->flags[i]);
		row->active += now.active > 0;
		row->changed += memcmp(&now, &built, sizeof(now)) != 0;
	}
}

static void count_images(struct scan_row *row, const struct images *images)
{
	row->counted = true;
	for (size_t i = 0; i < images->count; i++)
		count_image(row, images->list[i]);
}

/* ---- whether it could be changed ---- */

static int find_tracer(const struct process *process, struct df_err *err)
{
	char status[STATUS_SIZE];
	CLEANUP_FD int fd = process_file(process, "status", err);
	if (fd < 0)
		return fd;
	if (status_read(fd, status, sizeof(status)) <= 0 || status_number(status, "TracerPid") == 0)
		return 0;
	return process_explain_denial(process, "attach to", err);
}

static bool is_file(int fd, unsigned major_id, unsigned minor_id, unsigned long inode)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_ino == inode &&
	       st.st_dev == makedev(major_id, minor_id);
}

/*
 * Who has one of the locks that process_lock() takes, from /proc/locks (proc_locks(5)). To
 * try and take it would be in the way of others.
 */
static pid_t find_locker(const struct process *process)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[256];
	pid_t locker = 0;
	while (locks && locker == 0 && fgets(line, sizeof(line), locks)) {
		unsigned major_id, minor_id;
		unsigned long inode;
		int pid;
		/* NOLINTNEXTLINE(cert-err34-c): the numbers are the kernel's, and fit */
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major_id, &minor_id,
			   &inode) == 4 &&
		    (is_file(process->pidfd, major_id, minor_id, inode) ||
		     is_file(process->dir, major_id, minor_id, inode)))
			locker = pid;
	}
	if (locks)
		fclose(locks);
	return locker;
}

static int find_other_dfpatch(const struct process *process, struct df_err *err)
{
	struct roster_entry other = {.name = ""};
	const pid_t locker = find_locker(process);
	if (locker == 0)
		return 0;
	if (locker > 0)
		roster_look(locker, &other, NULL); /* its name is more than enough */
	return df_fail(err, DF_E_BUSY, "another dfpatch is at work in it: process %d (%s)", locker,
		       other.name);
}

/* What a dry run does not meet, since it neither attaches to the process nor locks it. */
static int find_obstacle(const struct process *process, struct df_err *err)
{
	const int status = find_tracer(process, err);
	return status < 0 ? status : find_other_dfpatch(process, err);
}

/* Whether a change would stop the process, which a dry run does not ask. */
static void ask_for_way(struct scan_row *row, const struct change_request *request,
			struct change_result *result)
{
	static struct proc_mem unused;
	struct work work = {.request = request, .result = result, .memory = &unused};
	bool quiet = true;
	if (way_choose(&work, &quiet, &row->why) < 0 || quiet)
		return;
	row->stop = true;
	snprintf(row->why.text, sizeof(row->why.text), "%s", result->why_stopped);
}

static void judge(struct scan_row *row)
{
	const struct change_request request = {
		.op = DF_ACTIVATE, /* which leaves no flag as it is */
		.pid = row->pid,
		.dry_run = true,
		.max_stop = 1000000000u,
	};
	struct change_result result;
	const int status = run_change(&request, &result, &row->why);
	if (status == 0)
		row->why = (struct df_err){0}; /* of an attempt before the last */
	if (status == 0)
		ask_for_way(row, &request, &result);
	if (status == 0)
		find_obstacle(&result.process, &row->why);
	change_free(&result);
}

/* ---- what can be told where memory may not be read ---- */

static bool is_mapping_of(int fd, const struct mapping *mapping)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == mapping->inode &&
	       ((uint64_t)major(st.st_dev) << 32 | minor(st.st_dev)) == mapping->device;
}

/* The file behind a mapping, if it is still there under its name, as built. */
static void count_file(struct scan_row *row, const struct mapping *mapping)
{
	struct images images = {0};
	char path[32];
	CLEANUP_FD int fd = open(mapping->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || !is_mapping_of(fd, mapping))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (images_from_file(path, &images, NULL) == 0)
		count_images(row, &images);
	images_free(&images);
}

static bool is_text_of_another_file(const struct maps *maps, size_t i)
{
	if (maps->list[i].inode == 0 || !(maps->list[i].prot & DF_EXEC))
		return false;
	for (size_t j = 0; j < i; j++)
		if (maps->list[j].inode == maps->list[i].inode &&
		    maps->list[j].device == maps->list[i].device && (maps->list[j].prot & DF_EXEC))
			return false;
	return true;
}

/*
 * Reading the mappings takes less than reading memory does (proc(5)): Yama lets us do
 * the first only. Returns whether even that is denied.
 */
static bool count_files(struct scan_row *row)
{
	char path[64];
	struct maps maps = {0};
	snprintf(path, sizeof(path), "/proc/%d/maps", row->pid);
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || maps_read(fd, &maps, NULL) < 0)
		return true;
	for (size_t i = 0; i < maps.count; i++)
		if (is_text_of_another_file(&maps, i))
			count_file(row, &maps.list[i]);
	maps_free(&maps);
	return false;
}

/* ---- one process ---- */

enum look { LOOK_NOTHING, LOOK_DENIED, LOOK_FLAGS };

static enum look look_at_files(struct scan_row *row)
{
	if (count_files(row))
		return LOOK_DENIED;
	return row->counted ? LOOK_FLAGS : LOOK_NOTHING;
}

static int load(const struct process *process, struct images *images, struct df_err *err)
{
	int status = images_from_process(process, images, err);
	for (size_t i = 0; status == 0 && i < images->count; i++)
		status = image_refresh(images->list[i], err);
	return status;
}

static bool may_be_half_read(int status)
{
	return status == -(int)DF_E_TABLE || status == -(int)DF_E_VERSION ||
	       status == -(int)DF_E_SITE || status == -(int)DF_E_SYSTEM ||
	       status == -(int)DF_E_CHANGED;
}

/*
 * What looks damaged may be a module that comes or goes, so it is looked at again; but not
 * for long, since one process must not hold up the look at all others.
 */
#define LOOK_TIME 30000000u /* ns */
#define LOOKS_MIN 2	    /* however long they take */

static int load_flags(struct scan_row *row)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	const uint64_t end = monotonic_now() + LOOK_TIME;
	struct process process;
	int status = process_open(row->pid, false, &process, &row->why);
	if (status < 0)
		return status;
	bool again = true;
	for (int looks = 1; again; looks++) {
		struct images images = {0};
		status = load(&process, &images, &row->why);
		if (status == 0)
			count_images(row, &images);
		if (status == 0)
			row->why = (struct df_err){0}; /* of a look before this one */
		images_free(&images);
		again = may_be_half_read(status) && (looks < LOOKS_MIN || monotonic_now() < end);
		if (again)
			nanosleep(&pause, NULL);
	}
	process_close(&process);
	return status;
}

static enum look look_at(struct scan_row *row)
{
	switch (-load_flags(row)) {
	case DF_E_NONE:
		row->current = true;
		judge(row);
		return LOOK_FLAGS;
	case DF_E_PERMISSION:
	case DF_E_TRACED:
		return look_at_files(row);
	case DF_E_NO_FLAGS:
	case DF_E_NO_PROCESS:
	case DF_E_EXEC:
	case DF_E_ARCH:
		return LOOK_NOTHING;
	default:
		return LOOK_FLAGS;
	}
}

/* ---- all of them ---- */

static int take(struct scan *scan, const struct roster_entry *entry, struct df_err *err)
{
	struct scan_row *row = &scan->list[scan->count];
	*row = (struct scan_row){.pid = entry->pid};
	memcpy(row->name, entry->name, sizeof(row->name));
	const enum look look = look_at(row);
	scan->processes++;
	scan->denied += look == LOOK_DENIED;
	scan->count += look == LOOK_FLAGS;
	return row->why.code == DF_E_MEMORY ? df_fail_memory(err) : 0;
}

static int take_all(struct scan *scan, const struct roster *roster, struct df_err *err)
{
	int status = 0;
	size_t room = 0;
	for (size_t i = 0; status == 0 && i < roster->count; i++) {
		if (roster->list[i].kernel || roster->list[i].pid == getpid())
			continue;
		if (scan->count == room) {
			room = room ? 2 * room : 16;
			struct scan_row *list = reallocarray(scan->list, room, sizeof(*list));
			if (!list)
				return df_fail_memory(err);
			scan->list = list;
		}
		status = take(scan, &roster->list[i], err);
	}
	return status;
}

int scan_run(struct scan *scan, struct df_err *err)
{
	struct roster roster = {0};
	*scan = (struct scan){0};
	int status = roster_read(&roster, err);
	if (status == 0)
		status = take_all(scan, &roster, err);
	roster_free(&roster);
	return status;
}

void scan_free(struct scan *scan)
{
	free(scan->list);
	*scan = (struct scan){0};
}
