/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - what a command line asks for. */
#ifndef DFPATCH_OPTIONS_H
#define DFPATCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "color.h"
#include "commands.h"
#include "criteria.h"
#include "run.h"
#include "script_source.h"
#include "targets.h"

struct options {
	const struct command *command;
	const char *file;	 /* NULL if --file was not given */
	struct target_wish wish; /* nobody, if a file was given */
	pid_t *pids;		 /* owned: the numbers in it */
	pid_t *members;		 /* owned: in whose pid namespace; 0 for ours */
	const char *columns;
	bool headings;
	bool json;
	enum color_when color;
	bool dry_run;
	enum mode mode;
	uint64_t timeout;      /* ns; of watch, UINT64_MAX if it was not given */
	uint64_t interval;     /* ns */
	uint64_t max_stop;     /* ns */
	uint64_t span;	       /* ns: for how long a change is made; 0 for good */
	const char **patterns; /* owned */
	size_t pattern_count;
	struct criteria criteria;
	char *const *run;   /* what to start and its arguments, up to NULL; part of argv */
	const char **files; /* owned: operands of commands that take files */
	size_t file_count;
	struct script_source *script; /* owned, in the order given */
	size_t script_count;
	bool sites;
	bool verbose;
	int64_t stale;	    /* seconds; 0 if it was not given */
	const char *source; /* each NULL if it was not given */
	const char *html;
	const char *log;
	const char *reason;
	struct recorder *recorder; /* which main makes of them */
};

#endif
