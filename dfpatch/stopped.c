/* SPDX-License-Identifier: Apache-2.0 */
/* stopped.c - carrying a change out while every thread of the program stands still. */
#include "stopped.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "carry.h"
#include "clock.h"
#include "own.h"
#include "own_files.h"
#include "own_pages.h"
#include "processors.h"

/* What is over by itself before the watchdog bites, once the time is over. */
#define GRACE_NS 250000000u

static bool is_in_the_way(int status)
{
	return status == -(int)DF_E_CHANGED || status == -(int)DF_E_BUSY;
}

/* Before the commit point; after it, going on is the shorter way out. */
static int check_time(const struct work *w, struct df_err *err)
{
	if (monotonic_now() - w->threads.stopped_at < w->request->max_stop)
		return 0;
	return df_fail(err, DF_E_TIMEOUT,
		       "process %d stood still for the %" PRIu64
		       " ms of --max-stop before all was ready; all threads are let go again, "
		       "nothing was changed",
		       w->request->pid, w->request->max_stop / 1000000);
}

static int work_while_stopped(struct work *w, struct df_err *err)
{
	const struct df_stamp stamp = carry_stamp();
	int status = own_stopped(w, &stamp, err);
	if (status == 0)
		status = carry_recheck(w, err);
	if (status == 0)
		status = check_time(w, err);
	if (status == 0)
		status = carry_out(w, &stamp, err);
	if (is_in_the_way(status))
		own_ask_for_turn(w);
	else
		claims_drop(&w->claims, &w->mem);
	return status;
}

static int poke(void *context, uint64_t addr, const void *bytes, size_t size, struct df_err *err)
{
	return threads_poke(context, addr, bytes, size, err);
}

/* Where the kernel forbids the usual way, through a stopped thread. */
static void set_way(struct work *w)
{
	w->memory->together = true;
	w->memory->until = 0;
	w->memory->poke = poke;
	w->memory->poke_context = &w->threads;
}

/*
 * No thread was running old instructions when new ones were written. That each processor
 * has gone through a serialising instruction since, as the manuals ask, is seen to when
 * nobody has to wait for it any more: before we say that the flags are changed.
 */
static void pass_processors(struct priority *priority)
{
	priority_raise(priority);
	processors_pass();
	priority_restore(priority);
}

/* ---- in a thread of its own ---- */

struct stop {
	struct work *work;
	struct df_err *err;
	int status;
	pid_t thread;
};

static int keep_what_is_needed(const struct work *w, struct df_err *err)
{
	const struct process *process = &w->result->process;
	int needed[] = {process->pidfd, process->dir, process->mem, w->threads.task,
			w->watchdog.pipe};
	return own_files_keep(needed, sizeof(needed) / sizeof(needed[0]), err);
}

/* Of a stop that failed, too, if anybody stood still. */
static void note_pause(struct change_result *result, const struct threads *threads)
{
	if (threads->stood == 0)
		return;
	result->stopped = true;
	result->threads = threads->stood;
	result->pause += threads->released_at - threads->stopped_at;
}

static int stop_and_work(struct work *w, struct df_err *err)
{
	const uint64_t end = monotonic_now() + w->request->max_stop + GRACE_NS;
	int status = watchdog_arm(&w->watchdog, end, w->request->pid,
				  "for longer than --max-stop allows it had stopped", err);
	if (status == 0)
		status = threads_stop(&w->threads, w->request->max_stop, err);
	if (status == 0) {
		status = work_while_stopped(w, err);
		threads_resume(&w->threads);
	}
	note_pause(w->result, &w->threads);
	return status;
}

static void *in_the_thread(void *context)
{
	struct stop *stop = context;
	stop->thread = gettid();
	stop->status = keep_what_is_needed(stop->work, stop->err);
	if (stop->status == 0)
		stop->status = stop_and_work(stop->work, stop->err);
	return NULL;
}

#define STACK 262144 /* whatever the limit of stacks is, which is the size of others */

static int start(pthread_t *thread, struct stop *stop, struct df_err *err)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	errno = pthread_attr_setstacksize(&attributes, STACK);
	if (errno == 0)
		errno = pthread_create(thread, &attributes, in_the_thread, stop);
	const int error = errno;
	pthread_attr_destroy(&attributes);
	errno = error;
	return error == 0 ? 0
			  : df_fail_errno(err, DF_E_SYSTEM,
					  "nothing was changed: cannot start the thread that is to "
					  "stop the process");
}

/*
 * It is joined as soon as it has left our memory; what it traces it lets go after. No longer
 * than the watchdog waits: if that is there, it ends us then.
 */
static void wait_until_gone(const struct work *w, pid_t thread)
{
	const struct timespec moment = {.tv_nsec = 20000};
	const uint64_t end = monotonic_now() + w->request->max_stop + 2 * (uint64_t)GRACE_NS;
	while (tgkill(getpid(), thread, 0) == 0 && monotonic_now() < end)
		nanosleep(&moment, NULL);
}

/*
 * A thread that did not stop in time cannot be let go before it has stopped, unless its
 * tracer ends: and a tracer is a thread. Our signals wait until it has ended: its caller
 * blocks all of them, and SIGALRM, which wakes the tracer, is for that alone.
 */
static int in_a_thread(struct work *w, struct df_err *err)
{
	struct stop stop = {.work = w, .err = err};
	pthread_t thread;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	const int started = start(&thread, &stop, err);
	if (started == 0) {
		pthread_join(thread, NULL);
		wait_until_gone(w, stop.thread);
	}
	/* Not before: as long as it is there, it may hold up one that did not stop. */
	watchdog_disarm(&w->watchdog);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started < 0 ? started : stop.status;
}

int stopped_commit(struct work *w, struct df_err *err)
{
	int status = own_await(w, w->deadline, err);
	if (status < 0)
		return status;
	set_way(w);
	own_pages_keep();
	status = in_a_thread(w, err);
	/* Nobody waits for this, however long it takes. */
	if (status == 0)
		pass_processors(&w->threads.priority);
	return status;
}
