/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - what was written to text of the target: which bytes, and when.
 *
 * It stands between those who change a module and its memory, and so sees every byte on its
 * way, of a change, of an undo and of the work of a controller that died alike; what is kept is
 * also what the probe dfpatch:flip tells (probe.h). Nothing here allocates but journal_reserve().
 */
#ifndef DFPATCH_JOURNAL_H
#define DFPATCH_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "mem.h"
#include "site.h"

enum journal_cause {
	JOURNAL_CHANGE,
	JOURNAL_UNDO,	  /* of a change that failed */
	JOURNAL_RECOVERY, /* of what a controller that died left */
	JOURNAL_FOUND,	  /* it stood there, where such a controller may have written it */
};

struct moment {
	uint64_t wall;	    /* ns since the epoch */
	uint64_t monotonic; /* CLOCK_MONOTONIC, ns */
	uint64_t tsc;	    /* the processor's time-stamp counter */
};

/*
 * Bytes that were written, and are others than before. Until `from` the old ones stood there;
 * from `until` on every processor executes the new ones. In between it may be either, unless
 * every thread stood still.
 */
struct journal_entry {
	uint64_t addr; /* run-time address */
	uint32_t module;
	uint32_t site;
	uint8_t size;
	uint8_t before[4]; /* not of what was found */
	uint8_t after[4];
	enum journal_cause cause;
	struct moment from;
	struct moment until; /* all 0 if that is not known */
};

struct journal {
	struct df_mem mem; /* what is written through */
	struct journal_entry *entries;
	size_t count;
	size_t room;	/* 0: it is not kept */
	size_t settled; /* entries that have their `until` */
	pid_t pid;
	/* The module whose turn it is, and why it is written to. */
	uint32_t module;
	const struct df_site *sites;
	enum journal_cause cause;
};

/* Begins one that is not kept, of what is written through `mem`. journal_end() ends it. */
void journal_begin(struct journal *journal, const struct df_mem *mem, pid_t pid);

/* A df_mem that writes through it, and must not outlive it. */
struct df_mem journal_interface(struct journal *journal);

/*
 * From now on it is kept, with room for so many entries more. Returns 0 or DF_E_MEMORY. What
 * finds no room later fails with that, too, and is not written.
 */
int journal_reserve(struct journal *journal, size_t count, struct df_err *err);

/* Module number `module`, with these sites, is written to next, and why. */
void journal_turn_to(struct journal *journal, size_t module, const struct df_site *sites,
		     enum journal_cause cause);

/* An entry without a writing of ours. As if it were not there if there is no room for it. */
void journal_add(struct journal *journal, const struct journal_entry *entry);

/* Forgets the entries. */
void journal_clear(struct journal *journal);

void journal_end(struct journal *journal);

/* Whether somebody looks at the probe, so that it has to be kept for that. */
bool journal_is_watched(void);

struct moment moment_now(void);

#endif
