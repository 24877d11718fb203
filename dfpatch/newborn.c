/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newborn.c - a process that becomes a program, held at the last moment at which nothing of the
 * program has run.
 *
 * The loader is stopped by breakpoints, since it may be anybody's: at the function that it calls
 * for debuggers, and where the program begins, lest one that calls it too late or never goes on
 * unseen. What they do to signals is put back: the kernel unblocks SIGTRAP, and no longer ignores
 * it, to get it delivered.
 */
#include "newborn.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "cleanup.h"
#include "loader.h"
#include "proc_mem.h"
#include "status.h"
#include "tracee.h"

#define BREAKPOINT 0xcc

/* ---- how it goes on ---- */

enum pace {
	PACE_FREE,
	PACE_STEP, /* one instruction */
};

static void go_on(pid_t pid, enum pace pace, int signal)
{
	if (pace == PACE_STEP)
		tracee_step(pid, signal);
	else
		tracee_continue(pid, signal);
}

/* What it came to, that is not for us to hand on: its end, an exec, SIGTRAP, or our interruption.
 */
static struct tracee_stop go(pid_t pid, enum pace pace)
{
	go_on(pid, pace, 0);
	for (;;) {
		const struct tracee_stop stop = tracee_next(pid);
		if (stop.event == TRACEE_EVENT_JOB_STOP)
			tracee_stay(pid);
		else if (stop.event == TRACEE_EVENT_SIGNAL && stop.signal != SIGTRAP)
			go_on(pid, pace, stop.signal);
		else
			return stop;
	}
}

/* To a stop outside of calls and signals, from which it goes on as if it had never stopped. */
static bool settle(pid_t pid)
{
	struct tracee_stop stop = {.event = TRACEE_EVENT_ENDED};
	tracee_interrupt(pid);
	do
		stop = go(pid, PACE_FREE);
	while (stop.event != TRACEE_EVENT_OTHER && stop.event != TRACEE_EVENT_ENDED);
	return stop.event == TRACEE_EVENT_OTHER;
}

/* ---- the exec ---- */

int newborn_await(pid_t pid, struct newborn *newborn)
{
	struct tracee_stop stop = tracee_next(pid);
	*newborn = (struct newborn){.pid = pid};
	while (stop.event != TRACEE_EVENT_EXEC && stop.event != TRACEE_EVENT_ENDED) {
		if (stop.event == TRACEE_EVENT_JOB_STOP)
			tracee_stay(pid);
		else
			tracee_continue(pid, stop.signal);
		stop = tracee_next(pid);
	}
	return stop.event == TRACEE_EVENT_EXEC && settle(pid);
}

/* ---- the loader ---- */

struct breakpoint {
	uint64_t addr; /* 0: it is not set */
	uint8_t byte;  /* what stood there */
};

static bool place(pid_t pid, const struct breakpoint *at, uint8_t byte)
{
	const struct tracee tracee = {.id = pid};
	return at->addr == 0 || tracee_poke(&tracee, at->addr, &byte, sizeof(byte)) == 0;
}

static int set(const struct process *process, struct breakpoint *at, uint64_t addr,
	       struct df_err *err)
{
	if (addr == 0)
		return 0;
	if (proc_mem_read(process->mem, addr, &at->byte, sizeof(at->byte), err) < 0)
		return -(int)err->code;
	at->addr = addr;
	if (place(process->pid, at, BREAKPOINT))
		return 0;
	return df_fail_errno(err, DF_E_SYSTEM, "cannot stop the loader of process %d at %#" PRIx64,
			     process->pid, addr);
}

/* Whether it stopped at this breakpoint, which lies behind it then; if so, puts it back there. */
static bool hit(pid_t pid, const struct breakpoint *at)
{
	uint64_t now;
	return at->addr != 0 && tracee_get_place(pid, &now) && now == at->addr + 1 &&
	       tracee_set_place(pid, at->addr);
}

/* Past the instruction that a breakpoint stands for. False if it ended there. */
static bool step_over(pid_t pid, const struct breakpoint *at)
{
	if (!place(pid, at, at->byte))
		return false;
	struct tracee_stop stop;
	do
		stop = go(pid, PACE_STEP);
	while (stop.event == TRACEE_EVENT_OTHER);
	return stop.event == TRACEE_EVENT_SIGNAL && place(pid, at, BREAKPOINT);
}

static int too_late(const struct process *process, struct df_err *err)
{
	return df_fail(err, DF_E_SYSTEM,
		       "%s: its loader let it begin before it said that all was loaded, so its "
		       "flags could not be set in time",
		       process->name);
}

static int became_another(const struct process *process, struct df_err *err)
{
	return df_fail(err, DF_E_EXEC,
		       "%s: it became another program before all of it was loaded, so its flags "
		       "could not be set",
		       process->name);
}

/* Until the list of modules is whole. */
static int run_loader(const struct process *process, const struct loader *loader,
		      const struct breakpoint *notify, const struct breakpoint *entry,
		      struct df_err *err)
{
	const pid_t pid = process->pid;
	bool announced = false;
	for (;;) {
		const struct tracee_stop stop = go(pid, PACE_FREE);
		if (stop.event == TRACEE_EVENT_ENDED)
			return 0;
		if (stop.event == TRACEE_EVENT_EXEC)
			return became_another(process, err);
		if (stop.event != TRACEE_EVENT_SIGNAL)
			continue;
		if (hit(pid, entry))
			return too_late(process, err);
		if (!hit(pid, notify)) {
			/* Somebody else's trap, which ends a program that has no handler yet. */
			tracee_continue(pid, stop.signal);
			return tracee_next(pid).event == TRACEE_EVENT_ENDED
				       ? 0
				       : df_fail(err, DF_E_SYSTEM,
						 "%s: its loader stopped at a breakpoint of its "
						 "own",
						 process->name);
		}
		const int done = loader_is_done(loader, process, &announced, err);
		if (done != 0)
			return done;
		if (!step_over(pid, notify))
			return 0;
	}
}

static int with_breakpoints(const struct process *process, const struct loader *loader,
			    struct df_err *err)
{
	const pid_t pid = process->pid;
	struct breakpoint notify = {0}, entry = {0};
	int status = set(process, &notify, loader->notify, err);
	if (status == 0)
		status = set(process, &entry, loader->entry, err);
	if (status == 0)
		status = run_loader(process, loader, &notify, &entry, err);
	if (status == 0)
		return 0;
	place(pid, &notify, notify.byte);
	place(pid, &entry, entry.byte);
	/* Out of the stop by a breakpoint, whose signal is not for the program. */
	return settle(pid) ? status : 0;
}

static int note_signals(struct newborn *newborn, const struct process *process, struct df_err *err)
{
	char status[STATUS_SIZE];
	CLEANUP_FD int fd = process_file(process, "status", err);
	if (fd < 0)
		return fd;
	const char *ignored =
		status_read(fd, status, sizeof(status)) < 0 ? NULL : status_field(status, "SigIgn");
	if (!ignored || !tracee_get_mask(newborn->pid, &newborn->mask))
		return df_fail(err, DF_E_SYSTEM, "cannot tell the signal mask of process %d",
			       newborn->pid);
	newborn->ignores_traps = (strtoull(ignored, NULL, 16) >> (SIGTRAP - 1) & 1) != 0;
	return 0;
}

int newborn_load(struct newborn *newborn, const struct process *process, struct df_err *err)
{
	struct loader loader;
	int status = note_signals(newborn, process, err);
	if (status == 0)
		status = loader_find(process, &loader, err);
	if (status < 0)
		return status;
	return loader.present ? with_breakpoints(process, &loader, err) : 1;
}

/* ---- ways out ---- */

void newborn_end(const struct newborn *newborn, int status)
{
	tracee_exit(newborn->pid, status);
}

/* rt_sigaction(2) as the kernel has it. */
struct kernel_action {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

static bool ignore_traps(const struct newborn *newborn)
{
	const struct kernel_action action = {.handler = (uint64_t)(uintptr_t)SIG_IGN};
	const struct tracee_call call = {
		.number = SYS_rt_sigaction,
		.argument = {SIGTRAP, 0, 0, sizeof(action.mask)},
		.data = &action,
		.size = sizeof(action),
	};
	return tracee_call(newborn->pid, &call) == 0 && settle(newborn->pid);
}

int newborn_release(const struct newborn *newborn, struct df_err *err)
{
	if ((!newborn->ignores_traps || ignore_traps(newborn)) &&
	    tracee_set_mask(newborn->pid, newborn->mask) && tracee_spare(newborn->pid))
		return 0;
	if (!tracee_interrupt(newborn->pid))
		return df_fail(err, DF_E_NO_PROCESS, "process %d was killed", newborn->pid);
	return df_fail(err, DF_E_SYSTEM, "process %d cannot be let go as it was", newborn->pid);
}
