/* SPDX-License-Identifier: Apache-2.0 */
/* own_files.c - what the thread that stops a target has open. */
#include "own_files.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
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

/* Not by the system itself: a filter in its way, or a kernel older than the call. */
static bool is_denied(int error)
{
	return error == EPERM || error == EACCES || error == ENOSYS;
}

/*
 * Filters of container runtimes deny unshare(2), since it makes namespaces as well; closing a
 * range, which nobody has to fear, does the same for descriptors. Nothing has the number given.
 */
static int part(void)
{
	if (close_range(INT_MAX, UINT_MAX, CLOSE_RANGE_UNSHARE) == 0)
		return 0;
	return unshare(CLONE_FILES);
}

static int close_others(int *descriptors, size_t count)
{
	int from = 0, failed = 0;
	qsort(descriptors, count, sizeof(*descriptors), by_number);
	for (size_t i = 0; failed == 0 && i < count; i++) {
		if (descriptors[i] < 0)
			continue;
		failed = close_below(from, descriptors[i]);
		from = descriptors[i] + 1;
	}
	return failed == 0 ? close_below(from, INT_MAX) : failed;
}

/* Without, a change is as good as any but where the target serves what we have open. */
int own_files_keep(int *descriptors, size_t count, struct df_err *err)
{
	if ((part() == 0 && close_others(descriptors, count) == 0) || is_denied(errno))
		return 0;
	return df_fail_errno(err, DF_E_SYSTEM,
			     "nothing was changed: the thread that is to stop the process cannot "
			     "have descriptors of its own");
}
