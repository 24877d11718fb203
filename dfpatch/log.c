/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - where records go. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"

/* ---- opening ---- */

static int refuse(const char *name, const char *why, struct df_err *err)
{
	return df_fail(err, DF_E_USAGE, "the log '%s' %s; nothing was changed", name, why);
}

/* Before it is opened, too: opening a device may do something. */
static int refuse_other(const char *name, const struct stat *file, struct df_err *err)
{
	if (S_ISLNK(file->st_mode))
		return refuse(name, "is a symbolic link, which is not followed", err);
	return S_ISREG(file->st_mode) ? 0 : refuse(name, "is no regular file", err);
}

/* One that we may not read we may still write to. */
static int open_end(const char *name)
{
	const int flags = O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	const int fd = open(name, O_RDWR | flags, 0600);
	return fd >= 0 || errno != EACCES ? fd : open(name, O_WRONLY | flags, 0600);
}

static int check_opened(struct log *log, struct df_err *err)
{
	struct stat file;
	struct statfs fs;
	if (fstat(log->fd, &file) != 0 || fstatfs(log->fd, &fs) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot look at the log '%s'", log->name);
	if (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC)
		return refuse(log->name, "is a part of the kernel", err);
	return refuse_other(log->name, &file, err);
}

static bool ends_in_line(int fd)
{
	struct stat file;
	char last = '\n';
	return fstat(fd, &file) == 0 && file.st_size > 0 &&
	       pread(fd, &last, 1, file.st_size - 1) == 1 && last != '\n';
}

static int open_file(struct log *log, struct df_err *err)
{
	struct stat file;
	int status = 0;
	if (lstat(log->name, &file) == 0)
		status = refuse_other(log->name, &file, err);
	if (status < 0)
		return status;
	log->fd = open_end(log->name);
	if (log->fd < 0)
		return df_fail_errno(err, DF_E_SYSTEM,
				     "nothing was changed: cannot open the log '%s'", log->name);
	status = check_opened(log, err);
	log->cut = status == 0 && ends_in_line(log->fd);
	return status;
}

int log_open(struct log *log, const char *name, struct df_err *err)
{
	*log = (struct log){.name = name, .fd = -1};
	if (strcmp(name, LOG_JOURNAL) != 0)
		return open_file(log, err);
	log->to_journal = true;
	log->fd = journald_open(JOURNALD_SOCKET, err);
	return log->fd < 0 ? log->fd : 0;
}

void log_close(struct log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

/* ---- writing ---- */

/* The rest of what was written in part, as on a full disk, where another try says why. */
static bool write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		const ssize_t done = write(fd, text, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		text += done;
		size -= (size_t)done;
	}
	return true;
}

/* A limit on file sizes is an error like any other, and not the end of us. */
static bool write_unlimited(int fd, const char *text, size_t size)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction before;
	sigaction(SIGXFSZ, &ignore, &before);
	const bool written = write_all(fd, text, size);
	const int error = errno;
	sigaction(SIGXFSZ, &before, NULL);
	errno = error;
	return written;
}

static int write_line(struct log *log, const char *line, struct df_err *err)
{
	const size_t length = strlen(line), lead = log->cut ? 1 : 0;
	CLEANUP_FREE char *text = malloc(lead + length + 1);
	if (!text)
		return df_fail_memory(err);
	text[0] = '\n';
	memcpy(text + lead, line, length);
	text[lead + length] = '\n';
	log->cut = !write_unlimited(log->fd, text, lead + length + 1);
	return log->cut ? df_fail_errno(err, DF_E_SYSTEM, "cannot write to the log '%s'", log->name)
			: 0;
}

int log_write(struct log *log, const struct journald_entry *record, struct df_err *err)
{
	return log->to_journal ? journald_send(log->fd, record, err)
			       : write_line(log, record->json, err);
}
