/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c - a process that does what we have still to do, if we are not there to do it. */
#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"

enum turn { TURN_FREE, TURN_CLIENT, TURN_KEEPER };

/* Words for the last keeper and the one before it, which lives a moment longer. */
struct keeper_page {
	int turn;
	struct {
		int told;
		size_t done;
		int open;
	} words[2];
};

static bool pass(const struct keeper *k, enum turn from, enum turn to)
{
	int expected = (int)from;
	return __atomic_compare_exchange_n(&k->page->turn, &expected, (int)to, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* ---- in the keeper ---- */

#define AGAIN_NS 100000000u /* until it looks again whether its client is still at work */

static struct timespec until(uint64_t due)
{
	const uint64_t now = monotonic_now();
	return timespec_of(now < due ? due - now : AGAIN_NS);
}

/* A client that has ended has no more use for its turn; another keeper may be faster. */
static bool take_over(const struct keeper *k, bool client_ended)
{
	return pass(k, TURN_FREE, TURN_KEEPER) ||
	       (client_ended && pass(k, TURN_CLIENT, TURN_KEEPER));
}

static void keep(const struct keeper *k, uint64_t due)
{
	for (;;) {
		struct pollfd client = {.fd = k->client_fd, .events = POLLIN};
		const struct timespec wait = until(due);
		const int ready = ppoll(&client, 1, &wait, NULL);
		if (ready < 0)
			continue;
		if (take_over(k, ready > 0))
			_exit(k->duty.take_over(k->duty.context));
		if (ready > 0)
			_exit(0);
	}
}

static void be_the_keeper(const struct keeper *k, uint64_t due)
{
	setsid();
	prctl(PR_SET_NAME, "df-keeper", 0, 0, 0);
	k->duty.begin(k->duty.context);
	keep(k, due);
}

/* ---- in dfpatch ---- */

int keeper_begin(struct keeper *k, const struct keeper_duty *duty, struct df_err *err)
{
	void *page = mmap(NULL, sizeof(*k->page), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*k = (struct keeper){
		.duty = *duty,
		.page = page == MAP_FAILED ? NULL : page,
		.client = getpid(),
		.client_fd = (int)syscall(SYS_pidfd_open, getpid(), 0),
		.pidfd = -1,
	};
	if (k->page && k->client_fd >= 0)
		return 0;
	return df_fail_errno(err, DF_E_SYSTEM,
			     "nothing was changed: no watchdog can be prepared that would take the "
			     "change back");
}

/* It takes no signals but those that nobody can refuse. */
static pid_t start(const struct keeper *k, uint64_t due)
{
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	const pid_t pid = fork();
	if (pid == 0)
		be_the_keeper(k, due);
	const int error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

static int reap(pid_t pid)
{
	int status = 0;
	pid_t got;
	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	return got == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void dismiss(pid_t pid, int pidfd)
{
	if (pid == 0)
		return;
	kill(pid, SIGKILL);
	(void)reap(pid);
	close(pidfd);
}

int keeper_start(struct keeper *k, uint64_t due, struct df_err *err)
{
	const pid_t last = k->pid;
	const int last_fd = k->pidfd;
	k->serial++;
	k->page->words[k->serial % 2].told = 0;
	const pid_t pid = start(k, due);
	const int pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		df_fail_errno(err, DF_E_SYSTEM,
			      "cannot start a watchdog that would take the change back");
		if (pid > 0)
			dismiss(pid, -1);
		k->serial--;
		return -(int)DF_E_SYSTEM;
	}
	k->pid = pid;
	k->pidfd = pidfd;
	dismiss(last, last_fd);
	return 0;
}

void keeper_tell(const struct keeper *k, size_t done, bool open)
{
	k->page->words[k->serial % 2].done = done;
	k->page->words[k->serial % 2].open = open;
	__atomic_store_n(&k->page->words[k->serial % 2].told, 1, __ATOMIC_SEQ_CST);
}

struct keeper_word keeper_told(const struct keeper *k)
{
	const bool told = __atomic_load_n(&k->page->words[k->serial % 2].told, __ATOMIC_SEQ_CST);
	return (struct keeper_word){
		.told = told,
		.done = k->page->words[k->serial % 2].done,
		.open = k->page->words[k->serial % 2].open != 0,
	};
}

bool keeper_take_turn(const struct keeper *k)
{
	return pass(k, TURN_FREE, TURN_CLIENT);
}

void keeper_give_turn(const struct keeper *k)
{
	(void)pass(k, TURN_CLIENT, TURN_FREE);
}

static bool has_taken_over(const struct keeper *k)
{
	return __atomic_load_n(&k->page->turn, __ATOMIC_SEQ_CST) == TURN_KEEPER;
}

bool keeper_is_gone(const struct keeper *k)
{
	struct pollfd end = {.fd = k->pidfd, .events = POLLIN};
	return k->pid != 0 && poll(&end, 1, 0) > 0 && !has_taken_over(k);
}

int keeper_wait(struct keeper *k)
{
	const int status = reap(k->pid);
	cleanup_fd(&k->pidfd);
	k->pid = 0;
	k->pidfd = -1;
	return status;
}

void keeper_end(struct keeper *k)
{
	if (k->page && k->pid != 0 && !keeper_take_turn(k) && has_taken_over(k))
		(void)keeper_wait(k);
	else
		dismiss(k->pid, k->pidfd);
	cleanup_fd(&k->client_fd);
	if (k->page)
		munmap(k->page, sizeof(*k->page));
	*k = (struct keeper){.client_fd = -1, .pidfd = -1};
}
