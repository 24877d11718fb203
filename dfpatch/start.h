/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.h - a program, started with its flags set before it runs.
 *
 * dfpatch itself becomes the program, by exec, so that the process that somebody waits for, signals
 * and finds in its terminal's foreground is the program from the beginning to the end, and nothing
 * has to be handed on. A helper (helper.h) traces it from before that exec to the moment at which
 * all is mapped and nothing has run (newborn.h), sets the flags, and ends: which lets the program
 * go, and leaves no tracer. If the helper fails, or is killed, the program ends before it began.
 */
#ifndef DFPATCH_START_H
#define DFPATCH_START_H

#include <stddef.h>

#include "err.h"
#include "script_source.h"

struct recorder;

/* What dfpatch ends with if it does not become the program, as env(1) does. */
enum start_status {
	START_FAILED = 125,  /* by a fault of its own, or of the script */
	START_REFUSED = 126, /* the command is there, and cannot be started */
	START_UNKNOWN = 127, /* there is no such command */
};

struct start_request {
	char *const *command; /* and its arguments, up to NULL; found as by execvp(3) */
	const struct script_source *sources;
	size_t source_count;
	struct recorder *recorder; /* as in a change (change.h) */
	void (*give_back)(void);   /* puts back what we changed that a program inherits; or NULL */
};

/*
 * Starts the command, and returns only if it was not started: an error, with *status. Returns 0 in
 * the helper, which then has nothing left to do but to end; what went wrong there it has said.
 */
int start_command(const struct start_request *request, int *status, struct df_err *err);

#endif
