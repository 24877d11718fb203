/* SPDX-License-Identifier: Apache-2.0 */
/* privileged.c - which file a command is, and whether that gives whoever runs it other rights. */
#include "privileged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool can_run(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* An empty one is where we are. */
static bool can_run_in(const char *directory, size_t length, const char *command, char *path,
		       size_t size)
{
	const int written = snprintf(path, size, "%.*s%s%s", (int)length, directory,
				     length > 0 ? "/" : "", command);
	return written >= 0 && (size_t)written < size && can_run(path);
}

bool privileged_find(const char *command, char *path, size_t size)
{
	const char *at = getenv("PATH");
	if (strchr(command, '/'))
		return can_run_in("", 0, command, path, size);
	if (!at)
		at = "/bin:/usr/bin";
	for (;; at++) {
		const size_t length = strcspn(at, ":");
		if (can_run_in(at, length, command, path, size))
			return true;
		at += length;
		if (*at == '\0')
			return false;
	}
}

/* Without the right to run it as that group, the bit means something else (chmod(2)). */
static const char *privilege_of(const struct stat *st)
{
	if (st->st_mode & S_ISUID)
		return "set-user-ID";
	if ((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP))
		return "set-group-ID";
	return NULL;
}

int privileged_refuse(const char *path, const char *name, struct df_err *err)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot look at '%s'", name);
	const char *privilege = privilege_of(&st);
	if (!privilege && getxattr(path, "security.capability", NULL, 0) > 0)
		privilege = "a file with capabilities";
	if (!privilege)
		return 0;
	return df_fail(
		err, DF_E_PERMISSION,
		"'%s' is %s: it would lose that privilege, since its flags can be set only by "
		"tracing its start; start it by itself, and change it then",
		name, privilege);
}
