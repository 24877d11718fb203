/* SPDX-License-Identifier: Apache-2.0 */
/* flush.c - lines that are printed now. */
#include "flush.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

/* False if there is no room, and we are told to end. A pipe that has any takes a page (pipe(7)). */
static bool await_room(int end)
{
	struct pollfd fds[] = {{.fd = STDOUT_FILENO, .events = POLLOUT},
			       {.fd = end, .events = POLLIN}};
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return fds[0].revents != 0 || fds[1].revents == 0;
}

static void forget(void)
{
	__fpurge(stdout);
	clearerr(stdout);
}

bool flush_lines(int end)
{
	if (!await_room(end)) {
		forget();
		return false;
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	if (errno == EPIPE)
		forget();
	return false;
}
