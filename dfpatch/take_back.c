/* SPDX-License-Identifier: Apache-2.0 */
/* take_back.c - waiting, taking changes back, and saying so. */
#include "take_back.h"

#include <stdio.h>
#include <string.h>

#include "diag.h"
#include "exit_status.h"
#include "json.h"
#include "report.h"
#include "report_time.h"

/* One of those that were changed, with what came of it. */
struct ending {
	const struct options *options;
	struct temporary *temporary;
	struct json_targets *json; /* NULL for people */
	struct targets_tally tally;
	enum taken taken; /* the worst */
};

static void note(struct ending *e, enum taken taken)
{
	if (taken > e->taken)
		e->taken = taken;
}

static enum target_how how_of(int status, const struct change_result *result)
{
	if (status == 0)
		return target_how_of(result);
	return temporary_nothing_left(status) ? TARGET_SKIPPED : TARGET_FAILED;
}

static void tell_failure(const struct change_result *result, const struct df_err *err)
{
	struct df_err told = *err;
	if (!result->unrecorded)
		df_err_prefix(&told, "what was changed for a time was not taken back");
	diag_error(&told);
}

static void take_one_back(struct ending *e, size_t i)
{
	const struct undo *undo = &e->temporary->list[i];
	struct change_request request;
	struct change_result result;
	struct df_err err;
	const int status = temporary_undo(e->temporary, i, &request, &result, &err);
	const struct target_end end = {
		.pid = undo->pid, .name = undo->name, .how = how_of(status, &result), .err = &err};
	e->tally.count++;
	e->tally.ends[end.how]++;
	if (e->json)
		json_targets_change(e->json, &end, &request, &result);
	else
		report_target_change(&end, &request, &result);
	if (end.how == TARGET_FAILED)
		tell_failure(&result, &err);
	note(e, end.how == TARGET_FAILED     ? TAKEN_NOT_ALL
		: end.how == TARGET_UNHOOKED ? TAKEN_BUT_UNHOOKED
					     : TAKEN_BACK);
	change_free(&result);
}

/* ---- all of them ---- */

static const char *cause_of(enum over over, int signal)
{
	static char name[32];
	switch (over) {
	case OVER_SIGNAL:
		snprintf(name, sizeof(name), "SIG%s", sigabbrev_np(signal));
		return name;
	case OVER_ENDED:
		return "ended";
	case OVER_TAKEN:
		return "watchdog";
	case OVER_TIME:
	default:
		return "time";
	}
}

static void begin(struct ending *e, const char *cause)
{
	if (!e->options->json) {
		report_taking_back(cause);
		return;
	}
	e->json = json_targets_new(e->options->command->name, false);
	if (e->json)
		json_targets_undo(e->json, cause);
}

static void end(struct ending *e)
{
	static const struct df_err none;
	struct df_err err;
	if (!e->options->json) {
		if (e->tally.count > 1)
			report_targets(&e->tally, false);
		return;
	}
	if (e->json ? json_targets_end(e->json, &e->tally, &none, &err) < 0
		    : df_fail_memory(&err) < 0)
		diag_error(&err);
}

static int status_with(int status, enum taken taken)
{
	if (taken == TAKEN_NOT_ALL)
		return EXIT_WRITE;
	return taken == TAKEN_BUT_UNHOOKED && status == EXIT_DONE ? EXIT_NOT_REACHED : status;
}

int take_back(const struct options *options, struct temporary *t, int status)
{
	struct ending e = {.options = options, .temporary = t};
	enum over over = OVER_TIME;
	int signal = 0;
	if (!options->json)
		report_until(t->due_clock);
	if (report_is_written())
		over = temporary_wait(t, &signal, &e.taken);
	begin(&e, cause_of(over, signal));
	for (size_t i = 0; over != OVER_TAKEN && i < t->count; i++)
		take_one_back(&e, i);
	end(&e);
	return status_with(status, e.taken);
}
