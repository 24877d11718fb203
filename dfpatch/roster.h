/* SPDX-License-Identifier: Apache-2.0 */
/* roster.h - which processes there are, from one look at /proc (proc_pid_stat(5)). */
#ifndef DFPATCH_ROSTER_H
#define DFPATCH_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct roster_entry {
	pid_t pid;
	pid_t parent;
	uint64_t started; /* clock ticks since boot: tells it from a later one of the same number */
	char state;	  /* as ps(1) shows it */
	bool kernel;	  /* a thread of the kernel */
	char name[64];	  /* not escaped */
};

/* In ascending order of numbers. Those that we are not allowed to see are not there. */
struct roster {
	struct roster_entry *list; /* owned */
	size_t count;
};

/*
 * Returns 0, DF_E_SYSTEM, DF_E_MEMORY; then *roster is not touched. A lack of descriptors is
 * such a failure: whom we cannot look at for that is not taken for gone.
 */
int roster_read(struct roster *roster, struct df_err *err);

/* NULL if it is not there. */
const struct roster_entry *roster_find(const struct roster *roster, pid_t pid);

/*
 * Looks at one process, or thread, now. Returns 1, 0 if there is none, DF_E_PERMISSION or
 * DF_E_SYSTEM.
 */
int roster_look(pid_t pid, struct roster_entry *entry, struct df_err *err);

/* The same of the process whose directory below /proc that is. */
int roster_look_at(int dir, struct roster_entry *entry, struct df_err *err);

/* Parses the text of /proc/PID/stat, which is changed. False if it is none. */
bool roster_parse(char *text, struct roster_entry *entry);

void roster_free(struct roster *roster);

#endif
