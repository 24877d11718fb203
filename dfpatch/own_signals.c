/* SPDX-License-Identifier: Apache-2.0 */
/* own_signals.c - our own signals while a target stands still. */
#include "own_signals.h"

#include <errno.h>

static void (*volatile on_tick)(void *context);
static void *volatile tick_context;

void own_signals_tick(void (*tick)(void *context), void *context)
{
	on_tick = NULL;
	tick_context = context;
	on_tick = tick;
}

/* Most of all it is there to end waitpid(2) with EINTR. */
static void on_alarm(int signal)
{
	const int error = errno;
	(void)signal;
	if (on_tick)
		on_tick(tick_context);
	errno = error;
}

/* Without the handler the first alarm would end us, in the middle of whatever we are at. */
int own_signals_begin(struct own_signals *signals, struct df_err *err)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	const struct sigaction action = {.sa_handler = on_alarm};
	*signals = (struct own_signals){0};
	if (sigaction(SIGALRM, &action, NULL) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot handle an alarm");
	signals->has_timer = timer_create(CLOCK_MONOTONIC, &event, &signals->timer) == 0;
	return signals->has_timer ? 0 : df_fail_errno(err, DF_E_SYSTEM, "cannot make a timer");
}

void own_signals_end(struct own_signals *signals)
{
	own_signals_release(signals);
	if (signals->has_timer)
		timer_delete(signals->timer);
	signals->has_timer = false;
}

void own_signals_hold(struct own_signals *signals)
{
	static const int held[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGTSTP, SIGTTIN,
				   SIGTTOU, SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD};
	const struct timespec slice = {.tv_nsec = 20000000};
	const struct itimerspec every = {.it_value = slice, .it_interval = slice};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, &signals->mask);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	timer_settime(signals->timer, 0, &every, NULL);
	signals->held = true;
}

void own_signals_release(struct own_signals *signals)
{
	const struct itimerspec never = {0};
	if (!signals->held)
		return;
	timer_settime(signals->timer, 0, &never, NULL);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
	signals->held = false;
}
