/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follower.h - dfpatch watch as a subprocess, and what it prints while it runs.
 *
 * It is killed by the kernel if it ever traces, writes to, or signals anything, or makes a process.
 */
#ifndef FOLLOWER_H
#define FOLLOWER_H

#include <stdbool.h>
#include <stddef.h>

#include "live.h"

struct follower {
	struct tool tool;
	size_t heard; /* of tool.out, up to there */
};

/* Starts `dfpatch watch` with arguments up to NULL. Not before its first line it goes on. */
void follower_start(struct follower *follower, const char *const *args);
#define FOLLOW(F, ...) follower_start((F), (const char *const[]){"watch", __VA_ARGS__, NULL})

/* The same, but at once; and `setup`, if any, is called as by tool_start(). */
void follower_spawn(struct follower *follower, const char *const *args, void (*setup)(void));

/* Waits for a line that holds `text`, behind what was heard before; fails the test if none comes.
 * The line, up to the next call. */
const char *follower_says(struct follower *follower, const char *text);

/* Waits for `ms`, and fails the test if any more is printed meanwhile. */
void follower_is_silent(struct follower *follower, unsigned ms);

/* Sends a signal, unless it is 0, waits for its end, and returns as tool_wait() does. */
int follower_end(struct follower *follower, int signal);

#endif
