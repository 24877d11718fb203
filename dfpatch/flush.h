/* SPDX-License-Identifier: Apache-2.0 */
/* flush.h - lines that are printed now, because somebody may wait for them. */
#ifndef DFPATCH_FLUSH_H
#define DFPATCH_FLUSH_H

#include <stdbool.h>

/*
 * Hands on what was printed to standard output, which may have to wait for who reads it: but no
 * longer than until the descriptor `end` is readable, and then it is forgotten. False then, or if
 * it fails, so that no more can be printed. If the reader of a pipe is gone, which is no failure,
 * it is forgotten as well; the signal that would tell of that must be blocked or ignored.
 */
bool flush_lines(int end);

#endif
