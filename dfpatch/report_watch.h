/* SPDX-License-Identifier: Apache-2.0 */
/* report_watch.h - what is told of processes that are followed, a line each, for people. */
#ifndef DFPATCH_REPORT_WATCH_H
#define DFPATCH_REPORT_WATCH_H

#include "watch_event.h"

/* What the lines have in common; zero at first. */
struct watch_lines {
	int name_width;
};

/* Prints one. Of a failure the error is enough. */
void report_watch(struct watch_lines *lines, const struct watch_event *event);

#endif
