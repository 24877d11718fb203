/* SPDX-License-Identifier: Apache-2.0 */
/* watch_event.h - what is told of processes that are followed. */
#ifndef DFPATCH_WATCH_EVENT_H
#define DFPATCH_WATCH_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "image.h"
#include "summary.h"

enum watch_what {
	WATCH_START,	/* a process is followed from now on */
	WATCH_CHANGE,	/* of a flag */
	WATCH_MISSED,	/* there were changes between two looks that nobody saw alone */
	WATCH_INIT,	/* a module was initialised */
	WATCH_UNREAD,	/* a module cannot be read for now */
	WATCH_LOADED,	/* a module */
	WATCH_UNLOADED, /* likewise */
	WATCH_EXEC,	/* the process runs another program */
	WATCH_EXIT,	/* the process exited */
	WATCH_FAILED,	/* the process is followed no longer */
};

/* One word, for people and machines. */
const char *watch_what_name(enum watch_what what);

/* The changes of a module since the look before, of which it tells the last. */
struct watch_commits {
	uint64_t count;
	uint64_t generation; /* of the last, as the module counts */
	uint64_t at;	     /* wall clock, ns since the epoch, as its controller wrote it down */
	uint32_t by;	     /* process id of its controller, as that process sees itself */
	bool inside;	     /* that is the process itself */
};

/* What does not belong to an event is zero. Strings and modules are borrowed, and untrusted. */
struct watch_event {
	enum watch_what what;
	uint64_t seen; /* when that was found out: wall clock, ns since the epoch */
	pid_t pid;
	const char *name;	      /* of the process */
	const struct image *image;    /* the module; NULL for all of the process */
	const struct df_flag *flag;   /* of a change */
	struct flag_counts before;    /* likewise */
	struct flag_counts after;     /* likewise */
	size_t sites_changed;	      /* likewise */
	struct watch_commits commits; /* of a change, those missed, an initialisation */
	size_t flags;	  /* that are followed: of a start, an exec, a module that comes or goes */
	size_t modules;	  /* that have them */
	uint64_t changes; /* of these modules, before the first look */
	size_t longest;	  /* bytes of the longest full name among them */
	bool several;	  /* the process has several modules with flags */
	const struct df_err *err; /* of a failure, or why it cannot be read */
};

/* Takes events; false ends it all. */
struct watch_sink {
	void *context;
	bool (*tell)(void *context, const struct watch_event *event);
};

#endif
