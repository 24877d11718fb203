/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processors.h - making every processor serialise.
 *
 * The Intel manual (volume 3, "Handling Self- and Cross-Modifying Code") asks
 * for a serialising instruction on every processor before it executes modified
 * code, and returning from a system call is none. Loading another address space
 * is one, and that is what running on a processor makes it do.
 */
#ifndef DFPATCH_PROCESSORS_H
#define DFPATCH_PROCESSORS_H

/*
 * Runs the calling thread once on each processor it may use, with real-time
 * priority where that is allowed, and restores its affinity and priority.
 * Best effort: a processor that it may not use is passed over. Allocates
 * nothing.
 */
void processors_pass(void);

#endif
