/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - fields of a /proc/PID/status file (proc_pid_status(5)). */
#ifndef DFPATCH_STATUS_H
#define DFPATCH_STATUS_H

#include <stddef.h>
#include <sys/types.h>

/* The groups of the process stand in the middle: 5000 of them take 55000 bytes. */
#define STATUS_SIZE 65536

/*
 * Reads an open file from its start into a terminated buffer of `size` bytes.
 * Returns its length, cut to fit, or -1 with errno. The file may be read again.
 */
ssize_t status_read(int fd, char *buffer, size_t size);

/* The text behind "NAME:" and white space, up to the end of `status`; NULL if there is none. */
const char *status_field(const char *status, const char *name);

/* The same as a decimal number; 0 if there is none. */
long status_number(const char *status, const char *name);

#endif
