/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - what a target of the sweep and the sweep tell each other, in shared memory. */
#ifndef PAGE_H
#define PAGE_H

#include <stdint.h>

#define SWEEP_PAGE_FD 3 /* the memory */
#define SWEEP_PIPE_FD 4 /* the end to read from of the pipe in which readers wait */
#define SWEEP_PAGE_SIZE 4096

/* Those run through all sites, those wait for `go` to change, those for a byte. */
#define SWEEP_RUNNERS 8
#define SWEEP_WAITERS 4
#define SWEEP_READERS 4
#define SWEEP_THREADS (SWEEP_RUNNERS + SWEEP_WAITERS + SWEEP_READERS)

#define SWEEP_CROWD 1000 /* sites of `crowd:`, besides the one of `probe:` */

struct sweep_page {
	volatile uint32_t ready;
	volatile uint32_t go;		       /* a futex */
	volatile uint64_t control;	       /* address of the control block */
	volatile uint64_t beat[SWEEP_THREADS]; /* times through the sites, or woken */
	volatile int32_t on[SWEEP_RUNNERS];    /* sites of `crowd:` that were on, the last time */
	volatile int32_t probe[SWEEP_RUNNERS]; /* and what the one of `probe:` said */
	volatile uint64_t odd;		       /* times a site had a value that none has */
	/* What the target's own copy of libdf is to do, if it has one. */
	volatile uint32_t asked;    /* counted up by the sweep, */
	volatile uint32_t answered; /* and by the target to the same */
	volatile int32_t result;    /* of df_activate() */
	char pattern[64];
	char error[512];
};

#endif
