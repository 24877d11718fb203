/* SPDX-License-Identifier: Apache-2.0 */
/* maps_query.h - the mappings of files in a process, and quickly where the kernel helps. */
#ifndef DFPATCH_MAPS_QUERY_H
#define DFPATCH_MAPS_QUERY_H

#include "err.h"
#include "maps.h"

/*
 * Like maps_read(), with the mappings that a file lies behind, and the private data
 * right behind them that may be what the file has zeroed. Where the kernel cannot
 * look for those alone (before Linux 6.11), with all the others too.
 *
 * `hints` is an open /proc/PID/map_files of the same process, or -1: what comes of it
 * is the same, but sooner in a process of thousands of threads, since the kernel walks
 * over its mappings without looking closely at each.
 */
int maps_read_files(int fd, int hints, struct maps *maps, struct df_err *err);

#endif
