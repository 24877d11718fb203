/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults.h - what a proof finds, with its places: gathered by several threads, bounded, and the
 * same in whatever order they come.
 */
#ifndef DFPATCH_FAULTS_H
#define DFPATCH_FAULTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of how many faults the place is kept: those of the first sites. */
#define FAULTS_MAX 65536

struct fault {
	uint64_t function; /* where the function begins; 0 if none is known */
	uint64_t where;	   /* depends on the kind */
	uint32_t site;	   /* its index */
	uint8_t kind;
};

/* Begins with faults_begin(). */
struct faults {
	struct fault *list; /* owned; in order, and one for each kind of a site, once settled */
	size_t count;
	size_t room;
	bool no_memory;
	pthread_mutex_t lock;
};

void faults_begin(struct faults *faults);

/* Takes one. Of several of one kind of the same site, that with the lowest place is kept.
 */
void faults_add(struct faults *faults, const struct fault *fault);

/* Puts them in order; false if memory ran out. No faults_add() afterwards. */
bool faults_settle(struct faults *faults);

/* Frees what is left. */
void faults_free(struct faults *faults);

#endif
