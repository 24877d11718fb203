/* SPDX-License-Identifier: Apache-2.0 */
/* file_draft.c - a file that appears under its name whole or not at all. */
#include "file_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"

#define LINKS_MAX 40 /* as many as the kernel follows */

/* ---- where it is to appear ---- */

static int bad_place(const struct file_draft *d, const char *why, struct df_err *err)
{
	return df_fail(err, DF_E_USAGE, "'%s' %s", d->path, why);
}

/* The directory of the last part of a path, which is seen from another; -1 with errno set. */
static int open_parent(int seen_from, const char *path, const char **last)
{
	const char *slash = strrchr(path, '/');
	*last = slash ? slash + 1 : path;
	CLEANUP_FREE char *parent = slash ? strndup(path, (size_t)(*last - path)) : strdup(".");
	return parent ? openat(seen_from, parent, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

static int open_directory(struct file_draft *d, struct df_err *err)
{
	d->directory = open_parent(AT_FDCWD, d->path, &d->name);
	if (*d->name == '\0')
		return bad_place(d, "names no file; give the name of the file to be made", err);
	return d->directory >= 0 ? 0
				 : df_fail_errno(err, DF_E_SYSTEM,
						 "cannot open the directory of '%s'", d->path);
}

static bool is_in_proc(int directory)
{
	struct statfs fs;
	return fstatfs(directory, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/*
 * Whether it is in procfs, or a link there, over whatever links. What those of procfs lead
 * to may well be a regular file, but who names one means what is open, as with /dev/stdout.
 */
static bool leads_into_proc(int directory, const char *name, unsigned int links_left)
{
	char target[PATH_MAX];
	if (is_in_proc(directory))
		return true;
	const ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);
	if (length < 0 || links_left == 0)
		return false;
	target[length] = '\0';
	CLEANUP_FD int next = open_parent(directory, target, &name);
	return next >= 0 && leads_into_proc(next, name, links_left - 1);
}

/* Then what we say would be lost with what is replaced, or be taken for what replaces it. */
static bool is_standard_stream(const struct stat *file)
{
	struct stat stream;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &stream) == 0 && stream.st_dev == file->st_dev &&
		    stream.st_ino == file->st_ino)
			return true;
	return false;
}

/* What has the name already, by itself and through links: /dev/stdout is one. */
static int check_place(struct file_draft *d, struct df_err *err)
{
	struct stat there;
	if (fstatat(d->directory, d->name, &there, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT)
			return 0;
		return df_fail_errno(err, DF_E_SYSTEM, "cannot look at '%s'", d->path);
	}
	d->replaces = true;
	struct stat behind;
	if (fstatat(d->directory, d->name, &behind, 0) != 0)
		behind = there; /* a link that leads nowhere */
	d->device = behind.st_dev;
	d->inode = behind.st_ino;
	if (S_ISDIR(behind.st_mode))
		return bad_place(d, "is a directory; give the name of the file to be made", err);
	if (!S_ISREG(behind.st_mode) && !S_ISLNK(behind.st_mode))
		return bad_place(d, "is no regular file, and will not be replaced", err);
	if (leads_into_proc(d->directory, d->name, LINKS_MAX))
		return bad_place(d, "leads into /proc; give the name of the file to be made", err);
	if (is_standard_stream(&behind))
		return bad_place(d, "is open as standard input, output or error; give another name",
				 err);
	return 0;
}

int file_draft_begin(struct file_draft *draft, const char *path, struct df_err *err)
{
	*draft = (struct file_draft){.path = path, .directory = -1, .fd = -1};
	const int status = open_directory(draft, err);
	return status < 0 ? status : check_place(draft, err);
}

/* ---- the file ---- */

static int cannot_make(const struct file_draft *d, struct df_err *err)
{
	return df_fail_errno(err, DF_E_SYSTEM, "cannot make a file in the directory of '%s'",
			     d->path);
}

/* A name that nobody foresees; false, with errno set, if there is no chance to be had. */
static bool choose_name(struct file_draft *d)
{
	uint32_t number;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return false;
	snprintf(d->own, sizeof(d->own), ".dfpatch-%08" PRIx32, number);
	return true;
}

int file_draft_open(struct file_draft *draft, mode_t mode, struct df_err *err)
{
	draft->fd = openat(draft->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (draft->fd >= 0)
		return 0;
	if ((errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) || !choose_name(draft))
		return cannot_make(draft, err);
	draft->fd = openat(draft->directory, draft->own,
			   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (draft->fd >= 0)
		return 0;
	draft->own[0] = '\0'; /* it is another's */
	return cannot_make(draft, err);
}

static int cannot_write(const struct file_draft *d, struct df_err *err)
{
	return df_fail_errno(err, DF_E_WRITE, "cannot write '%s'", d->path);
}

int file_draft_sync(struct file_draft *draft, struct df_err *err)
{
	return fsync(draft->fd) == 0 ? 0 : cannot_write(draft, err);
}

/* ---- letting it appear ---- */

static bool link_draft(const struct file_draft *d, const char *name)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", d->fd);
	return linkat(AT_FDCWD, path, d->directory, name, AT_SYMLINK_FOLLOW) == 0;
}

/* Under a name that nothing has: never in the place of what came there meanwhile. */
static bool appear_new(struct file_draft *d)
{
	if (d->own[0] == '\0')
		return link_draft(d, d->name);
	if (renameat2(d->directory, d->own, d->directory, d->name, RENAME_NOREPLACE) == 0) {
		d->own[0] = '\0';
		return true;
	}
	/* Where the file system knows no such renaming; the other name goes in the end. */
	return (errno == EINVAL || errno == ENOSYS) &&
	       linkat(d->directory, d->own, d->directory, d->name, 0) == 0;
}

/* Only a name can be put in the place of another. */
static bool name_draft(struct file_draft *d)
{
	if (d->own[0] != '\0')
		return true;
	if (!choose_name(d))
		return false;
	if (link_draft(d, d->own))
		return true;
	d->own[0] = '\0';
	return false;
}

static bool appear_instead(struct file_draft *d)
{
	if (!name_draft(d) || renameat(d->directory, d->own, d->directory, d->name) != 0)
		return false;
	d->own[0] = '\0';
	return true;
}

/* So that the name is still there after a crash; the file is, whether or not this succeeds. */
static void sync_directory(const struct file_draft *d)
{
	CLEANUP_FD int fd = openat(d->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)!fsync(fd);
}

int file_draft_publish(struct file_draft *draft, struct df_err *err)
{
	if (!(draft->replaces ? appear_instead(draft) : appear_new(draft)))
		return cannot_write(draft, err);
	sync_directory(draft);
	return 0;
}

void file_draft_end(struct file_draft *draft)
{
	if (draft->own[0] != '\0')
		unlinkat(draft->directory, draft->own, 0);
	cleanup_fd(&draft->fd);
	cleanup_fd(&draft->directory);
	*draft = (struct file_draft){.directory = -1, .fd = -1};
}
