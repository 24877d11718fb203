/* SPDX-License-Identifier: Apache-2.0 */
/* git_dir.c - a git directory of our own for somebody's checkout. */
#include "git_dir.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

/* What the private directory takes from the common one of all work trees, by links. */
static const char *const links[] = {"objects", "refs", "packed-refs", "shallow", "reftable"};
static const char *const files[] = {"HEAD", "config"};

/* What git would wait at for as long as it may, if it were a pipe or a device. */
static const struct {
	const char *name;
	mode_t type;
} kinds[] = {
	{"config", S_IFREG},
	{"packed-refs", S_IFREG},
	{"shallow", S_IFREG},
	{"objects", S_IFDIR},
	{"objects/info/alternates", S_IFREG},
	{"refs", S_IFDIR},
	{"reftable", S_IFDIR},
};

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

/* Longer than any path or reference. */
#define SMALL_FILE 8192

void git_dir_remove(struct git_dir *dir)
{
	if (dir->fd >= 0) {
		for (size_t i = 0; i < COUNT(links); i++)
			unlinkat(dir->fd, links[i], 0);
		for (size_t i = 0; i < COUNT(files); i++)
			unlinkat(dir->fd, files[i], 0);
		close(dir->fd);
	}
	if (dir->path)
		rmdir(dir->path);
	free(dir->path);
	free(dir->work_tree);
	free(dir->their_config);
	*dir = (struct git_dir){.fd = -1};
}

/* NULL if memory runs out. */
static char *join(const char *directory, const char *name)
{
	char *path = NULL;
	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return NULL;
	return path;
}

/* The text of a small regular file, without a newline at its end. */
static bool read_small(const char *path, char text[SMALL_FILE])
{
	struct stat st;
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	const ssize_t size = read(fd, text, SMALL_FILE - 1);
	if (size < 0 || memchr(text, '\0', (size_t)size))
		return false;
	text[size] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/* Where `name` leads, seen from a directory; NULL if nowhere. */
static char *resolve(const char *directory, const char *name)
{
	if (*name == '/')
		return realpath(name, NULL);
	CLEANUP_FREE char *path = join(directory, name);
	return path ? realpath(path, NULL) : NULL;
}

/* The checkout's own directory; NULL if there is none. */
static char *find_theirs(const char *work_tree)
{
	static const char key[] = "gitdir: ";
	struct stat st;
	char text[SMALL_FILE];
	CLEANUP_FREE char *entry = join(work_tree, ".git");
	if (!entry || stat(entry, &st) != 0)
		return NULL;
	if (S_ISDIR(st.st_mode))
		return realpath(entry, NULL);
	if (!read_small(entry, text) || strncmp(text, key, strlen(key)) != 0)
		return NULL;
	return resolve(work_tree, text + strlen(key));
}

/* That which all its work trees share: the same, if there is only one. */
static char *find_common(const char *theirs)
{
	char text[SMALL_FILE];
	CLEANUP_FREE char *file = join(theirs, "commondir");
	if (!file || !read_small(file, text))
		return strdup(theirs);
	return resolve(theirs, text);
}

static int write_file(const struct git_dir *dir, const char *name, const char *text,
		      struct df_err *err)
{
	CLEANUP_FD int fd = openat(dir->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const size_t size = strlen(text);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot write '%s/%s'", dir->path, name);
	return 0;
}

static int copy_head(const struct git_dir *dir, const char *theirs, struct df_err *err)
{
	char text[SMALL_FILE];
	CLEANUP_FREE char *path = join(theirs, "HEAD");
	if (!path)
		return df_fail_memory(err);
	if (!read_small(path, text))
		return df_fail(err, DF_E_SYSTEM, "'%s' is no git checkout: its HEAD cannot be read",
			       dir->work_tree);
	strcat(text, "\n"); /* there was one, or room for it */
	return write_file(dir, "HEAD", text, err);
}

static int check_kinds(const char *common, struct df_err *err)
{
	struct stat st;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		CLEANUP_FREE char *path = join(common, kinds[i].name);
		if (!path)
			return df_fail_memory(err);
		if (stat(path, &st) == 0 && (st.st_mode & S_IFMT) != kinds[i].type)
			return df_fail(err, DF_E_SYSTEM,
				       "'%s' is no %s: git could wait there for ever", path,
				       kinds[i].type == S_IFDIR ? "directory" : "regular file");
	}
	return 0;
}

static int link_all(struct git_dir *dir, const char *common, struct df_err *err)
{
	struct stat st;
	for (size_t i = 0; i < COUNT(links); i++) {
		CLEANUP_FREE char *target = join(common, links[i]);
		if (!target)
			return df_fail_memory(err);
		if (stat(target, &st) != 0)
			continue;
		if (symlinkat(target, dir->fd, links[i]) != 0)
			return df_fail_errno(err, DF_E_SYSTEM, "cannot make '%s/%s'", dir->path,
					     links[i]);
		if (strcmp(links[i], "shallow") == 0)
			dir->shallow = st.st_size > 0;
	}
	return 0;
}

static int make_private(struct git_dir *dir, struct df_err *err)
{
	const char *base = getenv("TMPDIR");
	char *path = join(base && *base == '/' ? base : "/tmp", "dfpatch-XXXXXX");
	if (!path)
		return df_fail_memory(err);
	if (!mkdtemp(path)) {
		df_fail_errno(err, DF_E_SYSTEM, "cannot make the directory '%s'", path);
		free(path);
		return -(int)DF_E_SYSTEM;
	}
	dir->path = path;
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir->fd < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot open '%s'", path);
	return 0;
}

static int fill(struct git_dir *dir, const char *theirs, struct df_err *err)
{
	CLEANUP_FREE char *common = find_common(theirs);
	if (!common)
		return df_fail(err, DF_E_SYSTEM, "'%s': its commondir leads nowhere", theirs);
	dir->their_config = join(common, "config");
	if (!dir->their_config)
		return df_fail_memory(err);
	int status = check_kinds(common, err);
	if (status == 0)
		status = copy_head(dir, theirs, err);
	if (status == 0)
		status = link_all(dir, common, err);
	if (status == 0)
		status = git_dir_configure(dir, NULL, NULL, err);
	return status;
}

int git_dir_make(const char *checkout, struct git_dir *dir, struct df_err *err)
{
	*dir = (struct git_dir){.fd = -1};
	dir->work_tree = realpath(checkout, NULL);
	if (!dir->work_tree)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot open '%s'", checkout);
	CLEANUP_FREE char *theirs = find_theirs(dir->work_tree);
	if (!theirs)
		return df_fail(err, DF_E_SYSTEM,
			       "'%s' is no git checkout: it has no .git; name the top of one",
			       checkout);
	const int status = make_private(dir, err);
	return status < 0 ? status : fill(dir, theirs, err);
}

static bool is_word(const char *text)
{
	return *text != '\0' && strlen(text) < 32 &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

int git_dir_configure(const struct git_dir *dir, const char *object_format,
		      const char *reference_storage, struct df_err *err)
{
	char text[512];
	if ((object_format && !is_word(object_format)) ||
	    (reference_storage && !is_word(reference_storage)))
		return df_fail(err, DF_E_SYSTEM,
			       "'%s' has objects or references in a way that is not known",
			       dir->work_tree);
	/* Packs are mapped in pieces, so that git goes by with little memory. */
	snprintf(text, sizeof(text),
		 "[core]\n\trepositoryFormatVersion = %d\n\tbare = false\n"
		 "\tpackedGitWindowSize = 32m\n\tpackedGitLimit = 512m\n"
		 "[extensions]\n%s%s\n%s%s\n",
		 object_format || reference_storage, object_format ? "\tobjectFormat = " : "",
		 object_format ? object_format : "", reference_storage ? "\trefStorage = " : "",
		 reference_storage ? reference_storage : "");
	return write_file(dir, "config", text, err);
}
