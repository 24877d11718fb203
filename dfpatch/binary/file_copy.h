/* SPDX-License-Identifier: Apache-2.0 */
/* file_copy.h - the bytes of a file into another, and some of them changed there. */
#ifndef DFPATCH_FILE_COPY_H
#define DFPATCH_FILE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define FILE_EDIT_MAX 4

/* `size` bytes at file offset `offset` go from `before` to `after`. */
struct file_edit {
	uint64_t offset;
	uint8_t size; /* 1 to FILE_EDIT_MAX */
	uint8_t before[FILE_EDIT_MAX];
	uint8_t after[FILE_EDIT_MAX];
};

/*
 * Copies the `size` bytes of `from` to `to`, which is empty; holes stay holes. `stop` is
 * asked from time to time, and ends it where it says so. Moves the offsets of both
 * descriptors. Returns 0; DF_E_SYSTEM: cannot be read, or was ended; DF_E_WRITE; DF_E_CHANGED:
 * the file is shorter.
 */
int file_copy(int from, int to, uint64_t size, bool (*stop)(const void *context),
	      const void *context, struct df_err *err);

/*
 * Makes the edits, which are in ascending order of offsets and do not overlap. Returns 0;
 * DF_E_CHANGED: the file does not hold `before` somewhere; DF_E_WRITE.
 */
int file_edit(int fd, const struct file_edit *edits, size_t count, struct df_err *err);

#endif
