/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.h - a change of one process: what is asked for, and what it came to.
 */
#ifndef DFPATCH_CHANGE_H
#define DFPATCH_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "marks.h"
#include "plan.h"
#include "process.h"
#include "script_source.h"
#include "select.h"

struct tracee;
struct recorder;

/* How the bytes are to be written. */
enum mode {
	MODE_AUTO, /* quietly where that is safe, else with every thread stopped */
	MODE_QUIET,
	MODE_STOP,
};

struct change_result;
struct undo_request;

/* Who is told what will be written, just before; an error keeps it from being written. */
struct change_witness {
	int (*tell)(void *context, const struct change_result *result, struct df_err *err);
	void *context;
};

struct change_request {
	enum df_op op;
	const char *const *patterns; /* none: all flags */
	size_t pattern_count;
	const struct scripts *scripts;	 /* in place of operation and patterns; NULL for these */
	const struct criteria *criteria; /* what else flags have to be; NULL: nothing */
	const struct undo_request *undo; /* in place of all these (undo.h); NULL for these */
	pid_t pid;
	struct process_check check; /* whether it is one that is meant; nothing to ask: it is */
	bool dry_run;
	enum mode mode;
	uint64_t timeout;    /* ns: for waiting on other controllers, and trying again */
	uint64_t max_stop;   /* ns: how long threads may take to stop */
	struct tracee *held; /* the only thread of a program that its caller holds; NULL: it runs */
	struct marks *marks; /* where what is done is remembered; NULL: nowhere */
	struct recorder *recorder; /* who is told what is done (recorder.h); NULL: nobody */
	bool inherits; /* what is remembered counts as done here, too, where a fork brought it */
	struct change_witness witness; /* nobody to tell: NULL */
};

/* What a change came to; valid as far as it got, also after a failure. */
struct change_result {
	struct process process;
	struct images images;
	struct selection selection;
	struct df_plan *plans; /* one per image, owned */
	uint8_t **opcodes;     /* likewise */
	bool stopped;	       /* threads stood still at some time, */
	char why_stopped[320]; /* and why, where nobody asked for it; not escaped */
	size_t threads;	       /* how many, the last time */
	uint64_t pause;	       /* ns, all stops added */
	size_t committed;      /* modules that were changed */
	uint64_t until;	       /* CLOCK_REALTIME, ns: when it is to be taken back; 0 for never */
	bool unrecorded;       /* the error says that it was made, and not recorded */
	size_t recovered; /* modules in which the work of a controller that died was put right */
};

#endif
