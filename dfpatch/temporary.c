/* SPDX-License-Identifier: Apache-2.0 */
/* temporary.c - the changes of one call of dfpatch, made for a time and then taken back. */
#include "temporary.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "diag.h"
#include "end_signals.h"
#include "inherited.h"
#include "run.h"
#include "summary.h"

/* For how long the keeper does nothing when time is up, so that we do; and between two undos, while
 * we print. */
#define GRACE_NS UINT64_C(1000000000)
#define PRINTING_NS UINT64_C(10000000000)

static const struct undo no_undo = {.pidfd = -1, .mem = -1};
static const struct process nothing_open = {.pidfd = -1, .dir = -1, .mem = -1};

/* It knows all that we know. */
static int start_keeper(struct temporary *t, uint64_t from_now, struct df_err *err)
{
	t->keeper_due = monotonic_now() + from_now;
	return keeper_start(&t->keeper, t->keeper_due, err);
}

bool temporary_nothing_left(int status)
{
	return status == -(int)DF_E_NO_PROCESS || status == -(int)DF_E_EXEC;
}

/* ---- in the keeper ---- */

/* The lock of the process is that of our client's change, and ends with that. */
static void begin_to_keep(void *context)
{
	struct temporary *t = context;
	process_close(&t->ours);
}

/* What was under way, as far as anybody knows. */
static void settle_trial(struct temporary *t)
{
	const struct keeper_word word = keeper_told(&t->keeper);
	if (word.told)
		undo_settle(&t->trial, word.done, word.open);
}

static enum taken say(const struct undo *undo, int status, const struct change_result *result,
		      const struct df_err *err)
{
	if (temporary_nothing_left(status))
		return TAKEN_BACK;
	if (status < 0) {
		struct df_err told = *err;
		if (!result->unrecorded)
			df_err_prefix(&told, "what was changed for a time was not taken back");
		diag_error(&told);
		return TAKEN_NOT_ALL;
	}
	const struct totals totals = totals_of(result);
	diag_note("process %d (%s): the watchdog took back what was changed for a time: %zu "
		  "flag%s, %zu unhooked and left alone",
		  undo->pid, undo->name, totals.changed.flags, totals.changed.flags == 1 ? "" : "s",
		  totals.unhooked.flags);
	return totals.unhooked.flags > 0 ? TAKEN_BUT_UNHOOKED : TAKEN_BACK;
}

/*
 * What was under way becomes one more change, or one more undo of which nobody knows whether it was
 * carried out. There is room in the list (have_room()).
 */
static int adopt_trial(struct temporary *t, struct df_err *err)
{
	settle_trial(t);
	if (t->trial.count == 0)
		return 0;
	if (t->undoing) {
		struct undo *tried = reallocarray(t->tried, t->tried_count + 1, sizeof(*tried));
		if (!tried)
			return df_fail_memory(err);
		t->tried = tried;
		t->tried[t->tried_count++] = t->trial;
	} else {
		t->list[t->count++] = t->trial;
	}
	t->trial = no_undo;
	return 0;
}

/* We may be ended, too, by a watchdog or by somebody: so we have a keeper of our own. */
static int take_over(void *context)
{
	struct temporary *t = context;
	const struct keeper_duty duty = t->keeper.duty;
	enum taken worst = TAKEN_BACK;
	struct df_err err;
	if (adopt_trial(t, &err) < 0 || keeper_begin(&t->keeper, &duty, &err) < 0) {
		diag_error(&err);
		return TAKEN_NOT_ALL;
	}
	t->ours = nothing_open;
	if (start_keeper(t, PRINTING_NS, &err) < 0)
		diag_note("%s", err.text);
	for (size_t i = t->next; i < t->count; i++) {
		struct change_request request;
		struct change_result result;
		const int status = temporary_undo(t, i, &request, &result, &err);
		const enum taken taken = say(&t->list[i], status, &result, &err);
		if (taken > worst)
			worst = taken;
		change_free(&result);
	}
	keeper_end(&t->keeper);
	return (int)worst;
}

/* ---- beginning ---- */

int temporary_begin(struct temporary *t, uint64_t span, struct df_err *err)
{
	*t = (struct temporary){.span = span, .trial = no_undo, .signals = -1};
	const struct keeper_duty duty = {
		.begin = begin_to_keep, .take_over = take_over, .context = t};
	inherited_allow_descriptors(); /* each process takes two */
	t->signals = end_signals_open();
	const int status = keeper_begin(&t->keeper, &duty, err);
	if (status < 0 || t->signals >= 0)
		return status;
	return df_fail_errno(err, DF_E_SYSTEM, "nothing was changed: cannot wait for signals");
}

static void forget_tried(struct temporary *t)
{
	for (size_t i = 0; i < t->tried_count; i++)
		undo_free(&t->tried[i]);
	free(t->tried);
	t->tried = NULL;
	t->tried_count = 0;
}

void temporary_end(struct temporary *t)
{
	keeper_end(&t->keeper);
	for (size_t i = 0; i < t->count; i++)
		undo_free(&t->list[i]);
	free(t->list);
	forget_tried(t);
	undo_free(&t->trial);
	cleanup_fd(&t->signals);
	*t = (struct temporary){.signals = -1, .trial = no_undo};
}

/* ---- changes ---- */

static bool interrupted(const struct temporary *t)
{
	struct pollfd signal = {.fd = t->signals, .events = POLLIN};
	return poll(&signal, 1, 0) > 0;
}

static int have_room(struct temporary *t, struct df_err *err)
{
	struct undo *list = reallocarray(t->list, t->count + 1, sizeof(*list));
	if (!list)
		return df_fail_memory(err);
	t->list = list;
	return 0;
}

/* From now on there is somebody who takes back what is written next. */
static int before_writing(void *context, const struct change_result *result, struct df_err *err)
{
	struct temporary *t = context;
	if (!t->undoing && interrupted(t))
		return df_fail(err, DF_E_TIMEOUT, "a signal came first; nothing was changed");
	undo_free(&t->trial);
	t->ours = result->process;
	int status = t->undoing ? 0 : have_room(t, err);
	if (status == 0)
		status = undo_begin(&t->trial, result, err);
	if (status == 0)
		status = start_keeper(t, t->undoing ? PRINTING_NS : t->span + GRACE_NS, err);
	t->told = status < 0;
	return status;
}

static int too_late(struct change_result *result, struct df_err *err)
{
	*result = (struct change_result){.process = nothing_open};
	return df_fail(err, DF_E_TIMEOUT,
		       "dfpatch stood still for too long, and its watchdog has taken back what "
		       "was changed; nothing else was changed");
}

static void begin(struct temporary *t)
{
	undo_free(&t->trial);
	t->told = true;
}

/* Tells the keeper how it went, if there is one that knows of it. */
static void settle(struct temporary *t, const struct change_result *result, int status)
{
	const bool open = status == -(int)DF_E_UNDO;
	undo_settle(&t->trial, result->committed, open);
	if (!t->told)
		keeper_tell(&t->keeper, result->committed, open);
	t->told = true;
}

static void remember(struct temporary *t)
{
	if (t->trial.count == 0)
		return;
	t->list[t->count++] = t->trial;
	t->trial = no_undo;
	t->due = monotonic_now() + t->span;
	t->due_clock = wall_now() + t->span;
}

/* By one that knows all that was changed, and when. `open` is the process that we have open. */
static void refresh_keeper(struct temporary *t, const struct process *open)
{
	struct df_err err;
	const uint64_t now = monotonic_now(), due = t->due + GRACE_NS;
	t->ours = *open;
	if (start_keeper(t, now < due ? due - now : 0, &err) < 0)
		diag_note("%s", err.text);
}

int temporary_change(struct temporary *t, const struct change_request *request,
		     struct change_result *result, struct df_err *err)
{
	if (!t)
		return run_change(request, result, err);
	if (!keeper_take_turn(&t->keeper))
		return too_late(result, err);
	struct change_request mine = *request;
	mine.witness = (struct change_witness){.tell = before_writing, .context = t};
	t->manner = (struct change_request){.mode = request->mode,
					    .timeout = request->timeout,
					    .max_stop = request->max_stop,
					    .recorder = request->recorder};
	begin(t);
	const int status = run_change(&mine, result, err);
	settle(t, result, status);
	remember(t);
	/* The keeper was started before, and would now come too early. */
	if (t->due != 0 && t->keeper_due < t->due + GRACE_NS / 2)
		refresh_keeper(t, &result->process);
	keeper_give_turn(&t->keeper);
	return status;
}

/* ---- the time ---- */

/* Whether some of those that were changed live: adds them to the `count` that are polled. */
static bool watch_ends(const struct temporary *t, struct pollfd *polled, nfds_t *count)
{
	bool any = false;
	for (size_t i = 0; i < t->count; i++) {
		struct pollfd end = {.fd = t->list[i].pidfd, .events = POLLIN};
		if (poll(&end, 1, 0) != 0)
			continue;
		any = true;
		polled[(*count)++] = end;
	}
	return any;
}

static struct timespec time_left(const struct temporary *t, bool *none)
{
	const uint64_t now = monotonic_now();
	*none = now >= t->due;
	return timespec_of(*none ? 0 : t->due - now);
}

static enum over wait_by(struct temporary *t, struct pollfd *polled, int *signal)
{
	for (;;) {
		bool late;
		const struct timespec left = time_left(t, &late);
		nfds_t count = 0;
		*signal = end_signals_take(t->signals);
		if (*signal != 0)
			return OVER_SIGNAL;
		if (late)
			return OVER_TIME;
		if (!watch_ends(t, polled, &count))
			return OVER_ENDED;
		polled[count++] = (struct pollfd){.fd = t->signals, .events = POLLIN};
		polled[count++] = (struct pollfd){.fd = t->keeper.pidfd, .events = POLLIN};
		(void)ppoll(polled, count, &left, NULL);
		if (keeper_is_gone(&t->keeper) && keeper_take_turn(&t->keeper)) {
			diag_note("the watchdog of this dfpatch, process %d, has ended; there is "
				  "another one now",
				  t->keeper.pid);
			refresh_keeper(t, &nothing_open);
			keeper_give_turn(&t->keeper);
		}
	}
}

static enum over taken_over(struct temporary *t, enum taken *taken)
{
	const int status = keeper_wait(&t->keeper);
	*taken = status < 0 || status > TAKEN_NOT_ALL ? TAKEN_NOT_ALL : (enum taken)status;
	return OVER_TAKEN;
}

enum over temporary_wait(struct temporary *t, int *signal, enum taken *taken)
{
	CLEANUP_FREE struct pollfd *polled = calloc(t->count + 2, sizeof(*polled));
	/* Without memory to wait in, it is over at once. */
	const enum over over = polled ? wait_by(t, polled, signal) : OVER_TIME;
	if (!keeper_take_turn(&t->keeper))
		return taken_over(t, taken);
	keeper_give_turn(&t->keeper);
	return over;
}

/* ---- taking back ---- */

int temporary_undo(struct temporary *t, size_t i, struct change_request *request,
		   struct change_result *result, struct df_err *err)
{
	const struct undo_request what = {
		.undo = &t->list[i], .tried = t->tried, .tried_count = t->tried_count};
	*request = t->manner;
	request->pid = t->list[i].pid;
	request->undo = &what;
	request->check = (struct process_check){.ask = undo_check, .context = &t->list[i]};
	request->witness = (struct change_witness){.tell = before_writing, .context = t};
	t->next = i;
	t->undoing = true;
	if (!keeper_take_turn(&t->keeper))
		return too_late(result, err);
	begin(t);
	const int status = run_change(request, result, err);
	settle(t, result, status);
	request->undo = NULL;
	t->next = i + 1;
	forget_tried(t);
	keeper_give_turn(&t->keeper);
	return status;
}
