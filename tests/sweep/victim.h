/* SPDX-License-Identifier: Apache-2.0 */
/*
 * victim.h - dfpatch, run under ptrace(2), and disturbed at one of its system calls.
 *
 * A call is counted where it is entered. Threads of dfpatch count with it; processes that
 * it starts (its helpers) are followed, and counted for themselves.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aim.h"

enum disturb {
	LEAVE,	/* nothing: to see what it does */
	KILL,	/* SIGKILL */
	FAIL,	/* the call fails */
	SIGNAL, /* some other signal */
	ORPHAN, /* its helpers are killed */
	HOLD,	/* it does not go on, where the target or libdf within waits for it */
};

struct disturbance {
	enum disturb what;
	bool helper;  /* at a call of a helper, to that */
	bool forever; /* FAIL: and so do all after it of that number */
	int signal;
	long at;    /* number of the call, from 0 */
	size_t way; /* FAIL: in which way (faults.h) */
};

#define VICTIM_TEXT 8192 /* on standard error, */
#define VICTIM_OUT 32768 /* and on standard output */

struct outcome {
	int status;   /* exit status, or minus the signal */
	bool reached; /* it came to that call, */
	bool done;   /* and was disturbed there: false if the call cannot fail so, or held nobody */
	bool looked; /* it had opened the target by then */
	bool late;   /* it had to be killed at the end of all patience */
	bool held_on; /* HOLD: nobody ended it */
	bool target_died;
	long call;	    /* the call, */
	long fault;	    /* what it returned, */
	unsigned long size; /* and its third argument */
	long calls;	    /* how many there were, */
	long helper_calls;
	size_t helpers; /* and of how many helpers */
	char err[VICTIM_TEXT];
	char out[VICTIM_OUT];
};

/* Runs it with arguments up to NULL, until it and all that it started has ended. */
bool victim_run(const struct aim *aim, const char *const *argv, const struct disturbance *disturb,
		struct outcome *outcome);

/* Without ptrace and undisturbed: the exit status, or minus the signal; -1000 if it hangs. */
int tool_run(const char *const *argv, char err[VICTIM_TEXT]);

#endif
