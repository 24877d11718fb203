/* SPDX-License-Identifier: Apache-2.0 */
/* roster.c - which processes there are. */
#include "roster.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "status.h"

#define KERNEL_THREAD 0x00200000ul /* PF_KTHREAD of the kernel's include/linux/sched.h */
#define STAT_SIZE 2048

/* Fields as proc_pid_stat(5) numbers them; the first behind the name is 3. */
enum { FIELD_STATE = 3, FIELD_PARENT = 4, FIELD_FLAGS = 9, FIELD_STARTED = 22 };

/* The name may hold blanks, parentheses and newlines; it ends at the last parenthesis. */
bool roster_parse(char *text, struct roster_entry *entry)
{
	struct roster_entry e = {.pid = (pid_t)strtol(text, NULL, 10)};
	const char *name = strchr(text, '(');
	char *end = strrchr(text, ')');
	if (e.pid <= 0 || !name || !end || end < name)
		return false;
	*end = '\0';
	snprintf(e.name, sizeof(e.name), "%s", name + 1);
	int number = FIELD_STATE;
	char *rest = end + 1, *field;
	for (; number <= FIELD_STARTED && (field = strsep(&rest, " ")); number++) {
		if (number == FIELD_STATE && *field == '\0')
			number--; /* the blank behind the name */
		else if (number == FIELD_STATE)
			e.state = *field;
		else if (number == FIELD_PARENT)
			e.parent = (pid_t)strtol(field, NULL, 10);
		else if (number == FIELD_FLAGS)
			e.kernel = (strtoul(field, NULL, 10) & KERNEL_THREAD) != 0;
		else if (number == FIELD_STARTED)
			e.started = strtoull(field, NULL, 10);
	}
	if (number <= FIELD_STARTED)
		return false;
	*entry = e;
	return true;
}

/* What could not be read says nothing about the process, unless the kernel says that it is gone. */
static int cannot_read(const char *path, struct df_err *err)
{
	if (errno == ENOENT || errno == ESRCH)
		return 0;
	if (errno == EACCES || errno == EPERM)
		return df_fail_errno(err, DF_E_PERMISSION, "cannot read %s in /proc", path);
	return df_fail_errno(err, DF_E_SYSTEM, "cannot look at all processes: %s in /proc", path);
}

static int look(int proc, const char *name, struct roster_entry *entry, struct df_err *err)
{
	char path[64], text[STAT_SIZE];
	snprintf(path, sizeof(path), "%.20s/stat", name);
	CLEANUP_FD int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || status_read(fd, text, sizeof(text)) < 0)
		return cannot_read(path, err);
	if (!roster_parse(text, entry))
		return df_fail(err, DF_E_SYSTEM, "%s in /proc is not what the kernel writes", path);
	return 1;
}

int roster_look_at(int dir, struct roster_entry *entry, struct df_err *err)
{
	return look(dir, ".", entry, err);
}

int roster_look(pid_t pid, struct roster_entry *entry, struct df_err *err)
{
	char name[32];
	snprintf(name, sizeof(name), "/proc/%d", pid);
	return look(AT_FDCWD, name, entry, err);
}

static int add(struct roster *roster, size_t *room, const struct roster_entry *entry,
	       struct df_err *err)
{
	if (roster->count == *room) {
		const size_t more = *room ? 2 * *room : 256;
		struct roster_entry *list = reallocarray(roster->list, more, sizeof(*list));
		if (!list)
			return df_fail_memory(err);
		roster->list = list;
		*room = more;
	}
	roster->list[roster->count++] = *entry;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const pid_t one = ((const struct roster_entry *)a)->pid;
	const pid_t other = ((const struct roster_entry *)b)->pid;
	return (one > other) - (one < other);
}

static int read_all(DIR *proc, struct roster *roster, struct df_err *err)
{
	size_t room = 0;
	for (struct dirent *d; errno = 0, (d = readdir(proc));) {
		struct roster_entry entry;
		if (!isdigit((unsigned char)*d->d_name))
			continue;
		int status = look(dirfd(proc), d->d_name, &entry, err);
		if (status > 0)
			status = add(roster, &room, &entry, err);
		if (status < 0 && status != -(int)DF_E_PERMISSION)
			return status;
	}
	return errno == 0 ? 0 : df_fail_errno(err, DF_E_SYSTEM, "cannot list /proc");
}

int roster_read(struct roster *roster, struct df_err *err)
{
	struct roster r = {0};
	DIR *proc = opendir("/proc");
	if (!proc)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot open /proc");
	const int status = read_all(proc, &r, err);
	closedir(proc);
	if (status < 0) {
		free(r.list);
		return status;
	}
	if (r.count > 0)
		qsort(r.list, r.count, sizeof(*r.list), by_pid);
	*roster = r;
	return 0;
}

const struct roster_entry *roster_find(const struct roster *roster, pid_t pid)
{
	const struct roster_entry key = {.pid = pid};
	return roster->count == 0 ? NULL
				  : bsearch(&key, roster->list, roster->count, sizeof(key), by_pid);
}

void roster_free(struct roster *roster)
{
	free(roster->list);
	*roster = (struct roster){0};
}
