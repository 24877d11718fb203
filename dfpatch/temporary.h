/* SPDX-License-Identifier: Apache-2.0 */
/*
 * temporary.h - the changes of one call of dfpatch, made for a time and then taken back.
 *
 *   temporary_begin
 *   temporary_change   for each process: as run_change()
 *   temporary_wait     until the time is over, or a signal comes
 *   temporary_undo     for each of them
 *   temporary_end
 *
 * Signals that would end us are held back from the beginning to the end, and those that would hurt
 * us only while we print are ignored. A keeper (keeper.h) is there from before the first byte is
 * written to the end: whatever becomes of us, what was changed is taken back.
 */
#ifndef DFPATCH_TEMPORARY_H
#define DFPATCH_TEMPORARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "change.h"
#include "err.h"
#include "keeper.h"
#include "undo.h"

/* Why the time is over. */
enum over {
	OVER_TIME,
	OVER_SIGNAL,
	OVER_ENDED, /* all processes have ended */
	OVER_TAKEN, /* the keeper took over, and has taken all back that could be */
};

/* How it went for the keeper: what it ends with. */
enum taken {
	TAKEN_BACK,
	TAKEN_BUT_UNHOOKED, /* some flags were unhooked meanwhile, and left alone */
	TAKEN_NOT_ALL,	    /* it failed for some process */
};

struct temporary {
	uint64_t span; /* ns */
	struct keeper keeper;
	int signals;	   /* end_signals.h */
	struct undo *list; /* owned: of those that were changed */
	size_t count;
	size_t next;	    /* the first that is not yet taken back */
	struct undo trial;  /* what is under way: the change of one more, or the undo of `next` */
	struct undo *tried; /* owned: undos of `next` that somebody who died may have made */
	size_t tried_count;
	bool undoing;		      /* which of both */
	bool told;		      /* no keeper has still to be told how that went */
	struct process ours;	      /* of what is under way; not owned */
	struct change_request manner; /* how it is to be done: its times and mode */
	uint64_t keeper_due;	      /* CLOCK_MONOTONIC, ns */
	uint64_t due;		      /* likewise; since the last change; 0 for none */
	uint64_t due_clock;	      /* the same of CLOCK_REALTIME */
};

/* Returns 0 or DF_E_SYSTEM. temporary_end() ends it, also after a failure. */
int temporary_begin(struct temporary *temporary, uint64_t span, struct df_err *err);

/*
 * run_change(), of which what is changed is remembered. If `temporary` is NULL, that is all.
 * Besides what that returns: DF_E_TIMEOUT if a signal came, or the keeper took over; nothing was
 * changed.
 */
int temporary_change(struct temporary *temporary, const struct change_request *request,
		     struct change_result *result, struct df_err *err);

/* Waits. `signal` is the one that came; `taken` says how it went for the keeper. */
enum over temporary_wait(struct temporary *temporary, int *signal, enum taken *taken);

/*
 * Takes the change of process `i` back, which are to have their turn in order. *request is filled
 * in. Returns what run_change() does; DF_E_NO_PROCESS and DF_E_EXEC if nothing is left of it.
 */
int temporary_undo(struct temporary *temporary, size_t i, struct change_request *request,
		   struct change_result *result, struct df_err *err);

/* Whether that status says so: who ended, or is another program, took what was changed along. */
bool temporary_nothing_left(int status);

void temporary_end(struct temporary *temporary);

#endif
