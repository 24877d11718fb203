/* SPDX-License-Identifier: Apache-2.0 */
/* waiting.h - dfpatch while it waits to take back a change, and the keeper that waits with it. */
#ifndef WAITING_H
#define WAITING_H

#include "live.h"

/* Starts dfpatch, and waits until it has said until when; fails the test if it does not. */
void waiting_start(struct tool *tool, const char *const *args, void (*setup)(void));
#define WAITING(TOOL, ...) waiting_start((TOOL), (const char *const[]){__VA_ARGS__, NULL}, NULL)

/* What it said so far on its standard output, or on its standard error; waits until it holds
 * `text`.
 */
const char *waiting_out(const struct tool *tool, const char *text);
const char *waiting_err(const struct tool *tool, const char *text);

/* The keeper of this dfpatch, or of this keeper; waits until there is one. */
pid_t waiting_keeper(const struct tool *tool);

/* Kills dfpatch, reaps it, and waits until its keeper has ended. */
void waiting_kill(struct tool *tool);

#endif
