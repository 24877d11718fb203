/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - a bar on standard error, for work that takes longer than a second and
 * somebody who waits at a terminal.
 */
#ifndef DFPATCH_PROGRESS_H
#define DFPATCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress_bar {
	bool enabled;
	bool shown;
	uint64_t begun;	   /* CLOCK_MONOTONIC, ns */
	uint64_t drawn;	   /* likewise: last */
	const char *label; /* of what is being worked on; not escaped */
};

/* Begins; nothing is ever shown if standard error is no terminal. */
void progress_begin(struct progress_bar *bar);

/* `done` of `all` is done; of what for, the label says. */
void progress_show(struct progress_bar *bar, uint64_t done, uint64_t all);

/* Takes it off the screen, before anything else is printed; it may come again. */
void progress_erase(struct progress_bar *bar);

#endif
