/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spots.h - a target's flags as its memory has them, read without dfpatch.
 *
 * The target says where its control block is; everything else follows from
 * df_abi.h. So what dfpatch claims is held against something it did not make.
 */
#ifndef SPOTS_H
#define SPOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live.h"

#define SPOTS_MAX 256

struct spot {
	uint64_t site, target, state; /* run-time addresses */
	struct df_site_v1 record;
	char kind[64], name[64];
};

struct spots {
	int mem; /* /proc/PID/mem, for reading and writing */
	uint64_t control;
	size_t count;
	struct spot list[SPOTS_MAX];
};

/* Opens and reads the table whose control block is at page->control. */
void spots_open(struct spots *spots, const struct live *live);
void spots_close(struct spots *spots);

/* The first spot of a flag; fails the test if there is none. */
const struct spot *spots_find(const struct spots *spots, const char *kind, const char *name);

void peek(const struct spots *spots, uint64_t addr, void *to, size_t size);
void poke(const struct spots *spots, uint64_t addr, const void *from, size_t size);

struct df_control_v1 peek_control(const struct spots *spots);
struct df_state_v1 peek_state(const struct spots *spots, const struct spot *spot);
uint8_t peek_opcode(const struct spots *spots, const struct spot *spot);
void poke_phase(const struct spots *spots, uint32_t phase);
void poke_lock(const struct spots *spots, uint32_t owner);

/* What stands at a site in the given state. */
uint8_t opcode_of(const struct spot *spot, bool active);

/* Fails the test unless the module is idle, next = current, and every byte follows from counts. */
void spots_are_whole(const struct spots *spots);

/* How often its first module was changed since its start; fails the test unless that is whole. */
uint64_t generation_of(const struct live *live);

/* All sites, states and the control block, to be held against a later reading. */
#define SPOTS_IMAGE (SPOTS_MAX * (DF_STATE_SIZE + 5) + DF_CONTROL_SIZE)
size_t spots_image(const struct spots *spots, uint8_t image[SPOTS_IMAGE]);

/* ---- threads, as /proc shows them ---- */

/* Fails the test if a thread is traced or stands in a tracing stop. */
void nobody_is_traced(const struct live *live);

/* Whether all threads are in the state (proc_pid_stat(5)), waiting a while for it. */
bool all_threads_are(const struct live *live, char state);

#endif
