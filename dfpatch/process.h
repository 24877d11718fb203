/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - one process, pinned: whatever its number comes to mean later,
 * these descriptors mean the process, and the address space, that was opened.
 */
#ifndef DFPATCH_PROCESS_H
#define DFPATCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct process {
	pid_t pid;
	int pidfd;
	int dir;	    /* /proc/PID: names below it fail once the process is gone */
	bool leader_exited; /* /proc/PID has no memory; /proc/PID/task/TID of the others has */
	int mem; /* /proc/PID/mem: reads and writes give 0 once the process has exec'd or died */
	bool not_begun;	   /* held before its first instruction: who relocates itself has not yet */
	bool foreign_pids; /* it sees its threads under other numbers (pid namespace) */
	char name[64];	   /* its command name, not escaped */
};

/*
 * Pins a process for reading, or for reading and writing. Returns 0, or
 * DF_E_NO_PROCESS (none, a thread's number, a zombie), DF_E_PERMISSION with the
 * cause, DF_E_SYSTEM (among them a lack of descriptors, which says nothing about
 * the process, and a /proc that is missing, or tells of another pid namespace
 * than ours); then *process is not touched.
 */
int process_open(pid_t pid, bool write, struct process *process, struct df_err *err);

/* A question to be asked of a process once it is pinned: 0, or an error that is the answer. */
struct process_check {
	int (*ask)(const void *context, const struct process *process, struct df_err *err);
	const void *context;
};

/*
 * process_open(), and the question, if there is one: in the end it is asked of the very address
 * space that was opened, or of a later one of the process. Returns what either does.
 */
int process_open_checked(pid_t pid, bool write, const struct process_check *check,
			 struct process *process, struct df_err *err);

/*
 * Makes us the only controller outside, by an advisory lock that ends with us;
 * waits until `deadline` (CLOCK_MONOTONIC, ns). Returns 0, DF_E_BUSY, DF_E_SYSTEM.
 */
int process_lock(const struct process *process, uint64_t deadline, struct df_err *err);

/* Opens a file below /proc/PID for reading, of a thread that has not exited. Returns a descriptor,
 * DF_E_NO_PROCESS, DF_E_PERMISSION or DF_E_SYSTEM. */
int process_file(const struct process *process, const char *name, struct df_err *err);

/* Its root directory, to find files in. Returns a descriptor, or -1 with errno. */
int process_root(const struct process *process);

/*
 * Why the kernel denied `what` (as in "attach to") on a process: explains by its
 * tracer, its rights and ours, its being dumpable and the Yama setting. Returns
 * DF_E_TRACED, DF_E_PERMISSION, or DF_E_SYSTEM (for want of descriptors or memory it cannot tell).
 */
int process_explain_denial(const struct process *process, const char *what, struct df_err *err);

/* The same of one of its threads, which may have a tracer that the others have not. */
int process_explain_thread_denial(const struct process *process, pid_t thread, const char *what,
				  struct df_err *err);

/*
 * What became of a process whose memory cannot be reached any more. Returns
 * DF_E_EXEC if it lives, and so runs another program; DF_E_NO_PROCESS if it does
 * not; DF_E_SYSTEM if that cannot be told.
 */
int process_explain_end(const struct process *process, struct df_err *err);

/*
 * Whether it may be a program whose loader has not done all of its work: those have one thread,
 * which does not sleep. Others may look so, too.
 */
bool process_may_be_loading(const struct process *process);

void process_close(struct process *process);

#endif
