/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.c - what a command came to, told where telling it fails. */
#include "outcome.h"

#include <stddef.h>

#include "diag.h"
#include "exit_status.h"
#include "json.h"
#include "json_watch.h"

static const char *done;

static int print_document(const struct options *options, const struct df_err *err,
			  struct df_err *second)
{
	return options->command->kind == COMMAND_WATCH
		       ? json_watch_error(err, second)
		       : json_error(options->command->name, err, second);
}

int outcome_fail(const struct options *options, const struct df_err *err)
{
	struct df_err second;
	diag_error(err);
	if (options->json && print_document(options, err, &second) < 0)
		diag_error(&second);
	return exit_status_of(err->code);
}

void outcome_set_done(const char *words)
{
	done = words;
}

const char *outcome_done(void)
{
	return done;
}

int outcome_fail_to_report(const struct options *options, const struct df_err *err)
{
	struct df_err told;
	if (!done)
		return outcome_fail(options, err);
	df_fail(&told, DF_E_WRITE, "%s, but that cannot be reported: %s", done, err->text);
	diag_error(&told);
	return exit_status_of(told.code);
}
