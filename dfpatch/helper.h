/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helper.h - a process that does something for us while we become another program, and of which
 * that program notices nothing.
 *
 * It is no child of ours, so that nobody has to reap it and no SIGCHLD comes of it: its parent has
 * ended, and so it falls to the nearest reaper of orphans. That is not us, unless we are the first
 * process of a pid namespace: there its end is one more orphan's, which that process has to expect.
 * It has a session of its own and blocks all signals, so that what a terminal sends, or a
 * kill(2) of a group, reaches the program and not it.
 */
#ifndef DFPATCH_HELPER_H
#define DFPATCH_HELPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

struct helper {
	bool us;      /* we are the helper */
	pid_t client; /* whom it helps */
	int line;     /* between both, closed by exec; -1 for none */
};

/* Starts it: returns 0 in both, or DF_E_SYSTEM in the only one that there is then. */
int helper_start(struct helper *helper, struct df_err *err);

/* Say something to the other, and hear it: false if it is not there any more. */
bool helper_say(const struct helper *helper, int word);
bool helper_hear(const struct helper *helper, int *word);

void helper_hang_up(struct helper *helper);

#endif
