/* SPDX-License-Identifier: Apache-2.0 */
/* quiet.c - carrying a change out while the program runs. */
#include "quiet.h"

#include "carry.h"
#include "cleanup.h"
#include "clock.h"
#include "own.h"
#include "own_signals.h"
#include "processors.h"
#include "status.h"

/* What is over by itself before the watchdog bites, once the time is over. */
#define GRACE_NS 50000000u

/*
 * Whoever traces the program may have put breakpoints where we write, and would put the
 * old bytes back. A tracer of a single thread other than the first is not looked for: it would
 * take a look at each of them. Its breakpoints stand in the memory of all, where verifying
 * finds them; and those of other kinds are in registers, which concern nobody.
 */
static int check_untraced(const struct work *w, struct df_err *err)
{
	char status[STATUS_SIZE];
	const struct process *process = &w->result->process;
	CLEANUP_FD int fd = process_file(process, "status", err);
	if (fd < 0)
		return fd;
	if (status_read(fd, status, sizeof(status)) < 0 || status_number(status, "TracerPid") == 0)
		return 0;
	return process_explain_denial(process, "change", err);
}

/* The first byte that will be written; NULL if there is none. */
static const struct df_edit *first_edit(const struct work *w)
{
	for (size_t i = w->next; i < w->result->images.count; i++)
		if (w->result->plans[i].edit_count > 0)
			return &w->result->plans[i].edits[0];
	return NULL;
}

/* Before the commit point, where it is still nothing to go back. */
static int check_way(struct work *w, struct df_err *err)
{
	const struct df_edit *edit = first_edit(w);
	const int status = edit ? proc_mem_probe(w->memory, edit->addr, edit->before[0], err) : 0;
	if (status < 0 || !w->memory->denied)
		return status;
	return df_fail(err, DF_E_CHANGED, "the kernel lets only a tracer write text");
}

static int too_busy(const struct work *w, struct df_err *err)
{
	return df_fail(err, DF_E_BUSY,
		       "the machine is too busy to change flags of process %d quietly; nothing was "
		       "changed, try again or use --stop",
		       w->request->pid);
}

/* Half of the time has to be left when the first byte is written. */
static int check_time(const struct work *w, uint64_t half, struct df_err *err)
{
	return monotonic_now() < half ? 0 : too_busy(w, err);
}

static int work_claimed(struct work *w, uint64_t half, struct df_err *err)
{
	const struct df_stamp stamp = carry_stamp();
	int status = own_claimed(w, &stamp, half, err);
	if (status == 0)
		status = carry_recheck(w, err);
	if (status == 0)
		status = check_way(w, err);
	if (status == 0)
		status = check_time(w, half, err);
	if (status == 0)
		status = carry_out(w, &stamp, err);
	if (status == -(int)DF_E_TIMEOUT)
		status = too_busy(w, err);
	/* Who flips without a pause would be in the way again once we have planned anew. */
	if (status == -(int)DF_E_CHANGED || status == -(int)DF_E_BUSY)
		own_ask_for_turn(w);
	else
		claims_drop(&w->claims, &w->mem);
	return status;
}

int quiet_commit(struct work *w, struct df_err *err)
{
	int status = check_untraced(w, err);
	if (status < 0)
		return status;
	const uint64_t start = monotonic_now();
	status = watchdog_arm(&w->watchdog, start + CLAIM_NS + GRACE_NS, w->request->pid,
			      "for longer than it may take it had claimed the flags of", err);
	if (status < 0)
		return status;
	w->memory->together = false;
	w->memory->until = start + CLAIM_NS;
	w->memory->late = false;
	own_signals_hold(&w->threads.signals);
	priority_raise(&w->threads.priority);
	status = work_claimed(w, start + CLAIM_NS / 2, err);
	priority_restore(&w->threads.priority);
	w->memory->until = 0;
	watchdog_disarm(&w->watchdog);
	own_signals_release(&w->threads.signals);
	return status;
}
