/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - for targets that serve what others write to. */
#ifndef SERVE_H
#define SERVE_H

#include <stdint.h>

/* What a test hands over, beside TARGET_FD. */
#define SERVE_FD 100

/* The file below the mount; what is written to it is counted, and gone. */
#define SERVE_FILE "sink"

/* Starts a thread that reads a pipe to its end, and counts what it read. Aborts on failure. */
void serve_pipe(int fd, volatile int64_t *bytes);

/* Starts a thread that is the server of a FUSE mount (fuse(4)), of which fd is the device. */
void serve_fuse(int fd, volatile int64_t *bytes);

#endif
