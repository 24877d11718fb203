/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.h - telling the target `inside` what to do, and the flags of its modules.
 */
#ifndef TALK_H
#define TALK_H

#include "inside.h"
#include "live.h"
#include "rule.h"
#include "spots.h"

/* What to ask for; all but the command may be left out. */
struct talk {
	int command;
	int library;
	const char *kind;
	const char *pattern;
	/* A loop. */
	int up, down;
	int matches;
	unsigned pause_us;
};

/* Asks a worker, and does not wait. */
void talk_send(const struct live *live, int worker, const struct talk *talk);
bool talk_answered(const struct live *live, int worker);

/* Waits for the answer, which is what the call inside returned; half a minute fails the test. */
int talk_wait(const struct live *live, int worker);

/* Both, by worker 0. */
int talk_do(const struct live *live, const struct talk *talk);
#define TALK(LIVE, ...) talk_do((LIVE), &(const struct talk){__VA_ARGS__})

/* What df_error() said after the last answer of a worker. */
const char *talk_error(const struct live *live, int worker);

/* Loads inside-plugin.so into the target, and takes its table. */
void talk_load_plugin(const struct live *live, struct spots *plugin);

/*
 * Fails the test unless the module is at rest: idle, unlocked, unclaimed, next = current, and every
 * byte as its counts say.
 */
void talk_at_rest(const struct spots *spots);

/* Counts of a spot as they are, not as they are stored. */
struct df_count talk_count(const struct spots *spots, const struct spot *spot);

#endif
