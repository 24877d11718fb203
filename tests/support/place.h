/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - other users and namespaces for targets and for dfpatch.
 *
 * The functions that take nothing and return nothing go between fork and exec,
 * and end the process where they fail.
 */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#define NOBODY 65534

void place_nobody(void);

/* Whether that user can run dfpatch, and `path` if it is not NULL, where they lie. */
bool place_reachable(const char *path);

/* Lets other users into the directory of scratch_path(). */
void place_open_scratch(void);

/* What a namespace for mounts takes: CLONE_NEWNS, and CLONE_NEWUSER if we are not root. */
int place_for_mounts(void);

/* In a new user namespace: makes us root of it, alone. `user` and `group` are those outside. */
void place_be_root(uid_t user, gid_t group);

/* In a new mount namespace: keeps what is mounted from others, and makes us root if need be. */
void place_own_mounts(void);

/* For dfpatch: a mount namespace of its own. */
void place_new_mounts(void);

/* Takes part in a process's pid namespace from the next fork on, which it also does. */
void place_join_pids(pid_t process);

#endif
