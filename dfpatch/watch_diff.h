/* SPDX-License-Identifier: Apache-2.0 */
/* watch_diff.h - what changed between two readings of a module. */
#ifndef DFPATCH_WATCH_DIFF_H
#define DFPATCH_WATCH_DIFF_H

#include <stdbool.h>

#include "criteria.h"
#include "image.h"
#include "watch_event.h"

/* A reading of a module, from before the one that its image holds. */
struct watch_reading {
	struct df_control_v1 control;
	struct df_state_v1 *states; /* as many as the image has */
};

/*
 * Tells what changed of the selected flags: those in the states that the criteria ask for, before
 * the change or after it. `base` has what is the same for all these events, image included; `own`
 * is the process id of the process as it sees itself. The image is changed for as long as this
 * takes. False if the sink wants no more.
 */
bool watch_diff(const struct watch_event *base, struct image *image,
		const struct watch_reading *before, const bool *selected,
		const struct criteria *criteria, pid_t own, const struct watch_sink *sink);

#endif
