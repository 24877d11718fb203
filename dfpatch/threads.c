/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.c - stopping every thread of a process, and letting go of them.
 *
 * In this order, since each step is long for many threads: seize all (nobody
 * stops), ask all to stop, wait for each by its own id. Waiting for any id is
 * quadratic in the kernel, and stopping one after the other leaves the stopped
 * ones waiting for the scheduler to run the rest.
 *
 * Races that are handled, and where:
 *  - a thread appears meanwhile: take_new() looks again, until as many stand still
 *    as the process has, or (with a leader that exited, which counts but cannot be
 *    stopped) two looks in a row found nothing new;
 *  - a thread exits meanwhile: its seize fails with ESRCH or EPERM, or its wait
 *    reports the exit or ECHILD; or its id is another's by then, see
 *    let_go_of_strangers();
 *  - the leader exits before the others: look_at_leader() sees it;
 *  - a signal is being delivered as we stop: the wait reports it, and the signal
 *    goes on with the detach, siginfo and all;
 *  - a thread is stopped by job control: it reports a group-stop, and the kernel
 *    puts it back there on detach;
 *  - another thread execs: it takes over the leader's id, and the rest exit once
 *    we have reaped them, so nobody is waited for without a look at all others.
 *    A leader that had stopped runs again then, as another thread: detach_stopped()
 *    finds out. A seize, too, waits for the exec, and nothing breaks it off: reap().
 */
#include "threads.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "proc_errno.h"
#include "tracee.h"

#define ENTRIES_SIZE 32768

int threads_begin(struct threads *threads, const struct process *process, struct df_err *err)
{
	*threads = (struct threads){.process = process};
	priority_look(&threads->priority);
	threads->task = openat(process->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (threads->task < 0)
		return df_fail_errno(err, proc_says_gone(errno) ? DF_E_NO_PROCESS : DF_E_SYSTEM,
				     "cannot list the threads of process %d", process->pid);
	threads->entries = malloc(ENTRIES_SIZE);
	return threads->entries ? own_signals_begin(&threads->signals, err) : df_fail_memory(err);
}

void threads_end(struct threads *threads)
{
	threads_resume(threads);
	cleanup_fd(&threads->task);
	threads->task = -1;
	own_signals_end(&threads->signals);
	free(threads->list);
	threads->list = NULL;
	threads->room = 0;
	free(threads->entries);
	threads->entries = NULL;
}

/* New threads mostly have the highest ids, and are looked for from the end. */
static struct tracee *find(const struct threads *threads, pid_t id)
{
	if (id > threads->highest)
		return NULL;
	for (size_t i = threads->count; i-- > 0;)
		if (threads->list[i].id == id)
			return &threads->list[i];
	return NULL;
}

bool threads_include(const struct threads *threads, pid_t id)
{
	const struct tracee *thread = find(threads, id);
	return thread && thread->state == TRACEE_STOPPED;
}

/* While threads stand still nothing is allocated, so there is room for some and no more. */
static int too_many(const struct threads *threads, struct df_err *err)
{
	return df_fail(err, DF_E_TIMEOUT,
		       "process %d makes threads faster than they can be stopped; let go again, "
		       "nothing was changed",
		       threads->process->pid);
}

static int add(struct threads *threads, pid_t id, struct df_err *err)
{
	struct tracee *known = find(threads, id);
	if (known) {
		/* The id of a thread that went came back: exec gives the leader's to its caller. */
		*known = (struct tracee){.id = id, .state = TRACEE_RUNS};
		return 0;
	}
	if (threads->count == threads->room)
		return too_many(threads, err);
	if (id > threads->highest)
		threads->highest = id;
	threads->list[threads->count++] = (struct tracee){.id = id, .state = TRACEE_RUNS};
	return 0;
}

/* State (proc_pid_stat(5)) of a thread: 'X' if it is gone, '?' with errno if it is not told. */
static char thread_state(const struct threads *threads, pid_t id)
{
	char path[32], text[512];
	snprintf(path, sizeof(path), "%d/stat", id);
	CLEANUP_FD int fd = openat(threads->task, path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got < 0)
		return proc_says_gone(errno) ? 'X' : '?';
	text[got] = '\0';
	/* The name in parentheses may hold anything, parentheses included. */
	const char *end = strrchr(text, ')');
	errno = EIO;
	return end && end[1] == ' ' && end[2] ? end[2] : '?';
}

/* In the handler of the alarm, while the list stands still; if it is not the length of the list
 * that takes long. */
static void reap(void *context)
{
	struct threads *threads = context;
	if (threads->alarms++ == 0)
		return;
	for (size_t i = 0; i < threads->count; i++)
		if (threads->list[i].state != TRACEE_GONE)
			tracee_wait(&threads->list[i], TRACEE_LOOK);
}

static int seize_and_reap(struct threads *threads, pid_t id)
{
	threads->alarms = 0;
	own_signals_tick(reap, threads);
	const int failed = tracee_seize(id);
	own_signals_tick(NULL, NULL);
	return failed;
}

/*
 * 1 if the thread is seized now, 0 if it is on its way out, or an error. EPERM
 * is what a thread gives, too, that has exited but is not reaped. Under exec
 * another one takes over its id before we can look, so a denial has to stand
 * when asked again. Or it is ours already, under an id that it had before its exec.
 */
static int seize(struct threads *threads, pid_t id, struct df_err *err)
{
	for (int denials = 0; denials < 3; denials++) {
		const int failed = seize_and_reap(threads, id);
		if (failed == 0 || (failed == EPERM && tracee_interrupt(id))) {
			const int status = add(threads, id, err);
			return status < 0 ? status : 1;
		}
		if (failed == ESRCH)
			return 0;
		errno = failed;
		if (failed != EPERM)
			return df_fail_errno(err, DF_E_SYSTEM, "cannot seize thread %d", id);
		const char state = thread_state(threads, id);
		if (state == 'Z' || state == 'X')
			return 0;
		if (state == '?')
			return df_fail_errno(err, DF_E_SYSTEM,
					     "cannot tell whether thread %d has exited%s", id,
					     proc_remedy(errno));
	}
	return process_explain_thread_denial(threads->process, id, "stop", err);
}

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

/* What one look at the list of threads found. */
struct look {
	size_t next;  /* where in our list the next id is expected; both are by age */
	size_t fresh; /* threads that are new to us */
};

static bool is_known(const struct threads *threads, struct look *look, pid_t id)
{
	if (look->next < threads->count && threads->list[look->next].id == id)
		return threads->list[look->next++].state != TRACEE_GONE;
	const struct tracee *thread = find(threads, id);
	if (thread)
		look->next = (size_t)(thread - threads->list) + 1;
	return thread && thread->state != TRACEE_GONE;
}

static int take_entries(struct threads *threads, const char *buffer, size_t size, struct look *look,
			struct df_err *err)
{
	for (size_t at = 0; at < size;) {
		const struct linux_dirent64 *entry = (const void *)(buffer + at);
		const pid_t id = (pid_t)strtol(entry->d_name, NULL, 10);
		at += entry->d_reclen;
		if (id <= 0 || is_known(threads, look, id))
			continue;
		const int status = seize(threads, id, err);
		if (status < 0)
			return status;
		look->fresh += (size_t)status;
	}
	return 0;
}

/* One look at the list of threads. getdents64 itself: readdir(3) would keep a stale buffer. */
static int take_new(struct threads *threads, size_t *fresh, struct df_err *err)
{
	struct look look = {0};
	if (lseek(threads->task, 0, SEEK_SET) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot list threads");
	for (;;) {
		const long got =
			syscall(SYS_getdents64, threads->task, threads->entries, ENTRIES_SIZE);
		if (got == 0)
			break;
		if (got < 0 && proc_says_gone(errno))
			return df_fail(err, DF_E_NO_PROCESS, "process %d exited",
				       threads->process->pid);
		if (got < 0)
			return df_fail_errno(err, DF_E_SYSTEM, "cannot list threads");
		const int status = take_entries(threads, threads->entries, (size_t)got, &look, err);
		if (status < 0)
			return status;
	}
	*fresh = look.fresh;
	return 0;
}

/*
 * How many threads the process has, a leader that exited before the others included; 0 if it is
 * gone. The directory has a link for each (fs/proc/base.c, proc_task_getattr), which is told
 * ten times as fast as the status.
 */
static size_t count_threads(const struct threads *threads)
{
	struct stat task;
	if (fstat(threads->task, &task) != 0 || task.st_nlink < 2)
		return 0;
	return (size_t)task.st_nlink - 2;
}

/*
 * A thread that exits between the list and its seize may leave its id to one of
 * another process, which is then let go. There is one more of the seized than the process has
 * threads: so it costs nothing to speak of where there are no strangers. One that
 * exited is in the list as long as we have not reaped it.
 */
static void let_go_of_strangers(struct threads *threads)
{
	char name[16];
	size_t ours = 0;
	for (size_t i = 0; i < threads->count; i++)
		ours += threads->list[i].state != TRACEE_GONE;
	if (ours == count_threads(threads))
		return;
	for (size_t i = 0; i < threads->count; i++) {
		struct tracee *thread = &threads->list[i];
		snprintf(name, sizeof(name), "%d", thread->id);
		if (thread->state == TRACEE_RUNS && faccessat(threads->task, name, F_OK, 0) != 0 &&
		    proc_says_gone(errno))
			tracee_dismiss(thread);
	}
}

/* Seizes what is new in the list of threads. */
static int take_threads(struct threads *threads, size_t *fresh, struct df_err *err)
{
	const int status = take_new(threads, fresh, err);
	if (status == 0 && *fresh > 0)
		let_go_of_strangers(threads);
	return status;
}

static void interrupt_all(const struct threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->list[i].state == TRACEE_RUNS)
			tracee_interrupt(threads->list[i].id);
}

/* The first thread, if it still runs as far as we know. */
static struct tracee *running_leader(const struct threads *threads)
{
	struct tracee *leader = find(threads, threads->process->pid);
	return leader && leader->state == TRACEE_RUNS ? leader : NULL;
}

/* A leader that exits before the other threads can neither stop nor be reaped: no wait tells. */
static void look_at_leader(struct threads *threads)
{
	struct tracee *leader = running_leader(threads);
	if (leader)
		tracee_wait(leader, TRACEE_LOOK);
	if (leader && leader->state == TRACEE_RUNS && thread_state(threads, leader->id) == 'Z')
		leader->state = TRACEE_GONE;
}

/*
 * Those that stopped, too: an exec by another thread ends them, and waits until
 * we reap them. It then forgets that it was asked to stop itself.
 */
static size_t look_at_all(struct threads *threads)
{
	size_t running = 0;
	for (size_t i = 0; i < threads->count; i++)
		if (threads->list[i].state != TRACEE_GONE)
			tracee_wait(&threads->list[i], TRACEE_LOOK);
	look_at_leader(threads);
	interrupt_all(threads);
	for (size_t i = 0; i < threads->count; i++)
		running += threads->list[i].state == TRACEE_RUNS;
	return running;
}

/*
 * Waits for one thread by its id. From time to time the timer breaks off the
 * wait to look at all: under exec a thread does not stop before we have reaped
 * the others. Returns false when the deadline passed.
 */
static bool wait_for(struct threads *threads, struct tracee *thread, uint64_t deadline)
{
	while (thread->state == TRACEE_RUNS && !tracee_wait(thread, 0))
		if (look_at_all(threads) > 0 && monotonic_now() > deadline)
			return false;
	return true;
}

/* The leader comes last, so that one that exited is mostly seen before it is waited for. */
static bool wait_all(struct threads *threads, uint64_t deadline)
{
	for (size_t i = 0; i < threads->count; i++) {
		struct tracee *thread = &threads->list[i];
		if (thread->id != threads->process->pid && !wait_for(threads, thread, deadline))
			return false;
	}
	look_at_leader(threads);
	struct tracee *leader = running_leader(threads);
	return !leader || wait_for(threads, leader, deadline);
}

static bool any(const struct threads *threads, enum tracee_state state)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->list[i].state == state)
			return true;
	return false;
}

/* Room for twice as many threads as there are, made while all of them run. */
static int make_room(struct threads *threads, struct df_err *err)
{
	const size_t room = 1024 + 2 * count_threads(threads);
	if (room <= threads->room)
		return 0;
	free(threads->list);
	threads->list = calloc(room, sizeof(*threads->list));
	threads->room = threads->list ? room : 0;
	return threads->list ? 0 : df_fail_memory(err);
}

/* Only a thread that runs can make another: if all there are stand still, there are no more to
 * find. */
static bool all_stopped(const struct threads *threads)
{
	size_t stopped = 0;
	for (size_t i = 0; i < threads->count; i++)
		stopped += threads->list[i].state == TRACEE_STOPPED;
	return stopped > 0 && stopped == count_threads(threads);
}

/* 0, LATE if some thread did not stop in time, or an error. */
#define LATE 1
static int stop_all(struct threads *threads, uint64_t budget, struct df_err *err)
{
	size_t fresh;
	/* Seizing stops nobody: the first look is not part of the pause. */
	int status = take_threads(threads, &fresh, err);
	threads->stopped_at = monotonic_now();
	const uint64_t deadline = threads->stopped_at + budget;
	for (int quiet_looks = 0; status == 0 && quiet_looks < 2;) {
		interrupt_all(threads);
		if (!wait_all(threads, deadline))
			return LATE;
		if (all_stopped(threads))
			return 0;
		status = take_threads(threads, &fresh, err);
		quiet_looks = fresh > 0 ? 0 : quiet_looks + 1;
		if (status == 0 && fresh > 0 && monotonic_now() > deadline)
			return too_many(threads, err);
	}
	if (status == 0 && !any(threads, TRACEE_STOPPED))
		status = df_fail(err, DF_E_NO_PROCESS, "process %d exited", threads->process->pid);
	return status;
}

/* A thread that has not stopped, or 0. */
static pid_t late_thread(const struct threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->list[i].state == TRACEE_RUNS)
			return threads->list[i].id;
	return 0;
}

static int overrun(const struct threads *threads, pid_t late, uint64_t budget, struct df_err *err)
{
	return df_fail(
		err, DF_E_TIMEOUT,
		"thread %d of process %d (state %c) did not stop within %llu ms; all threads "
		"are let go again, nothing was changed",
		late, threads->process->pid, thread_state(threads, late),
		(unsigned long long)(budget / 1000000));
}

int threads_stop(struct threads *threads, uint64_t budget, struct df_err *err)
{
	threads->count = 0;
	threads->highest = 0;
	threads->stood = 0;
	int status = make_room(threads, err);
	if (status < 0)
		return status;
	own_signals_hold(&threads->signals);
	status = stop_all(threads, budget, err);
	if (status == 0) {
		/* Everybody waits for us now. Not before: stopping takes the threads a moment on
		 * a processor each, which we would keep from them. */
		priority_raise(&threads->priority);
		return 0;
	}
	const pid_t late = late_thread(threads);
	threads_resume(threads);
	return status == LATE ? overrun(threads, late, budget, err) : status;
}

int threads_poke(const struct threads *threads, uint64_t addr, const void *bytes, size_t size,
		 struct df_err *err)
{
	char byte;
	/* Threads may have stopped after an exec, and ptrace writes to whatever they run. Now that
	 * all stand still, what the descriptor says holds. */
	const ssize_t got = pread(threads->process->mem, &byte, 1, (off_t)addr);
	if (got < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot read memory at %#" PRIx64, addr);
	int failed = ESRCH;
	for (size_t i = 0; got > 0 && failed == ESRCH && i < threads->count; i++)
		if (threads->list[i].state == TRACEE_STOPPED)
			failed = tracee_poke(&threads->list[i], addr, bytes, size);
	if (failed == 0)
		return 0;
	if (failed == ESRCH)
		return df_fail(err, DF_E_NO_PROCESS,
			       "the process exited or runs another program by now");
	errno = failed;
	return df_fail_errno(err, DF_E_SYSTEM, "cannot write memory at %#" PRIx64 " by ptrace",
			     addr);
}

static void detach_stopped(struct threads *threads)
{
	for (size_t i = 0; i < threads->count; i++) {
		struct tracee *thread = &threads->list[i];
		if (thread->state == TRACEE_STOPPED && !tracee_detach(thread))
			tracee_wait(thread, TRACEE_LOOK);
	}
}

void threads_resume(struct threads *threads)
{
	threads->stood = 0;
	for (size_t i = 0; i < threads->count; i++)
		threads->stood += threads->list[i].state == TRACEE_STOPPED;
	detach_stopped(threads);
	threads->released_at = monotonic_now();
	priority_restore(&threads->priority);
	own_signals_release(&threads->signals);
}
