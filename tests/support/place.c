/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - other users and namespaces. */
#include "place.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

#define FAILED 125

void place_nobody(void)
{
	if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
		_exit(FAILED);
}

bool place_reachable(const char *path)
{
	int status;
	const pid_t child = fork();
	if (child == 0) {
		place_nobody();
		_exit(access(DFPATCH_PATH, X_OK) != 0 || (path && access(path, R_OK | X_OK) != 0));
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

void place_open_scratch(void)
{
	char path[LIVE_PATH];
	scratch_path(path, "");
	cr_assert_eq(chmod(path, 0755), 0);
}

int place_for_mounts(void)
{
	return geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
}

static void write_text(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(FAILED);
	close(fd);
}

void place_be_root(uid_t user, gid_t group)
{
	char map[64];
	write_text("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", user);
	write_text("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", group);
	write_text("/proc/self/gid_map", map);
}

/* Read when this program starts, before anything becomes another user. */
static uid_t user;
static gid_t group;

__attribute__((constructor)) static void remember(void)
{
	user = geteuid();
	group = getegid();
}

void place_own_mounts(void)
{
	if (user != 0)
		place_be_root(user, group);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		_exit(FAILED);
}

void place_new_mounts(void)
{
	if (unshare(place_for_mounts()) != 0)
		_exit(FAILED);
	place_own_mounts();
}

void place_join_pids(pid_t process)
{
	char path[64];
	int status;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", process);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWPID) != 0)
		_exit(FAILED);
	const pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return;
	}
	if (waitpid(child, &status, 0) != child)
		_exit(FAILED);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : FAILED);
}
