/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aim.h - a target of the sweep: started, looked at, and put back to what it was.
 *
 * Everything is read from its memory by the description of the table (df_abi.h), with
 * nothing of dfpatch. What is wrong is told as text: "" is nothing.
 */
#ifndef AIM_H
#define AIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "page.h"
#include "site.h"

#define AIM_SITES (SWEEP_CROWD + 1)
#define AIM_TEXT 512

/* Nobody waits for longer than this, in ns: the machine may be busy. */
#define AIM_PATIENCE UINT64_C(30000000000)

struct aim {
	pid_t pid;
	int mem;  /* /proc/PID/mem */
	int pipe; /* the end to write to */
	struct sweep_page *page;
	uint64_t control;
	struct df_site sites[AIM_SITES]; /* strings are NULL, but for `kind` of the crowd */
};

/* All that an operation may change. */
struct aim_state {
	struct df_control_v1 control;
	struct df_state_v1 states[AIM_SITES];
	uint8_t opcodes[AIM_SITES];
};

uint64_t now_ns(void);
void nap_us(unsigned us);

/* Starts `path` (with the argument `init` or none); false if that fails. */
bool aim_start(struct aim *aim, const char *path, bool init);
void aim_end(struct aim *aim);
bool aim_lives(const struct aim *aim);

/* Reads all, and whether every site is a whole instruction; false if the memory cannot be read. */
bool aim_take(const struct aim *aim, struct aim_state *state, char wrong[AIM_TEXT]);

/* Makes the target what it was, for another try. */
bool aim_put(const struct aim *aim, const struct aim_state *state);

/* Idle, no claim, no lock, next = current, and bytes as the counts say. */
void aim_at_rest(const struct aim *aim, const struct aim_state *state, char wrong[AIM_TEXT]);

/* Whether they are the same but for who changed it when, and how often. */
bool aim_same(const struct aim_state *a, const struct aim_state *b);

/* How many threads of the target are traced, or stand still. */
size_t aim_held(const struct aim *aim);

/* Whether a claim stands, which keeps libdf from its work. */
bool aim_claimed(const struct aim *aim);

/* Waits until every thread went on, and says the same of the sites as their bytes do. */
void aim_goes_on(const struct aim *aim, const struct aim_state *state, char wrong[AIM_TEXT]);

/* Has the target's own copy of libdf activate; the answer, or -1000 if there is none. */
int aim_ask(const struct aim *aim, const char *pattern);

#endif
