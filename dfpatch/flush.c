/* SPDX-License-Identifier: Apache-2.0 */
/* flush.c - lines that are printed now. */
#include "flush.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>

bool flush_lines(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	if (errno == EPIPE) {
		__fpurge(stdout);
		clearerr(stdout);
	}
	return false;
}
