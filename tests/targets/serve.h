/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - for targets that serve what others write to. */
#ifndef SERVE_H
#define SERVE_H

#include <stdint.h>

/* What a test hands over, beside TARGET_FD. */
#define SERVE_FD 100
#define SERVE_PROGRAM_FD 101

/* The file below the mount; what is written to it is counted, and gone. */
#define SERVE_FILE "sink"

/* Another one, if the test handed over SERVE_PROGRAM_FD. */
#define SERVE_PROGRAM "program"

/* Starts a thread that reads a pipe to its end, and counts what it read. Aborts on failure. */
void serve_pipe(int fd, volatile int64_t *bytes);

/*
 * Starts a thread that is the server of a FUSE mount (fuse(4)), of which fd is the device. If
 * `file` is not -1, it is there as SERVE_PROGRAM, to be read and started: a page at a time, each
 * when it is needed, and anew each time it is opened.
 */
void serve_fuse(int fd, int file, volatile int64_t *bytes);

#endif
