/* SPDX-License-Identifier: Apache-2.0 */
/* confine.h - what a process gives up for good before it runs a program on foreign input. */
#ifndef DFPATCH_CONFINE_H
#define DFPATCH_CONFINE_H

#include <stddef.h>

/*
 * From here on the calling process, and what it executes, starts no process (threads it
 * may), reaches no network, makes, renames and removes no file, writes no byte to a regular
 * file, gains no rights, leaves no core dump, and has `memory` bytes of address space.
 * Async-signal-safe: for a child between fork(2) and execve(2). Returns 0, or -1 with errno
 * set; then some of it may hold.
 */
int confine(size_t memory);

#endif
