/* SPDX-License-Identifier: Apache-2.0 */
/* json_watch.h - what is told of processes that are followed, an object a line, for machines. */
#ifndef DFPATCH_JSON_WATCH_H
#define DFPATCH_JSON_WATCH_H

#include "err.h"
#include "watch_event.h"

/* Prints one. Returns 0 or DF_E_MEMORY. */
int json_watch(const struct watch_event *event, struct df_err *err);

/* Of a failure of all of it. Returns 0, or DF_E_MEMORY. */
int json_watch_error(const struct df_err *what, struct df_err *err);

#endif
