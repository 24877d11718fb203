/* SPDX-License-Identifier: Apache-2.0 */
/* strangers.h - processes that are not ours to change: another user's, a tracer's. */
#ifndef STRANGERS_H
#define STRANGERS_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether there can be any: we are root, and others may run what lies at `path`. */
bool strangers_can_run(const char *path);

/* Ends the process if it cannot; also a `setup` of tool_start(). */
void become_a_stranger(void);

/* Starts a program as another user, and waits until it runs. */
pid_t stranger_start(const char *path);

/* A process named df-tracer that has seized the target. */
pid_t stranger_trace(pid_t target);

/* Kills and reaps it. */
void stranger_end(pid_t pid);

#endif
