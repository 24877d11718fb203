/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h - one disturbed run of dfpatch, and whether the target and the next call bear it. */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aim.h"
#include "victim.h"

#define JUDGE_ARGS 16

/*
 * How the target is named. But for AS_PID and AS_SCAN there are two, and both are judged: a
 * process that lives must not be passed over because something failed.
 */
enum judge_as { AS_PID, AS_LIST, AS_EXE, AS_TREE, AS_SCAN };

struct trial {
	/* What is given. */
	const char *dfpatch, *target;
	bool init;	  /* the target initialises by itself */
	bool next_inside; /* the next call is one of libdf within, and none of dfpatch */
	enum judge_as as;
	const char *setup;	      /* a command for all of the crowd, before anything else */
	const char *args[JUDGE_ARGS]; /* of dfpatch, up to NULL; the first is the command */
	/* What is found out. */
	struct aim aim, other; /* the second one, if there are two */
	char copy[64];	       /* AS_EXE: an executable that nobody else runs; "" for none */
	bool running;
	bool fresh; /* a new target for each run: it cannot be put back to what it was */
	struct aim_state start;		/* before the operation, */
	struct aim_state done;		/* after it, */
	struct aim_state before, after; /* and each, when the next call has been made */
	struct outcome plain;		/* of the operation when nobody disturbs it */
};

struct verdict {
	char wrong[2 * AIM_TEXT]; /* "" if all is well */
	bool after;		  /* what it came to in the end */
	uint32_t phase;		  /* that it was found in */
	bool claimed;
	uint64_t recovery; /* ns that the next call took */
};

/* Learns what the operation does; false, with a message, if it cannot be swept. */
bool judge_learn(struct trial *trial);

/* One run. */
void judge_run(struct trial *trial, const struct disturbance *disturb, struct outcome *outcome,
	       struct verdict *verdict);

/* Ends the targets, if they run, and removes what was made. */
void judge_end(struct trial *trial);

#endif
