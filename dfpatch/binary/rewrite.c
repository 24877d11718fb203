/* SPDX-License-Identifier: Apache-2.0 */
/* rewrite.c - a copy of a file with some bytes changed, whole or not at all. */
#include "rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cleanup.h"

#define SET_ID_BITS (S_ISUID | S_ISGID)

int rewrite_look(const char *path, struct stat *from, struct df_err *err)
{
	return stat(path, from) == 0 ? 0
				     : df_fail_errno(err, DF_E_SYSTEM, "cannot open '%s'", path);
}

/* ---- signals ---- */

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define ENDING_COUNT (sizeof(ending) / sizeof(ending[0]))

static void hold_signals(struct rewrite *r)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < ENDING_COUNT; i++)
		sigaddset(&set, ending[i]);
	sigprocmask(SIG_BLOCK, &set, &r->mask);
	/* A limit on file sizes is then an error like any other. */
	sigaction(SIGXFSZ, &ignore, &r->file_too_large);
	r->held = true;
}

static void release_signals(struct rewrite *r)
{
	if (!r->held)
		return;
	sigaction(SIGXFSZ, &r->file_too_large, NULL);
	sigprocmask(SIG_SETMASK, &r->mask, NULL);
	r->held = false;
}

/* While it is held back, the kernel keeps one for us that we ignore, too. */
static bool is_ignored(int signal)
{
	struct sigaction action;
	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Whether one has come that would have ended us. */
static bool interrupted(const void *context)
{
	const struct rewrite *r = context;
	sigset_t pending;
	sigpending(&pending);
	for (size_t i = 0; i < ENDING_COUNT; i++)
		if (sigismember(&pending, ending[i]) && !sigismember(&r->mask, ending[i]) &&
		    !is_ignored(ending[i]))
			return true;
	return false;
}

/* ---- where the copy is to appear ---- */

static int bad_place(const struct rewrite *r, const char *why, struct df_err *err)
{
	return df_fail(err, DF_E_USAGE, "'%s' %s", r->to_path, why);
}

/* What has the name already, by itself and through links. */
static int check_place(struct rewrite *r, struct df_err *err)
{
	struct stat own, behind;
	if (fstatat(r->directory, r->name, &own, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT)
			return 0;
		return df_fail_errno(err, DF_E_SYSTEM, "cannot look at '%s'", r->to_path);
	}
	r->replaces = true;
	if (fstatat(r->directory, r->name, &behind, 0) != 0)
		behind = own; /* a link that leads nowhere */
	if (behind.st_dev == r->from.st_dev && behind.st_ino == r->from.st_ino)
		return bad_place(r, "is the file to be copied, which is never changed", err);
	if (S_ISDIR(behind.st_mode))
		return bad_place(r, "is a directory; name the file to be made", err);
	if (!S_ISREG(behind.st_mode) && !S_ISLNK(behind.st_mode))
		return bad_place(r, "is no regular file, and will not be replaced", err);
	return 0;
}

static int open_directory(struct rewrite *r, struct df_err *err)
{
	const char *slash = strrchr(r->to_path, '/');
	r->name = slash ? slash + 1 : r->to_path;
	if (*r->name == '\0')
		return bad_place(r, "names a directory; name the file to be made", err);
	const size_t length = (size_t)(r->name - r->to_path);
	CLEANUP_FREE char *path = length > 0 ? strndup(r->to_path, length) : strdup(".");
	if (!path)
		return df_fail_memory(err);
	r->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->directory >= 0 ? 0
				 : df_fail_errno(err, DF_E_SYSTEM,
						 "cannot open the directory of '%s'", r->to_path);
}

int rewrite_begin(struct rewrite *rewrite, const char *from_path, int from_fd,
		  const struct stat *from, const char *to_path, struct df_err *err)
{
	*rewrite = (struct rewrite){
		.from_path = from_path,
		.to_path = to_path,
		.from_fd = from_fd,
		.from = *from,
		.directory = -1,
		.fd = -1,
	};
	const int status = open_directory(rewrite, err);
	return status < 0 ? status : check_place(rewrite, err);
}

/* ---- the copy ---- */

static int cannot_make(const struct rewrite *r, struct df_err *err)
{
	return df_fail_errno(err, DF_E_SYSTEM, "cannot make a file in the directory of '%s'",
			     r->to_path);
}

static int new_name(struct rewrite *r, struct df_err *err)
{
	uint32_t number;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return cannot_make(r, err);
	snprintf(r->draft, sizeof(r->draft), ".dfpatch-%08" PRIx32, number);
	return 0;
}

static int open_draft(struct rewrite *r, struct df_err *err)
{
	r->fd = openat(r->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (r->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return cannot_make(r, err);
	const int status = new_name(r, err);
	if (status < 0)
		return status;
	r->fd = openat(r->directory, r->draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	if (r->fd >= 0)
		return 0;
	cannot_make(r, err);
	r->draft[0] = '\0'; /* it is another's */
	return -(int)err->code;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static int check_unchanged(const struct rewrite *r, struct df_err *err)
{
	struct stat now;
	const struct stat *was = &r->from;
	if (fstat(r->from_fd, &now) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot be looked at");
	if (now.st_dev == was->st_dev && now.st_ino == was->st_ino && now.st_size == was->st_size &&
	    same_time(&now.st_mtim, &was->st_mtim) && same_time(&now.st_ctim, &was->st_ctim))
		return 0;
	return df_fail(err, DF_E_CHANGED, "changed while it was copied; nothing was written");
}

/* First the owner: to change it takes set-ID bits away. */
static int take_owner_and_mode(struct rewrite *r, struct df_err *err)
{
	mode_t mode = r->from.st_mode & 07777;
	r->owner_kept = fchown(r->fd, r->from.st_uid, r->from.st_gid) == 0;
	if (!r->owner_kept) {
		/* The group alone we may give where it is one of ours. */
		(void)!fchown(r->fd, (uid_t)-1, r->from.st_gid);
		mode &= ~(mode_t)SET_ID_BITS;
	}
	return fchmod(r->fd, mode) == 0
		       ? 0
		       : df_fail_errno(err, DF_E_WRITE, "cannot give the copy its mode");
}

bool rewrite_dropped_bits(const struct rewrite *rewrite)
{
	return !rewrite->owner_kept && (rewrite->from.st_mode & SET_ID_BITS) != 0;
}

static int fill_draft(struct rewrite *r, const struct file_edit *edits, size_t count,
		      struct df_err *err)
{
	int status = file_copy(r->from_fd, r->fd, (uint64_t)r->from.st_size, interrupted, r, err);
	if (status == 0)
		status = check_unchanged(r, err);
	if (status == 0)
		status = file_edit(r->fd, edits, count, err);
	if (status == 0)
		status = take_owner_and_mode(r, err);
	return status < 0 ? df_err_prefix(err, r->from_path) : 0;
}

int rewrite_copy(struct rewrite *rewrite, const struct file_edit *edits, size_t count,
		 struct df_err *err)
{
	hold_signals(rewrite);
	const int status = open_draft(rewrite, err);
	return status < 0 ? status : fill_draft(rewrite, edits, count, err);
}

/* ---- letting it appear ---- */

static bool link_draft(const struct rewrite *r, const char *name)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->fd);
	return linkat(AT_FDCWD, path, r->directory, name, AT_SYMLINK_FOLLOW) == 0;
}

/* A name that nothing has: never takes the place of what came there meanwhile. */
static bool appear_new(struct rewrite *r)
{
	if (r->draft[0] == '\0')
		return link_draft(r, r->name);
	if (renameat2(r->directory, r->draft, r->directory, r->name, RENAME_NOREPLACE) == 0) {
		r->draft[0] = '\0';
		return true;
	}
	/* Where the file system knows no such renaming; the other name goes in the end. */
	return (errno == EINVAL || errno == ENOSYS) &&
	       linkat(r->directory, r->draft, r->directory, r->name, 0) == 0;
}

static bool appear_instead(struct rewrite *r)
{
	if (renameat(r->directory, r->draft, r->directory, r->name) != 0)
		return false;
	r->draft[0] = '\0';
	return true;
}

static int name_draft(struct rewrite *r, struct df_err *err)
{
	if (r->draft[0] != '\0')
		return 0;
	if (new_name(r, err) < 0)
		return -(int)err->code;
	if (link_draft(r, r->draft))
		return 0;
	cannot_make(r, err);
	r->draft[0] = '\0';
	return -(int)err->code;
}

/* So that the name is still there after a crash; the copy is, whether or not this succeeds. */
static void sync_directory(const struct rewrite *r)
{
	CLEANUP_FD int fd = openat(r->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)!fsync(fd);
}

int rewrite_publish(struct rewrite *rewrite, struct df_err *err)
{
	if (fsync(rewrite->fd) != 0)
		return df_fail_errno(err, DF_E_WRITE, "cannot write the copy; nothing was changed");
	if (rewrite->replaces && name_draft(rewrite, err) < 0)
		return -(int)err->code;
	if (interrupted(rewrite))
		return df_fail(err, DF_E_SYSTEM, "interrupted; nothing was written");
	if (!(rewrite->replaces ? appear_instead(rewrite) : appear_new(rewrite)))
		return df_fail_errno(err, DF_E_WRITE, "the copy cannot get the name '%s'",
				     rewrite->to_path);
	sync_directory(rewrite);
	return 0;
}

void rewrite_end(struct rewrite *rewrite)
{
	if (rewrite->draft[0] != '\0')
		unlinkat(rewrite->directory, rewrite->draft, 0);
	cleanup_fd(&rewrite->fd);
	cleanup_fd(&rewrite->directory);
	release_signals(rewrite);
	*rewrite = (struct rewrite){.fd = -1, .directory = -1};
}
