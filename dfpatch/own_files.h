/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_files.h - what the thread that stops a target has open.
 *
 * When a thread dies, the kernel closes its files first and lets its tracees go after. To close
 * a file of a FUSE mount takes an answer of the mount's server: if that is the target, which
 * stands still, neither ever comes to an end. So the tracer has nothing open but what it needs.
 */
#ifndef DFPATCH_OWN_FILES_H
#define DFPATCH_OWN_FILES_H

#include <stddef.h>

#include "err.h"

/*
 * From now on the calling thread has descriptors of its own, and of those only the ones listed,
 * of which negative ones are none; the list is sorted. Other threads keep theirs. Where the kernel
 * or a filter of system calls denies that, all stays as it is. Returns 0 or DF_E_SYSTEM.
 */
int own_files_keep(int *descriptors, size_t count, struct df_err *err);

#endif
