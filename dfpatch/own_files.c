/* SPDX-License-Identifier: Apache-2.0 */
/* own_files.c - what the thread that stops a target has open. */
#include "own_files.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static int by_number(const void *a, const void *b)
{
	const int one = *(const int *)a, other = *(const int *)b;
	return (one > other) - (one < other);
}

/* Those from `from` on and below `to`, if there are any. */
static int close_below(int from, int to)
{
	return from < to ? close_range((unsigned)from, (unsigned)to - 1, 0) : 0;
}

int own_files_keep(int *descriptors, size_t count, struct df_err *err)
{
	int from = 0, failed = unshare(CLONE_FILES);
	qsort(descriptors, count, sizeof(*descriptors), by_number);
	for (size_t i = 0; failed == 0 && i < count; i++) {
		if (descriptors[i] < 0)
			continue;
		failed = close_below(from, descriptors[i]);
		from = descriptors[i] + 1;
	}
	if (failed == 0)
		failed = close_below(from, INT_MAX);
	return failed == 0 ? 0 : df_fail_errno(err, DF_E_SYSTEM, "cannot part with open files");
}
