/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - dfpatch as a subprocess that waits for the test at its system calls,
 * by the kernel's seccomp_unotify(2).
 *
 * A test that takes long at a call is stopped by no budget of its own; those of
 * dfpatch go on.
 */
#ifndef GATE_H
#define GATE_H

#include <linux/seccomp.h>
#include <stdbool.h>

#include "live.h"

struct gate {
	struct tool *tool;
	int listener;
};

/* Whether the kernel can do that (Linux 5.19); if not, a test is to skip. */
bool gate_is_there(void);

/* Starts dfpatch with arguments up to NULL. It waits at each of `calls`, a list that ends with -1.
 */
void gate_start(struct gate *gate, struct tool *tool, const char *const *args, const int *calls);

/* The same, but calls `setup` in the child before that. */
void gate_start_in(struct gate *gate, struct tool *tool, const char *const *args, const int *calls,
		   void (*setup)(void));

/* Waits for the next call; false if dfpatch has ended. Then one of the two below is due. */
bool gate_next(struct gate *gate, struct seccomp_notif *call);
void gate_pass(const struct gate *gate, const struct seccomp_notif *call);
void gate_fail(const struct gate *gate, const struct seccomp_notif *call, int error);

/* Lets all other calls pass. Returns what tool_wait() does. */
int gate_end(struct gate *gate);

#endif
