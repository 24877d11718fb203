/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watched_modules.h - the modules of a process that is followed: which there are, and what changes
 * in them.
 */
#ifndef DFPATCH_WATCHED_MODULES_H
#define DFPATCH_WATCHED_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "criteria.h"
#include "err.h"
#include "image.h"
#include "process.h"
#include "select.h"
#include "targets.h"
#include "watch_event.h"

/* Which flags to follow, and whom to tell. */
struct watch_wish {
	const struct targets *targets;
	const struct criteria *criteria;
	const char *const *patterns;
	size_t pattern_count;
	bool strict; /* who is named by number has to have the flags */
	const struct watch_sink *sink;
};

enum watched_state {
	WATCHED_OPENING, /* there was no complete look yet, since the start or an exec */
	WATCHED_OPEN,
	WATCHED_GONE,	/* exited, or runs another executable than the one meant */
	WATCHED_FAILED, /* the error was told */
};

struct watched_module;

struct watched {
	struct target_id id;
	enum watched_state state;
	struct process process;
	pid_t own; /* its id as it sees itself; 0 if that is not known */
	struct images images;
	struct selection selection;
	struct watched_module *modules; /* as many as images */
	bool started;			/* it was told that it is followed */
	bool executed;			/* it has to be told that it runs another program */
	bool outdated;			/* its modules have to be read anew */
	bool hurry;			/* something will be over soon */
	bool told_blind;		/* and that they cannot be read */
	uint64_t since;	     /* monotonic: of the first attempt to read modules; 0 after success */
	uint64_t not_before; /* monotonic: of the next attempt */
	struct df_err err;   /* of WATCHED_FAILED */
};

/* One look at one process. */
struct look {
	struct watched *watched;
	const struct watch_wish *wish;
	bool over; /* the sink wants no more */
};

/* What is the same of all events of a process; `image` is NULL for all of it. */
struct watch_event watched_event(const struct look *look, enum watch_what what,
				 const struct image *image);

void watched_tell(struct look *look, const struct watch_event *event);

/* That it is followed from now on, or runs another program. */
void watched_tell_start(struct look *look);

/* Whether it has to have the flags that are meant. */
bool watched_is_strict(const struct look *look);

/*
 * Reads which modules there are. Those that are there still are kept, with what is known of them;
 * of those that went it is told. Returns 0 or what images_from_process() and selection_make() do;
 * then all is as before. To have no flags, or none that are meant, is an error only where it is
 * strict, or early: a loader may be at work.
 */
int watched_load(struct look *look, struct df_err *err);

/*
 * Looks at each module, and tells what changed. What cannot be read for now is left for a later
 * look. Returns 0, or what became of a process whose memory is gone: DF_E_EXEC, DF_E_NO_PROCESS,
 * DF_E_SYSTEM.
 */
int watched_read(struct look *look, struct df_err *err);

/* Whether there is a reading of each module, or it was told that there is none for now. */
bool watched_settled(const struct watched *watched);

/* Forgets the modules. */
void watched_drop(struct watched *watched);

#endif
