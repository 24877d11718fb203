/* SPDX-License-Identifier: Apache-2.0 */
/* flush.h - lines that are printed now, because somebody may wait for them. */
#ifndef DFPATCH_FLUSH_H
#define DFPATCH_FLUSH_H

#include <stdbool.h>

/*
 * Hands on what was printed to standard output. False if that fails, so that no more can be
 * printed. If the reader of a pipe is gone, which is no failure, that is forgotten; the signal
 * that would tell of it must be blocked or ignored.
 */
bool flush_lines(void);

#endif
