/* SPDX-License-Identifier: Apache-2.0 */
/* privileged.h - which file a command is, and whether that gives whoever runs it other rights. */
#ifndef DFPATCH_PRIVILEGED_H
#define DFPATCH_PRIVILEGED_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * The file that execvp(3) would run for a command: false if it would find none, or if that has a
 * name of `size` bytes or more.
 */
bool privileged_find(const char *command, char *path, size_t size);

/*
 * Asks of the file at `path`, which messages call `name`: set-user-ID, set-group-ID, or
 * capabilities of the file (execve(2), capabilities(7)). Whether this caller would gain anything by
 * them is not asked. Returns 0 if it has none of these, DF_E_PERMISSION if it has, or DF_E_SYSTEM.
 */
int privileged_refuse(const char *path, const char *name, struct df_err *err);

#endif
