/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart.h - which system calls may be begun anew after a stop.
 *
 * The kernel restarts most calls that a stop breaks off. Some it ends with
 * EINTR instead, though no signal came (signal(7), "Interruption of system calls
 * by stop signals"). Of those, these have done nothing yet when they end so.
 */
#ifndef DFPATCH_RESTART_H
#define DFPATCH_RESTART_H

#include <stdbool.h>

/*
 * Whether this call of a 64-bit program (its number; -1 for none) can be made a
 * second time after EINTR, and is then what it would have been without a stop, but
 * for its timeout, which starts anew.
 */
bool restart_is_safe(long call);

#endif
