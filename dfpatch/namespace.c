/* SPDX-License-Identifier: Apache-2.0 */
/* namespace.c - processes and threads by the ids that they have inside a pid namespace. */
#include "namespace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "proc_errno.h"
#include "status.h"

#define DEPTH_MAX 33 /* the kernel's MAX_PID_NS_LEVEL, and the first namespace */

/* A process or thread's id in each namespace, from that of /proc inwards to its own. */
struct ids {
	pid_t list[DEPTH_MAX];
	size_t count;
};

/* `name` leads to a status file below `dir`. False with errno: ENOENT or ESRCH if it has exited. */
static bool read_ids(int dir, const char *name, struct ids *ids)
{
	char status[STATUS_SIZE];
	CLEANUP_FD int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || status_read(fd, status, sizeof(status)) < 0)
		return false;
	const char *at = status_field(status, "NSpid");
	ids->count = 0;
	for (char *end; at && *at != '\n' && ids->count < DEPTH_MAX; at = end) {
		ids->list[ids->count] = (pid_t)strtol(at, &end, 10);
		if (end == at)
			break;
		ids->count++;
	}
	errno = ENOSYS; /* if there is none: a kernel without pid namespaces */
	return ids->count > 0;
}

/* What readdir(3) does, without memory of its own. */
struct entries {
	int fd;
	ssize_t size, at;
	_Alignas(struct dirent64) char bytes[4096];
};

/* The next name that is a number, or NULL; `size` is negative after a failure. */
static const char *next_number(struct entries *e)
{
	for (;;) {
		if (e->at >= e->size) {
			e->at = 0;
			e->size = getdents64(e->fd, e->bytes, sizeof(e->bytes));
			if (e->size <= 0)
				return NULL;
		}
		const struct dirent64 *entry = (const void *)(e->bytes + e->at);
		e->at += entry->d_reclen;
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			return entry->d_name;
	}
}

pid_t namespace_thread(const struct process *process, pid_t inner)
{
	CLEANUP_FD int task = openat(process->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct entries entries = {.fd = task};
	if (task < 0)
		return -1;
	for (const char *tid; (tid = next_number(&entries));) {
		char name[64];
		struct ids ids;
		snprintf(name, sizeof(name), "%.20s/status", tid);
		const bool is_there = read_ids(task, name, &ids);
		if (!is_there && !proc_says_gone(errno))
			return -1;
		if (is_there && ids.list[ids.count - 1] == inner)
			return (pid_t)strtol(tid, NULL, 10);
	}
	/* One that exited, or the whole process, is not the one. */
	return entries.size == 0 || errno == ENOENT ? 0 : -1;
}

struct inside {
	int proc;
	struct ids member; /* of the process whose namespace is meant */
	struct stat space; /* that namespace */
};

/* Opens the pid namespace of a process; -1 with errno if we may not. */
static int open_namespace(int proc, const char *pid)
{
	char name[64];
	snprintf(name, sizeof(name), "%.20s/ns/pid", pid);
	return openat(proc, name, O_RDONLY | O_CLOEXEC);
}

/* The error for one whose namespace may be the one meant, or tells which is. Takes errno. */
static int cannot_look(pid_t pid, struct df_err *err)
{
	if (errno == ENOSYS)
		return df_fail(err, DF_E_SYSTEM,
			       "the kernel does not tell which ids process %d has (NSpid)", pid);
	if (!proc_says_denied(errno))
		return proc_cannot("look at the pid namespace of process", pid, err);
	return df_fail(err, DF_E_PERMISSION,
		       "not permitted to look at the pid namespace of process %d; give the id of "
		       "the process as it is seen from here, or run as root",
		       pid);
}

/*
 * Whether the namespace `above` levels outwards from that of `pid` is the one meant: 1, 0, or -1
 * with errno.
 */
static int is_inside(const struct inside *in, const char *pid, size_t above)
{
	struct stat st;
	int fd = open_namespace(in->proc, pid);
	/* One that we are not in ourselves is denied (ioctl_nsfs(2)): it is further out. */
	bool outside = false;
	while (fd >= 0 && above-- > 0) {
		const int parent = ioctl(fd, NS_GET_PARENT);
		outside = parent < 0 && errno == EPERM;
		cleanup_fd(&fd);
		fd = parent;
	}
	if (outside)
		return 0;
	if (fd < 0 || fstat(fd, &st) != 0) {
		const int error = errno;
		cleanup_fd(&fd);
		errno = error;
		return -1;
	}
	close(fd);
	return st.st_dev == in->space.st_dev && st.st_ino == in->space.st_ino;
}

/*
 * 1, 0, or -1 with errno. It may live in a namespace further in, and then has an id in each one
 * on the way.
 */
static int is_the_one(const struct inside *in, const char *pid, pid_t inner)
{
	const size_t depth = in->member.count;
	char name[64];
	struct ids ids;
	snprintf(name, sizeof(name), "%.20s/status", pid);
	if (!read_ids(in->proc, name, &ids))
		/* What we may not see is not seen from here. */
		return proc_says_gone(errno) || proc_says_denied(errno) ? 0 : -1;
	if (ids.count < depth || ids.list[depth - 1] != inner)
		return 0;
	const int inside = is_inside(in, pid, ids.count - depth);
	return inside < 0 && proc_says_gone(errno) ? 0 : inside;
}

static int no_such_process(pid_t pid, struct df_err *err)
{
	return df_fail(err, DF_E_NO_PROCESS, "no process has the id %d, or it has exited", pid);
}

static int look_at_member(struct inside *in, pid_t member, struct df_err *err)
{
	char pid[16], name[64];
	snprintf(pid, sizeof(pid), "%d", member);
	snprintf(name, sizeof(name), "%d/status", member);
	if (read_ids(in->proc, name, &in->member)) {
		CLEANUP_FD int space = open_namespace(in->proc, pid);
		if (space >= 0 && fstat(space, &in->space) == 0)
			return 0;
	}
	return proc_says_gone(errno) ? no_such_process(member, err) : cannot_look(member, err);
}

static int not_found(const struct entries *entries, pid_t denied, pid_t inner, pid_t member,
		     struct df_err *err)
{
	if (entries->size < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot list processes in /proc");
	if (denied != 0) {
		errno = EACCES;
		return cannot_look(denied, err);
	}
	return df_fail(err, DF_E_NO_PROCESS,
		       "no process that is seen from here has the id %d in the pid namespace of "
		       "process %d",
		       inner, member);
}

int namespace_process(pid_t inner, pid_t member, struct df_err *err)
{
	CLEANUP_FD int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct inside in = {.proc = proc};
	pid_t denied = 0; /* one that has the id inside, in a namespace that we may not look at */
	if (proc < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot open /proc%s", proc_remedy(errno));
	const int status = look_at_member(&in, member, err);
	if (status < 0)
		return status;
	struct entries entries = {.fd = proc};
	for (const char *pid; (pid = next_number(&entries));) {
		const int is = is_the_one(&in, pid, inner);
		if (is > 0)
			return (int)strtol(pid, NULL, 10);
		if (is < 0 && !proc_says_denied(errno))
			return cannot_look((pid_t)strtol(pid, NULL, 10), err);
		if (is < 0)
			denied = (pid_t)strtol(pid, NULL, 10);
	}
	return not_found(&entries, denied, inner, member, err);
}
