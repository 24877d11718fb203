/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patcher.h - a change by a child of the test, which can be held up at any step
 * of it.
 *
 * The child goes through the same pipeline as dfpatch. Its steps are the system
 * calls from the first write to the target on: reading and writing the target's
 * memory, and moving from processor to processor. Programs that are linked with
 * this wrap the functions behind them.
 */
#ifndef PATCHER_H
#define PATCHER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "change.h"
#include "live.h"

enum step_kind {
	STEP_WRITE,
	STEP_READ,
	STEP_HOP,
};

struct step {
	enum step_kind kind;
	uint64_t addr; /* run-time address */
	uint64_t size;
};

#define STEPS_MAX 1024

/* What the child is to do; what is left out is 0. */
struct wish {
	enum mode mode;
	enum df_op op;
	const char *pattern;
	uint64_t timeout;  /* ns; 0: ten seconds */
	uint64_t max_stop; /* likewise */
	int hold;	   /* before this step, counted from 1, it waits for patcher_go_on() */
	unsigned delay_us; /* or this long before each step */
	int times;	   /* this many changes, `op` and `back` in turn; 0: one */
	enum df_op back;
	bool without_watchdog;
	bool kill_watchdog;	      /* as soon as it is there */
	void (*setup)(void);	      /* called in the child first */
	int (*instead)(pid_t target); /* of the change: something else, that returns its status */
};

/* What the child says, in shared memory. */
struct patcher_page {
	volatile int steps;
	volatile bool held;
	volatile bool go_on;
	volatile int writes_after; /* to the target, since it went on */
	volatile int traced;	   /* calls of ptrace(2) */
	volatile int done;	   /* changes that succeeded */
	volatile uint64_t longest; /* of them, ns */
	volatile pid_t watchdog;
	volatile int early; /* how often it was disarmed while another thread was there */
	struct step list[STEPS_MAX];
	/* Of the last change. */
	char error[DF_ERR_TEXT];
	bool stopped;
	char why_stopped[sizeof(((struct change_result *)0)->why_stopped)];
	size_t committed, recovered;
	uint64_t pause;
	bool was_raised; /* it had a real-time priority while it wrote */
};

struct patcher {
	pid_t pid;
	int stderr_fd; /* what it and its watchdog say */
	uint64_t started, ns;
	struct patcher_page *page;
};

void patcher_start(struct patcher *patcher, pid_t target, const struct wish *wish);

/* Waits until it is held up; false if it ended before. */
bool patcher_held(const struct patcher *patcher);
void patcher_go_on(const struct patcher *patcher);

/*
 * Waits for its end. Returns what run_change() did, the first failure if there
 * were several changes, or the signal that ended it. patcher_free() is due
 * then.
 */
int patcher_end(struct patcher *patcher);
void patcher_free(struct patcher *patcher);

/* All in one, for a child that is not held up; what it said is in *last. */
int patcher_do(struct patcher *last, pid_t target, const struct wish *wish);

/* The number, from 1, of the first step of this kind that touches this address;
 * 0 for none. */
int patcher_find(const struct patcher *patcher, enum step_kind kind, uint64_t addr);

#endif
