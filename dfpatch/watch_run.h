/* SPDX-License-Identifier: Apache-2.0 */
/* watch_run.h - the command watch: processes are followed, and each change of their flags told. */
#ifndef DFPATCH_WATCH_RUN_H
#define DFPATCH_WATCH_RUN_H

#include "cli.h"

/*
 * Follows the processes that the options mean, and prints what is told of them, until none is left,
 * the time is over, we are told to end (SIGINT, SIGTERM, SIGHUP), or nobody reads what we print.
 * Errors are printed, too. Returns an exit status: that of exit_status.h for several processes, of
 * which those that could be followed, for however long, were done.
 */
int watch_run(const struct options *options);

#endif
