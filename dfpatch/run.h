/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - the pipeline: pin, load, select, plan, verify, own, commit, let go.
 */
#ifndef DFPATCH_RUN_H
#define DFPATCH_RUN_H

#include <stddef.h>

#include "change.h"
#include "err.h"

/* What to look at: a file, or a process. */
struct target {
	const char *file; /* NULL for a process */
	pid_t pid;
	struct process_check check; /* as in a change */
};

/*
 * Carries out a change. Returns 0 or an error of any of the modules below; the
 * target is then as it was unless the code is DF_E_WRITE or DF_E_UNDO, whose text
 * says what happened. change_free() ends *result, also after a failure.
 */
int run_change(const struct change_request *request, struct change_result *result,
	       struct df_err *err);

void change_free(struct change_result *result);

struct list_result {
	struct process process; /* not opened for a file */
	struct images images;
	struct selection selection;
};

/* Loads the flags of a file or process, with their counts, and selects by criteria and patterns. */
int run_list(const struct target *target, const struct criteria *criteria,
	     const char *const *patterns, size_t pattern_count, struct list_result *result,
	     struct df_err *err);

void list_free(struct list_result *result);

#endif
