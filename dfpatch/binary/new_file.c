/* SPDX-License-Identifier: Apache-2.0 */
/* new_file.c - a file that appears under its name whole or not at all. */
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define MODE 0666 /* the kernel takes the umask off */

static int bad_place(const struct new_file *file, const char *why, struct df_err *err)
{
	return df_fail(err, DF_E_USAGE, "'%s' %s", file->path, why);
}

static int open_directory(struct new_file *file, struct df_err *err)
{
	const char *slash = strrchr(file->path, '/');
	file->name = slash ? slash + 1 : file->path;
	if (*file->name == '\0')
		return bad_place(file, "names no file; give the name of the file to be made", err);
	const size_t length = (size_t)(file->name - file->path);
	CLEANUP_FREE char *path = length > 0 ? strndup(file->path, length) : strdup(".");
	if (!path)
		return df_fail_memory(err);
	file->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return file->directory >= 0
		       ? 0
		       : df_fail_errno(err, DF_E_SYSTEM, "cannot open the directory of '%s'",
				       file->path);
}

/* A link is replaced, so what it leads to does not matter. */
static int check_place(const struct new_file *file, struct df_err *err)
{
	struct stat there;
	if (fstatat(file->directory, file->name, &there, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT)
			return 0;
		return df_fail_errno(err, DF_E_SYSTEM, "cannot look at '%s'", file->path);
	}
	if (S_ISDIR(there.st_mode))
		return bad_place(file, "is a directory; give the name of the file to be made", err);
	if (!S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode))
		return bad_place(file, "is no regular file, and will not be replaced", err);
	return 0;
}

static int cannot_make(const struct new_file *file, struct df_err *err)
{
	return df_fail_errno(err, DF_E_SYSTEM, "cannot make a file in the directory of '%s'",
			     file->path);
}

/* A name that nobody foresees; false, with errno set, if there is no chance to be had. */
static bool choose_name(struct new_file *file)
{
	uint32_t number;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return false;
	snprintf(file->draft, sizeof(file->draft), ".dfpatch-%08" PRIx32, number);
	return true;
}

static int open_draft(struct new_file *file, struct df_err *err)
{
	int fd = openat(file->directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, MODE);
	if (fd >= 0)
		return fd;
	if ((errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) || !choose_name(file))
		return cannot_make(file, err);
	fd = openat(file->directory, file->draft,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd >= 0)
		return fd;
	file->draft[0] = '\0'; /* it is another's */
	return cannot_make(file, err);
}

int new_file_begin(struct new_file *file, const char *path, struct df_err *err)
{
	*file = (struct new_file){.path = path, .directory = -1};
	int status = open_directory(file, err);
	if (status == 0)
		status = check_place(file, err);
	if (status < 0)
		return status;
	const int fd = open_draft(file, err);
	if (fd < 0)
		return fd;
	file->stream = fdopen(fd, "w");
	if (file->stream)
		return 0;
	close(fd);
	return df_fail_memory(err);
}

/* A file without a name gets one, since only a name can be put in the place of another. */
static bool name_draft(struct new_file *file)
{
	char link[32];
	if (file->draft[0] != '\0')
		return true;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fileno(file->stream));
	if (!choose_name(file))
		return false;
	if (linkat(AT_FDCWD, link, file->directory, file->draft, AT_SYMLINK_FOLLOW) == 0)
		return true;
	file->draft[0] = '\0';
	return false;
}

static bool write_out(struct new_file *file)
{
	return fflush(file->stream) == 0 && !ferror(file->stream) &&
	       fsync(fileno(file->stream)) == 0;
}

int new_file_publish(struct new_file *file, struct df_err *err)
{
	/* A stream that failed before has no reason to tell any more. */
	errno = EIO;
	if (!write_out(file) || !name_draft(file) ||
	    renameat(file->directory, file->draft, file->directory, file->name) != 0)
		return df_fail_errno(err, DF_E_WRITE, "cannot write '%s'", file->path);
	file->draft[0] = '\0';
	return 0;
}

void new_file_end(struct new_file *file)
{
	if (file->draft[0] != '\0')
		unlinkat(file->directory, file->draft, 0);
	if (file->stream)
		fclose(file->stream);
	if (file->directory >= 0)
		close(file->directory);
	*file = (struct new_file){.directory = -1};
}
