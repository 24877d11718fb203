/* SPDX-License-Identifier: Apache-2.0 */
/* change_run.c - the commands that change flags. */
#include "change_run.h"

#include <stdio.h>

#include "diag.h"
#include "exit_status.h"
#include "json.h"
#include "outcome.h"
#include "report.h"
#include "several.h"
#include "summary.h"
#include "take_back.h"

/* ---- one process ---- */

static int show_change(const struct options *options, const struct change_request *request,
		       const struct change_result *result)
{
	struct df_err err;
	if (!options->json)
		report_change(request, result);
	else if (json_change(options->command->name, request, result, NULL, &err) < 0)
		return outcome_fail_to_report(options, &err);
	return totals_of(result).unhooked.flags > 0 ? EXIT_NOT_REACHED : EXIT_DONE;
}

static int fail_change(const struct options *options, const struct change_request *request,
		       const struct change_result *result, const struct df_err *err)
{
	struct df_err second;
	diag_error(err);
	if (!options->json)
		report_failed_stop("", result);
	if (options->json && json_change(options->command->name, request, result, err, &second) < 0)
		diag_error(&second);
	return exit_status_of(err->code);
}

/* In this and the next, `temporary` is NULL for a change for good. */
static int do_change(const struct options *options, const struct scripts *scripts,
		     struct temporary *temporary)
{
	const struct change_request request =
		change_request_of(options, scripts, options->wish.pids[0]);
	struct change_result result;
	struct df_err err;
	const int status = temporary_change(temporary, &request, &result, &err);
	result.until = temporary ? temporary->due_clock : 0;
	outcome_set_done(request.dry_run ? NULL : change_in_words(&result, status < 0));
	several_note_disk(&result.images);
	const int exit = status < 0 ? fail_change(options, &request, &result, &err)
				    : show_change(options, &request, &result);
	change_free(&result);
	return exit;
}

/* ---- several, or one ---- */

static int do_several(const struct options *options, const struct scripts *scripts,
		      struct temporary *temporary)
{
	static char words[96];
	struct several several;
	struct df_err err;
	const int status = several_run(options, scripts, temporary, &several, &err);
	snprintf(words, sizeof(words), "%zu of %zu processes %s changed", several.written,
		 several.tally.count, several.written == 1 ? "was" : "were");
	outcome_set_done(several.written > 0 ? words : NULL);
	if (status == 0)
		return exit_status_of_several(&several);
	if (several.written > 0 || !several.printed)
		return outcome_fail_to_report(options, &err);
	diag_error(&err);
	return exit_status_of(err.code);
}

static int do_changes(const struct options *options, const struct scripts *scripts,
		      struct temporary *temporary)
{
	return cli_several(options) ? do_several(options, scripts, temporary)
				    : do_change(options, scripts, temporary);
}

/* ---- for a time ---- */

static int for_a_time(const struct options *options, const struct scripts *scripts)
{
	struct temporary temporary;
	struct df_err err;
	int status = temporary_begin(&temporary, options->span, &err);
	status =
		status < 0 ? outcome_fail(options, &err) : do_changes(options, scripts, &temporary);
	if (temporary.count > 0) {
		status = take_back(options, &temporary, status);
		outcome_set_done("the change was made for a time");
	}
	temporary_end(&temporary);
	return status;
}

int change_run(const struct options *options, const struct scripts *scripts)
{
	return options->span != 0 && !options->dry_run ? for_a_time(options, scripts)
						       : do_changes(options, scripts, NULL);
}
