/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper.h - a process that does what we have still to do, if we are not there to do it.
 *
 * It is a copy of ours, with our memory and our descriptors as they were when it was started: so it
 * knows what we knew, and what we learn later it learns by being replaced by another copy. It takes
 * over when we end, by whatever; or when its time has come and we are not at work, because somebody
 * stopped us, or nobody reads what we print. One of us is at work at a time: each takes its turn,
 * and who takes over keeps it.
 *
 * It has a session of its own and blocks all signals, so that what a terminal sends, or a kill(2)
 * of our group, does not reach it; and its name is not ours, so that who ends us by our name does
 * not end it.
 */
#ifndef DFPATCH_KEEPER_H
#define DFPATCH_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/* What it does; `context` is as in our memory when it was started. */
struct keeper_duty {
	void (*begin)(void *context);	 /* first, in any case */
	int (*take_over)(void *context); /* returns its exit status */
	void *context;
};

struct keeper_page;

struct keeper {
	struct keeper_duty duty;
	struct keeper_page *page; /* which all of us see; owned */
	pid_t client;		  /* whose keeper it is; */
	int client_fd;		  /* owned */
	pid_t pid;		  /* of the last that was started; 0 for none; */
	int pidfd;		  /* owned; readable when it has ended */
	unsigned serial;
};

/* How a piece of work went that was begun behind the start of a keeper. */
struct keeper_word {
	bool told; /* that it is over; */
	size_t done;
	bool open;
};

/* Before anything is started. Returns 0 or DF_E_SYSTEM. keeper_end() ends it, also after a failure.
 */
int keeper_begin(struct keeper *keeper, const struct keeper_duty *duty, struct df_err *err);

/*
 * Starts one, which takes over at `due` at the latest (CLOCK_MONOTONIC, ns), and ends the one
 * before it. Returns 0, or DF_E_SYSTEM: the one before goes on then.
 */
int keeper_start(struct keeper *keeper, uint64_t due, struct df_err *err);

/* Tells the one that was started last; and what it was told, in itself. */
void keeper_tell(const struct keeper *keeper, size_t done, bool open);
struct keeper_word keeper_told(const struct keeper *keeper);

/* Takes our turn, and gives it back: false if a keeper has taken over, for good. */
bool keeper_take_turn(const struct keeper *keeper);
void keeper_give_turn(const struct keeper *keeper);

/* Whether the one that was started last has ended, though nobody asked for it. */
bool keeper_is_gone(const struct keeper *keeper);

/* After one took over: waits for its end. Returns its exit status, or -1 if it was killed. */
int keeper_wait(struct keeper *keeper);

/* Ends the last one, unless it has taken over. */
void keeper_end(struct keeper *keeper);

#endif
