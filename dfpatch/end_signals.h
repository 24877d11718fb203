/* SPDX-License-Identifier: Apache-2.0 */
/*
 * end_signals.h - signals that tell us to end, for a command that goes on until one comes: SIGINT,
 * SIGTERM, and SIGHUP unless it was ignored when we were started, as nohup(1) has it.
 */
#ifndef DFPATCH_END_SIGNALS_H
#define DFPATCH_END_SIGNALS_H

/*
 * Holds them back from now on; and SIGPIPE is ignored, so that a reader that left is an error of
 * write(2). Returns a descriptor that is readable when one came, for the caller to close; or -1
 * with errno.
 */
int end_signals_open(void);

/* The one that came, which is taken from the descriptor, or 0. */
int end_signals_take(int fd);

#endif
