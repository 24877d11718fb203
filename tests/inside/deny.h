/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deny.h - calls of libdf's that fail when a test wants it so. Linked with --wrap for each
 * of the functions that deny.c defines.
 */
#ifndef TEST_INSIDE_DENY_H
#define TEST_INSIDE_DENY_H

#include <stdbool.h>

struct deny {
	bool windows;  /* mprotect(2) to writable and executable: EPERM */
	bool opening;  /* /proc/self/mem: EACCES */
	bool barriers; /* membarrier(2): EPERM */
	bool mapping;  /* mmap(2): ENOMEM */
	int writes;    /* pwrite(2), behind so many that succeed: EIO; -1 for never */
	int again;     /* and behind so many that failed they succeed again; -1 for never */
	int memory;    /* malloc(3) and its kin, behind so many that succeed: NULL, once; -1 */
};
extern struct deny deny;

/* Nothing is denied. */
#define DENY_NOTHING ((struct deny){.writes = -1, .again = -1, .memory = -1})

/* How often an allocation was refused. */
extern int refused;

#endif
