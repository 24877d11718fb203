/* SPDX-License-Identifier: Apache-2.0 */
/* watchdog.c - a process that ends us when we hold up a target for too long. */
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "processors.h"

/* One write to a pipe (pipe(7): not torn, being shorter than PIPE_BUF). */
struct order {
	uint64_t deadline; /* 0: none */
	pid_t thread;	   /* who is at work */
	pid_t target;
	char what[80];
};

#define LAST_GASP 5000 /* ms for which one that was killed may be about to end */

/* ---- in the watchdog ---- */

struct parent {
	pid_t pid;
	int pidfd;
};

/* How long until the deadline; NULL for ever. */
static const struct timespec *time_left(const struct order *order, struct timespec *left)
{
	if (order->deadline == 0)
		return NULL;
	const uint64_t now = monotonic_now();
	*left = timespec_of(now < order->deadline ? order->deadline - now : 0);
	return left;
}

/*
 * To die, the one at work has to run, and it is what holds the target up. Before it is dead,
 * since then its number may be another's; that of a parent which has gone would be that of
 * init.
 */
static void let_it_run(const struct parent *parent, pid_t thread)
{
	if (syscall(SYS_pidfd_send_signal, parent->pidfd, 0, NULL, 0) == 0 &&
	    syscall(SYS_tgkill, parent->pid, thread, 0) == 0)
		processors_fetch(thread);
}

/* Sooner or later: what it is at in the kernel may keep it a while. */
static bool has_ended(const struct parent *parent)
{
	struct pollfd end = {.fd = parent->pidfd, .events = POLLIN};
	return poll(&end, 1, LAST_GASP) > 0;
}

static int what_became(const struct parent *parent, const struct order *order, bool ended,
		       char *text, size_t size)
{
	if (ended)
		return snprintf(text, size,
				"dfpatch: %s process %d; so its watchdog ended it, and the process "
				"goes on. What was begun, the next change will finish or undo\n",
				order->what, order->target);
	return snprintf(text, size,
			"dfpatch: %s process %d, and its watchdog could not end it; until "
			"somebody ends process %d, the other may stand still\n",
			order->what, order->target, parent->pid);
}

/* The target goes on before anything is written, which it may have to read. */
static void bite(const struct parent *parent, const struct order *order)
{
	char text[400];
	let_it_run(parent, order->thread);
	if (syscall(SYS_pidfd_send_signal, parent->pidfd, SIGKILL, NULL, 0) != 0 && errno == ESRCH)
		return;
	const bool ended = has_ended(parent);
	const int length = what_became(parent, order, ended, text, sizeof(text));
	if (write(STDERR_FILENO, text, (size_t)length) < 0)
		return; /* nobody to tell */
}

/* Until the other end of the pipe is closed: our parent has ended, or wants us to. */
static void watch(int from, const struct parent *parent)
{
	struct order order = {0}, next;
	struct timespec left;
	for (;;) {
		struct pollfd end = {.fd = from, .events = POLLIN};
		const int ready = ppoll(&end, 1, time_left(&order, &left), NULL);
		if (ready == 0) {
			bite(parent, &order);
			return;
		}
		if (ready < 0)
			continue;
		if (read(from, &next, sizeof(next)) != (ssize_t)sizeof(next))
			return;
		order = next;
	}
}

static void be_the_watchdog(int from, int to, const struct parent *parent)
{
	struct priority priority;
	setsid();
	close(to);
	/* Nothing else is closed: that may take an answer of the target's, as in own_files.h. */
	priority_look(&priority);
	priority_raise(&priority);
	watch(from, parent);
	_exit(0);
}

/* ---- in dfpatch ---- */

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

int watchdog_start(struct watchdog *watchdog, struct df_err *err)
{
	int ends[2] = {-1, -1};
	sigset_t all, before;
	*watchdog = (struct watchdog){.pipe = -1};
	struct parent parent = {.pid = getpid()};
	parent.pidfd = (int)syscall(SYS_pidfd_open, parent.pid, 0);
	if (parent.pidfd < 0 || pipe2(ends, O_CLOEXEC) != 0) {
		df_fail_errno(err, DF_E_SYSTEM, "cannot start a watchdog");
		close_if_open(parent.pidfd);
		return -(int)DF_E_SYSTEM;
	}
	/* It takes no signals but those that nobody can refuse. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	const pid_t pid = fork();
	if (pid == 0)
		be_the_watchdog(ends[0], ends[1], &parent);
	if (pid < 0)
		df_fail_errno(err, DF_E_SYSTEM, "cannot start a watchdog");
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(parent.pidfd);
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return -(int)DF_E_SYSTEM;
	}
	/* If it stands still itself, orders that it does not take must not hold us up. */
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	watchdog->pid = pid;
	watchdog->pipe = ends[1];
	return 0;
}

/* The watchdog may be gone, and a broken pipe must not end us. */
static sigset_t hold_sigpipe(void)
{
	sigset_t pipe, before;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe, &before);
	return before;
}

static void release_sigpipe(const sigset_t *before)
{
	sigset_t pipe;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigtimedwait(&pipe, NULL, &(const struct timespec){0});
	sigprocmask(SIG_SETMASK, before, NULL);
}

static bool send_order(const struct watchdog *watchdog, const struct order *order)
{
	const sigset_t before = hold_sigpipe();
	const ssize_t sent = write(watchdog->pipe, order, sizeof(*order));
	const int error = errno;
	release_sigpipe(&before);
	errno = error;
	return sent == (ssize_t)sizeof(*order);
}

int watchdog_arm(const struct watchdog *watchdog, uint64_t deadline, pid_t target, const char *what,
		 struct df_err *err)
{
	struct order order = {.deadline = deadline, .thread = gettid(), .target = target};
	snprintf(order.what, sizeof(order.what), "%s", what);
	if (send_order(watchdog, &order))
		return 0;
	return df_fail_errno(
		err, DF_E_SYSTEM,
		"the watchdog of this dfpatch, process %d, was killed; nothing was changed",
		watchdog->pid);
}

void watchdog_disarm(const struct watchdog *watchdog)
{
	/* If nobody takes it any more, nobody bites either. */
	(void)send_order(watchdog, &(const struct order){0});
}

void watchdog_end(struct watchdog *watchdog)
{
	if (watchdog->pid == 0)
		return;
	close(watchdog->pipe);
	/* It ends by itself; but somebody may have stopped it. */
	kill(watchdog->pid, SIGKILL);
	while (waitpid(watchdog->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*watchdog = (struct watchdog){.pipe = -1};
}
