/* SPDX-License-Identifier: Apache-2.0 */
/* tracee.c - one thread of a target, stopped and let go. */
#include "tracee.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

_Static_assert(TRACEE_LOOK == WNOHANG, "the option is waitpid's");

int tracee_seize(pid_t id)
{
	return ptrace(PTRACE_SEIZE, id, NULL, NULL) == 0 ? 0 : errno;
}

void tracee_interrupt(const struct tracee *tracee)
{
	ptrace(PTRACE_INTERRUPT, tracee->id, NULL, NULL);
}

static void take_status(struct tracee *tracee, int status)
{
	if (!WIFSTOPPED(status)) {
		tracee->state = TRACEE_GONE;
		return;
	}
	tracee->state = TRACEE_STOPPED;
	/* A stop with an event is ours or a group-stop; one without is a signal under way. */
	if (status >> 16 == 0)
		tracee->signal = (uint8_t)WSTOPSIG(status);
}

bool tracee_wait(struct tracee *tracee, int options)
{
	int status;
	const pid_t got = waitpid(tracee->id, &status, __WALL | options);
	if (got == tracee->id)
		take_status(tracee, status);
	else if (got < 0 && errno != EINTR)
		tracee->state = TRACEE_GONE;
	return got >= 0 || errno != EINTR;
}

void tracee_detach(struct tracee *tracee)
{
	/* Killed since: it has to be reaped by us before its parent can. */
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): ptrace(2) takes the signal so */
	if (ptrace(PTRACE_DETACH, tracee->id, NULL, (void *)(uintptr_t)tracee->signal) != 0)
		tracee_wait(tracee, WNOHANG);
	tracee->state = TRACEE_GONE;
}
