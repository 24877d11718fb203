/* SPDX-License-Identifier: Apache-2.0 */
/* targets.c - which processes are meant. */
#include "targets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "roster.h"

#define DELETED " (deleted)" /* proc_pid_exe(5) */

/* ---- who runs an executable ---- */

struct executable {
	bool exists;
	struct stat file;
	char deleted[PATH_MAX + sizeof(DELETED)]; /* what the link of one that was deleted says */
	struct stat root;			  /* names mean the same only below the same root */
	bool rooted;
};

/* The absolute name of a file that need not be there, with no symbolic link in its directory. */
static bool absolute_name(const char *path, char name[PATH_MAX])
{
	char directory[PATH_MAX], whole[PATH_MAX];
	if (realpath(path, name))
		return true;
	const char *slash = strrchr(path, '/');
	const int length = slash ? (int)(slash - path) + 1 : 2;
	const int used =
		snprintf(directory, sizeof(directory), "%.*s", length, slash ? path : "./");
	const char *base = slash ? slash + 1 : path;
	if (used < 0 || (size_t)used >= sizeof(directory) || *base == '\0' ||
	    !realpath(directory, whole))
		return false;
	const int all =
		snprintf(name, PATH_MAX, "%s/%s", strcmp(whole, "/") == 0 ? "" : whole, base);
	return all > 0 && all < PATH_MAX;
}

static void describe(const char *path, struct executable *exe)
{
	char name[PATH_MAX];
	exe->exists = stat(path, &exe->file) == 0;
	exe->rooted = stat("/", &exe->root) == 0;
	exe->deleted[0] = '\0';
	if (absolute_name(path, name))
		snprintf(exe->deleted, sizeof(exe->deleted), "%s%s", name, DELETED);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether a process runs an executable, where it is not an error. */
enum { RUNS_NOT, RUNS, RUNS_UNSEEN };

/* What a failure tells of that. Takes errno. */
static int unknown(struct df_err *err)
{
	if (errno == ENOENT || errno == ESRCH)
		return RUNS_NOT;
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot tell who runs the executable");
	/* Among them what a file system says that is out of order, which is not to keep us from
	 * all that is on others. */
	return RUNS_UNSEEN;
}

static int was_deleted_by_that_name(const struct executable *exe, int dir, struct df_err *err)
{
	char link[sizeof(exe->deleted)];
	struct stat root;
	if (!exe->rooted || exe->deleted[0] == '\0')
		return RUNS_NOT;
	if (fstatat(dir, "root", &root, 0) != 0)
		return unknown(err);
	if (!same_file(&root, &exe->root))
		return RUNS_NOT;
	const ssize_t length = readlinkat(dir, "exe", link, sizeof(link) - 1);
	if (length < 0)
		return unknown(err);
	link[length] = '\0';
	return strcmp(link, exe->deleted) == 0 ? RUNS : RUNS_NOT;
}

/* Of the process whose directory below /proc that is; or DF_E_SYSTEM. */
static int runs(const struct executable *exe, int dir, struct df_err *err)
{
	struct stat file;
	if (fstatat(dir, "exe", &file, 0) != 0)
		return unknown(err);
	if (exe->exists && same_file(&file, &exe->file))
		return RUNS;
	return was_deleted_by_that_name(exe, dir, err);
}

static int process_runs(const struct executable *exe, pid_t pid, struct df_err *err)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d", pid);
	CLEANUP_FD int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? unknown(err) : runs(exe, dir, err);
}

/* ---- one look ---- */

struct look {
	const struct target_wish *wish;
	struct targets *targets;
	struct roster roster;
	bool *meant; /* by place in the roster */
};

static bool is_known(const struct targets *targets, pid_t pid, uint64_t started)
{
	for (size_t i = 0; i < targets->count; i++)
		if (targets->list[i].pid == pid && targets->list[i].started == started)
			return true;
	return false;
}

static int add(struct targets *targets, const struct target_id *target, struct df_err *err)
{
	if (is_known(targets, target->pid, target->started))
		return 0;
	/* Grows by doubling at each power of two. */
	if ((targets->count & (targets->count - 1)) == 0) {
		const size_t room = targets->count ? 2 * targets->count : 1;
		struct target_id *list = reallocarray(targets->list, room, sizeof(*list));
		if (!list)
			return df_fail_memory(err);
		targets->list = list;
	}
	targets->list[targets->count++] = *target;
	return 0;
}

static int add_entry(struct look *look, size_t i, bool named, bool by_exe, struct df_err *err)
{
	const struct roster_entry *entry = &look->roster.list[i];
	struct target_id target = {
		.pid = entry->pid,
		.started = entry->started,
		.named = named,
		.by_exe = by_exe,
	};
	memcpy(target.name, entry->name, sizeof(target.name));
	look->meant[i] = true;
	return add(look->targets, &target, err);
}

/* Once, at the first look: the number may mean another process at the next. */
static int add_named(struct look *look, struct df_err *err)
{
	int status = 0;
	if (look->targets->count > 0)
		return 0;
	for (size_t i = 0; status == 0 && i < look->wish->pid_count; i++) {
		const pid_t pid = look->wish->pids[i];
		const struct roster_entry *entry = roster_find(&look->roster, pid);
		const struct target_id missing = {.pid = pid, .named = true};
		status = entry ? add_entry(look, (size_t)(entry - look->roster.list), true, false,
					   err)
			       : add(look->targets, &missing, err);
	}
	return status;
}

static int add_by_exe(struct look *look, struct df_err *err)
{
	const struct executable *exe = look->targets->exe;
	int status = 0;
	look->targets->unseen = 0;
	for (size_t i = 0; status == 0 && exe && i < look->roster.count; i++) {
		const struct roster_entry *entry = &look->roster.list[i];
		if (entry->kernel || entry->state == 'Z' || entry->pid == getpid())
			continue;
		const int answer = process_runs(exe, entry->pid, err);
		if (answer < 0)
			return answer;
		look->targets->unseen += answer == RUNS_UNSEEN;
		if (answer == RUNS)
			status = add_entry(look, i, false, true, err);
	}
	return status;
}

static void mark_known(struct look *look)
{
	for (size_t i = 0; i < look->targets->count; i++) {
		const struct target_id *target = &look->targets->list[i];
		const struct roster_entry *entry = roster_find(&look->roster, target->pid);
		if (entry && entry->started == target->started)
			look->meant[entry - look->roster.list] = true;
	}
}

static bool parent_is_meant(const struct look *look, const struct roster_entry *entry)
{
	const struct roster_entry *parent = roster_find(&look->roster, entry->parent);
	return parent && look->meant[parent - look->roster.list];
}

/* Level by level; ourselves and what we started are no descendants that anybody means. */
static int add_descendants(struct look *look, struct df_err *err)
{
	int status = 0;
	for (bool more = look->wish->tree; more && status == 0;) {
		more = false;
		for (size_t i = 0; status == 0 && i < look->roster.count; i++) {
			const struct roster_entry *entry = &look->roster.list[i];
			if (look->meant[i] || entry->kernel || entry->pid == getpid() ||
			    !parent_is_meant(look, entry))
				continue;
			more = true;
			status = add_entry(look, i, false, false, err);
		}
	}
	return status;
}

static int look_once(struct look *look, struct df_err *err)
{
	int status = roster_read(&look->roster, err);
	if (status < 0)
		return status;
	look->meant = calloc(look->roster.count + 1, sizeof(*look->meant));
	status = look->meant ? add_named(look, err) : df_fail_memory(err);
	if (status == 0) {
		mark_known(look);
		status = add_by_exe(look, err);
	}
	if (status == 0)
		status = add_descendants(look, err);
	free(look->meant);
	roster_free(&look->roster);
	return status;
}

#define LOOKS_MAX 100 /* for programs that start others faster than we can look */

int targets_find(const struct target_wish *wish, struct targets *targets, struct df_err *err)
{
	int status = 0;
	if (wish->exe && !targets->exe) {
		targets->exe = malloc(sizeof(*targets->exe));
		if (!targets->exe)
			return df_fail_memory(err);
		describe(wish->exe, targets->exe);
	}
	struct look look = {.wish = wish, .targets = targets};
	for (int looks = 0; status == 0 && looks < LOOKS_MAX; looks++) {
		const size_t before = targets->count;
		status = look_once(&look, err);
		/* Numbers alone do not change by looking again. */
		if (targets->count == before || (!wish->exe && !wish->tree))
			break;
	}
	return status;
}

/* ---- later ---- */

int target_check(const struct targets *targets, const struct target_id *target, int dir,
		 struct df_err *err)
{
	struct roster_entry now;
	if (target->started == 0)
		return 0;
	const int there = roster_look_at(dir, &now, err);
	if (there < 0)
		return there;
	if (there == 0 || now.started != target->started)
		return df_fail(err, DF_E_NO_PROCESS, "process %d (%s) exited meanwhile",
			       target->pid, target->name);
	if (!target->by_exe || target->named)
		return 0;
	const int answer = runs(targets->exe, dir, err);
	if (answer < 0)
		return answer;
	if (answer == RUNS_UNSEEN)
		return df_fail(err, DF_E_PERMISSION,
			       "cannot tell what process %d (%s) runs by now; nothing was changed",
			       target->pid, target->name);
	if (answer == RUNS_NOT)
		return df_fail(err, DF_E_EXEC,
			       "process %d (%s) exited or started another program (exec) meanwhile",
			       target->pid, target->name);
	return 0;
}

/* The list keeps its room: it grows by doubling at each power of two, to what it has at least. */
void targets_forget(struct targets *targets, pid_t pid, uint64_t started)
{
	size_t kept = 0;
	for (size_t i = 0; i < targets->count; i++)
		if (targets->list[i].pid != pid || targets->list[i].started != started)
			targets->list[kept++] = targets->list[i];
	targets->count = kept;
}

void targets_free(struct targets *targets)
{
	free(targets->list);
	free(targets->exe);
	*targets = (struct targets){0};
}
