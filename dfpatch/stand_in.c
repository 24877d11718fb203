/* SPDX-License-Identifier: Apache-2.0 */
/* stand_in.c - a child in place of the first process of a pid namespace. */
#include "stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_WORDS 6000 /* ms; more than a watchdog takes to see whether it could end somebody */

/* As soon as the first process ends, the kernel ends all others, whatever they still have to say.
 * The child and its watchdog have the other end of the pipe. */
static void wait_for_last_words(int pipe)
{
	struct pollfd end = {.fd = pipe, .events = POLLIN};
	while (poll(&end, 1, LAST_WORDS) < 0 && errno == EINTR)
		;
}

static int wait_for(pid_t child, int pipe)
{
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	wait_for_last_words(pipe);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool no_child(int *status, struct df_err *err)
{
	*status = df_fail_errno(err, DF_E_SYSTEM,
				"nothing was changed: as the first process of its pid namespace, "
				"dfpatch needs a child to do it, which cannot be started");
	return true;
}

bool stand_in_worked(int *status, struct df_err *err)
{
	int ends[2];
	if (getpid() != 1)
		return false;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return no_child(status, err);
	const pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		return false;
	}
	close(ends[1]);
	if (child > 0)
		*status = wait_for(child, ends[0]);
	else
		no_child(status, err);
	close(ends[0]);
	return true;
}
