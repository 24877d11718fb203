/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watched.h - one process that is followed, by reading its memory: it is not stopped, not traced,
 * and nothing is written.
 *
 * A look costs one read of a control block for each module; states are read only if that block
 * says that they changed. What changes it counts, so that none goes unnoticed; what was read while
 * one was under way is read again when it is over.
 */
#ifndef DFPATCH_WATCHED_H
#define DFPATCH_WATCHED_H

#include <stdbool.h>

#include "watched_modules.h"

void watched_begin(struct watched *watched, const struct target_id *id);

/*
 * Looks at it, with `around` also for modules that came or went, and tells what changed. False if
 * the sink wants no more.
 */
bool watched_look(struct watched *watched, const struct watch_wish *wish, bool around);

/* Whether it is still followed. */
bool watched_lives(const struct watched *watched);

void watched_end(struct watched *watched);

#endif
