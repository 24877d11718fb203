/* SPDX-License-Identifier: Apache-2.0 */
/*
 * several.h - a command on every process that is meant, one after the other; what goes
 * wrong with one keeps none of the others from its turn.
 *
 * A process that was not named by its number is skipped if it has no flags, none that a
 * pattern means, or exits before its turn.
 */
#ifndef DFPATCH_SEVERAL_H
#define DFPATCH_SEVERAL_H

#include <stdbool.h>

#include "cli.h"
#include "err.h"
#include "summary.h"
#include "temporary.h"

struct several {
	struct targets_tally tally;
	bool failed_by[DF_E_UNDO + 1]; /* the codes of those that failed, or of looking for more */
	size_t written;		       /* targets; also when they failed, or the report does */
	bool printed;		       /* the JSON document, so that no second one may follow */
};

/*
 * Carries out the command, with its script, and prints what came of it. Returns 0, also if
 * targets failed, or those that were started meanwhile could not be looked for, which is in
 * *several; DF_E_NO_PROCESS if none is meant, DF_E_PATTERN before anything is touched; or
 * DF_E_SYSTEM, DF_E_MEMORY. Changes are made for a time if `temporary` is not NULL.
 */
int several_run(const struct options *options, const struct scripts *scripts,
		struct temporary *temporary, struct several *several, struct df_err *err);

/*
 * Numbers the processes that are meant as our pid namespace does, where others do so otherwise.
 * Returns 0 or what namespace_process() gives.
 */
int several_number(const struct options *options, struct df_err *err);

/* What options ask of a process; `scripts` is theirs, read, and NULL for a command without. */
struct change_request change_request_of(const struct options *options,
					const struct scripts *scripts, pid_t pid);

/* DF_E_PATTERN if a pattern is none, whatever the process. */
int several_check_patterns(const struct options *options, struct df_err *err);

/* DF_E_NO_PROCESS: nobody runs the executable. */
int several_nobody(const struct options *options, struct df_err *err);

/* A note on each module whose file is not the one that runs any more. */
void several_note_disk(const struct images *images);

/* A note on processes that may run it unseen. */
void several_note_unseen(const struct options *options, const struct targets *targets);

#endif
