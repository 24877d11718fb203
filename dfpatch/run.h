/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - the pipeline: pin, load, select, plan, verify, own, commit, let go.
 */
#ifndef DFPATCH_RUN_H
#define DFPATCH_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "image.h"
#include "plan.h"
#include "process.h"
#include "select.h"

/* What to look at: a file, or a process. */
struct target {
	const char *file; /* NULL for a process */
	pid_t pid;
};

/* How the bytes are to be written. */
enum mode {
	MODE_AUTO, /* quietly where that is safe, else with every thread stopped */
	MODE_QUIET,
	MODE_STOP,
};

struct change_request {
	enum df_op op;
	pid_t pid;
	const char *const *patterns; /* none: all flags */
	size_t pattern_count;
	bool dry_run;
	enum mode mode;
	uint64_t timeout;  /* ns: for waiting on other controllers, and trying again */
	uint64_t max_stop; /* ns: how long threads may take to stop */
};

/* What a change came to; valid as far as it got, also after a failure. */
struct change_result {
	struct process process;
	struct images images;
	struct selection selection;
	struct df_plan *plans; /* one per image, owned */
	uint8_t **opcodes;     /* likewise */
	bool stopped;	       /* threads stood still at some time, */
	char why_stopped[256]; /* and why, where nobody asked for it; not escaped */
	size_t threads;	       /* how many, the last time */
	uint64_t pause;	       /* ns, all stops added */
	size_t committed;      /* modules that were changed */
	size_t recovered; /* modules in which the work of a controller that died was put right */
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

/* Loads the flags of a file or process, with their counts, and selects by patterns. */
int run_list(const struct target *target, const char *const *patterns, size_t pattern_count,
	     struct list_result *result, struct df_err *err);

void list_free(struct list_result *result);

#endif
