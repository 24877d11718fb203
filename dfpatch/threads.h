/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.h - stopping every thread of a process, and letting go of them.
 *
 * What becomes of a thread that is stopped and goes on stands in tracee.h.
 *
 * The calling thread is the tracer: it must be the one to resume. When it ends, the
 * kernel lets every thread go; one that did not stop in time is let go by nothing else.
 */
#ifndef DFPATCH_THREADS_H
#define DFPATCH_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "own_signals.h"
#include "process.h"
#include "processors.h"

struct tracee;

struct threads {
	const struct process *process;
	struct tracee *list; /* owned; room is made before anything is stopped */
	size_t count;
	size_t room;
	pid_t highest; /* id in the list */
	int task;      /* /proc/PID/task */
	char *entries; /* of it; owned */
	struct own_signals signals;
	unsigned alarms; /* that one seize has lasted */
	struct priority priority;
	size_t stood;	      /* how many threads the last threads_resume() let go */
	uint64_t stopped_at;  /* CLOCK_MONOTONIC, ns: before the first thread was asked to stop */
	uint64_t released_at; /* after the last was let go */
};

/* Opens what stopping will need. threads_end() ends it, also after a failure. */
int threads_begin(struct threads *threads, const struct process *process, struct df_err *err);

/*
 * Stops every thread, those created meanwhile included. Until threads_resume()
 * signals that would end or stop us are held back, and SIGALRM is used. Returns 0, or with every
 * thread let go again: DF_E_TRACED, DF_E_PERMISSION, DF_E_NO_PROCESS (it exited),
 * DF_E_TIMEOUT (some thread did not stop within `budget` ns), DF_E_MEMORY.
 */
int threads_stop(struct threads *threads, uint64_t budget, struct df_err *err);

/* Whether a thread with this id is among the stopped. */
bool threads_include(const struct threads *threads, pid_t id);

/*
 * Writes to the target through one of its stopped threads, for a kernel that
 * forbids to write text through /proc/PID/mem: aligned words, of which the other
 * bytes are kept. Returns 0, DF_E_NO_PROCESS (it exited, or none is stopped), DF_E_SYSTEM.
 */
int threads_poke(const struct threads *threads, uint64_t addr, const void *bytes, size_t size,
		 struct df_err *err);

/* Lets every thread go that has stopped. Harmless if none has. */
void threads_resume(struct threads *threads);

void threads_end(struct threads *threads);

#endif
