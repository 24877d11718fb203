/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - the pipeline.
 *
 *   watchdog_start, process_open, process_lock     once
 *   plans_load, plans_make, way_choose             while the target runs
 *   stopped_commit, quiet_commit or held_commit    nothing allocated, printed, opened
 *     own_...: locks free, dead controllers' work put right
 *     carry_recheck, carry_out
 *
 * What another controller changes between planning and owning is seen by the
 * recheck: then everything is let go, and loaded and planned anew. So it is when
 * a module looks damaged, which may be one that was being loaded or unloaded.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "carry.h"
#include "clock.h"
#include "held.h"
#include "image_process.h"
#include "plans.h"
#include "quiet.h"
#include "recorder.h"
#include "stopped.h"
#include "undo.h"
#include "way.h"

/* The memory descriptor cannot tell exec from exit. */
static int with_end_explained(int status, const struct process *process, struct df_err *err)
{
	return status == -(int)DF_E_NO_PROCESS ? process_explain_end(process, err) : status;
}

/* ---- changes ---- */

/* With every thread stopped there is more time than a claim has. */
static bool may_stop(struct work *w)
{
	if (w->request->mode == MODE_QUIET)
		return false;
	snprintf(w->result->why_stopped, sizeof(w->result->why_stopped),
		 "the time of a claim was over before all was written");
	return true;
}

/*
 * A quiet change had no time to end what it began, on a busy machine. The next controller would
 * put that right; better we do, and carry out the rest: with every thread stopped, or where that
 * is not allowed or fails, quietly once more. `err` says why it was left open.
 */
static int close_open(struct work *w, struct df_err *err)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	struct df_err last;
	int status = -(int)err->code;
	for (bool stop = may_stop(w); w->left_open && monotonic_now() < w->deadline;
	     stop = !stop && may_stop(w)) {
		nanosleep(&pause, NULL);
		status = recorder_make_room(w, &last);
		if (status < 0)
			break;
		status = stop ? stopped_commit(w, &last) : quiet_commit(w, &last);
		if (status == -(int)DF_E_NO_PROCESS)
			w->left_open = false;
	}
	if (w->left_open)
		return -(int)err->code;
	if (status < 0)
		*err = last;
	return status;
}

/* Room to remember those modules that are begun with again under another claim. */
#define REPEATS 64

static int carry_through(struct work *w, bool quiet, struct df_err *err)
{
	if (w->request->held)
		return held_commit(w, err);
	int status = quiet ? quiet_commit(w, err) : stopped_commit(w, err);
	if (w->left_open)
		status = close_open(w, err);
	return status < 0 ? carry_tell_done(w, err) : 0;
}

static int commit(struct work *w, struct df_err *err)
{
	bool quiet = false;
	int status = claims_begin(&w->claims, w->result->images.count, err);
	if (status == 0 && w->request->marks)
		status = marks_reserve(w->request->marks, w->result->images.count + REPEATS, err);
	w->next = 0;
	if (status == 0 && !w->request->held)
		status = way_choose(w, &quiet, err);
	if (status == 0)
		status = recorder_make_room(w, err);
	if (status == 0 && w->request->witness.tell)
		status = w->request->witness.tell(w->request->witness.context, w->result, err);
	if (status == 0)
		status = recorder_before(w, err);
	return status < 0 ? status : recorder_after(w, carry_through(w, quiet, err), err);
}

static int attempt(struct work *w, struct df_err *err)
{
	int status = plans_load(w, err);
	if (status == 0)
		status = plans_make(w, err);
	if (status == 0 && w->request->dry_run)
		w->result->recovered = plans_count_recovery(w);
	if (status < 0 || w->request->dry_run || !plans_concern_any(w))
		return status;
	return commit(w, err);
}

/* What a module that comes or goes while it is read looks like: damage, until it is looked at
 * again. */
static bool looks_half_read(int status)
{
	return status == -(int)DF_E_TABLE || status == -(int)DF_E_VERSION ||
	       status == -(int)DF_E_SITE || status == -(int)DF_E_SYSTEM;
}

#define LOOKS_MAX 20
#define LOOKS_MIN 3	       /* however long they take */
#define LOOKING_NS 5000000000u /* at a process that is only listed */

/* What an attempt finds out, or puts right, so that the next one gets further. */
struct progress {
	size_t recovered;
	bool denied;
};

static struct progress progress_of(const struct work *w)
{
	return (struct progress){.recovered = w->result->recovered, .denied = w->memory->denied};
}

static bool another_look(int looks, uint64_t deadline)
{
	return looks < LOOKS_MIN || (looks < LOOKS_MAX && monotonic_now() < deadline);
}

/*
 * Nothing that was done may be done twice, and what was put right must be planned on once more:
 * but not without end, if the program itself leaves new work to be put right.
 */
static bool worth_another(const struct work *w, int status, struct progress before, int looks)
{
	const struct progress now = progress_of(w);
	if (w->result->committed > 0)
		return false;
	if (status == -(int)DF_E_CHANGED || status == -(int)DF_E_BUSY)
		return ((now.recovered != before.recovered || now.denied != before.denied) &&
			looks < LOOKS_MAX) ||
		       monotonic_now() < w->deadline;
	return looks_half_read(status) && another_look(looks, w->deadline);
}

static int change_attempts(struct work *w, struct df_err *err)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	for (int looks = 1;; looks++) {
		const struct progress before = progress_of(w);
		const int status = attempt(w, err);
		if (!worth_another(w, status, before, looks))
			return status;
		plans_unload(w->result);
		nanosleep(&pause, NULL);
	}
}

static int prepare(struct work *w, struct df_err *err)
{
	struct change_result *r = w->result;
	int status = claims_begin(&w->claims, 0, err);
	if (status == 0 && !w->request->dry_run && !w->request->held)
		status = watchdog_start(&w->watchdog, err);
	if (status == 0)
		status = process_open_checked(w->request->pid, true, &w->request->check,
					      &r->process, err);
	r->process.not_begun = w->request->held != NULL;
	if (status == 0 && w->request->undo)
		status = undo_take_memory(w->request->undo->undo, &r->process, err);
	if (status == 0 && !w->request->dry_run)
		status = process_lock(&r->process, w->deadline, err);
	if (status == 0)
		status = verifier_new(&w->verifier, err);
	if (status == 0)
		status = threads_begin(&w->threads, &r->process, err);
	proc_mem_begin(w->memory, r->process.mem);
	const struct df_mem memory = proc_mem_interface(w->memory);
	journal_begin(&w->journal, &memory, r->process.pid);
	w->mem = journal_interface(&w->journal);
	return status;
}

static void finish(struct work *w)
{
	claims_drop(&w->claims, &w->mem);
	claims_end(&w->claims);
	threads_end(&w->threads);
	verifier_free(w->verifier);
	free(w->memory);
	journal_end(&w->journal);
	watchdog_end(&w->watchdog);
}

/* What is left half-read of a module that was unloaded looks like damage. */
static int with_unload_explained(int status, const struct process *process,
				 const struct images *images, struct df_err *err)
{
	if (!looks_half_read(status) || !images_unloaded(process, images))
		return status;
	return df_fail(err, DF_E_CHANGED,
		       "process %d unloaded a module meanwhile; nothing was changed, try again",
		       process->pid);
}

/*
 * "Nothing was changed" is said where an error is made, and holds for that attempt; an earlier
 * one may have put right what a dead controller had left.
 */
static int with_recovery_told(int status, const struct change_result *result, struct df_err *err)
{
	static const char phrase[] = "nothing was changed";
	char text[DF_ERR_TEXT], where[64];
	if (status == 0 || result->recovered == 0)
		return status;
	memcpy(text, err->text, sizeof(text));
	snprintf(where, sizeof(where), "%zu module%s", result->recovered,
		 result->recovered == 1 ? "" : "s");
	const char *said = strstr(text, phrase);
	if (!said)
		return df_fail(err, err->code,
			       "%s; before, work that was left half done was put right in %s", text,
			       where);
	return df_fail(err, err->code,
		       "%.*swork that was left half done was put right in %s, nothing else was "
		       "changed%s",
		       (int)(said - text), text, where, said + strlen(phrase));
}

int run_change(const struct change_request *request, struct change_result *result,
	       struct df_err *err)
{
	*result = (struct change_result){.process = {.pidfd = -1, .dir = -1, .mem = -1}};
	struct work work = {
		.request = request,
		.result = result,
		.memory = malloc(sizeof(*work.memory)),
		.threads = {.task = -1},
		.deadline = monotonic_now() + request->timeout,
	};
	struct work *w = &work;
	int status = w->memory ? prepare(w, err) : df_fail_memory(err);
	if (status == 0)
		status = with_end_explained(change_attempts(w, err), &result->process, err);
	if (result->committed == 0)
		status = with_unload_explained(status, &result->process, &result->images, err);
	if (!request->dry_run)
		status = with_recovery_told(status, result, err);
	finish(w);
	return recorder_end(w, status, err);
}

void change_free(struct change_result *result)
{
	plans_unload(result);
	process_close(&result->process);
}

static int list_images(struct list_result *result, struct df_err *err)
{
	int status = images_from_process(&result->process, &result->images, err);
	for (size_t i = 0; status == 0 && i < result->images.count; i++)
		status = with_end_explained(image_refresh(result->images.list[i], err),
					    &result->process, err);
	return status;
}

static int list_process(const struct target *target, struct list_result *result, struct df_err *err)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	const uint64_t deadline = monotonic_now() + LOOKING_NS;
	int status =
		process_open_checked(target->pid, false, &target->check, &result->process, err);
	if (status < 0)
		return status;
	for (int looks = 1;; looks++) {
		status = list_images(result, err);
		const bool again = looks_half_read(status) && another_look(looks, deadline);
		if (!again && (status != -(int)DF_E_CHANGED || monotonic_now() >= deadline))
			break;
		images_free(&result->images);
		nanosleep(&pause, NULL);
	}
	return with_unload_explained(status, &result->process, &result->images, err);
}

static int select_listed(const struct criteria *criteria, const char *const *patterns,
			 size_t pattern_count, struct list_result *r, struct df_err *err)
{
	const int status =
		selection_make(&r->selection, &r->images, criteria, patterns, pattern_count, err);
	if (status < 0 || !criteria || !criteria_any_state(criteria))
		return status;
	selection_narrow(&r->selection, &r->images, criteria);
	return selection_empty(&r->selection, &r->images) ? criteria_no_state(criteria, err) : 0;
}

int run_list(const struct target *target, const struct criteria *criteria,
	     const char *const *patterns, size_t pattern_count, struct list_result *result,
	     struct df_err *err)
{
	*result = (struct list_result){.process = {.pidfd = -1, .dir = -1, .mem = -1}};
	int status = target->file ? images_from_file(target->file, &result->images, err)
				  : list_process(target, result, err);
	if (status == 0)
		status = select_listed(criteria, patterns, pattern_count, result, err);
	return status;
}

void list_free(struct list_result *result)
{
	selection_free(&result->selection);
	images_free(&result->images);
	process_close(&result->process);
}
