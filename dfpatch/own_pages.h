/* SPDX-License-Identifier: Apache-2.0 */
/* own_pages.h - our own program in memory, before a target stands still. */
#ifndef DFPATCH_OWN_PAGES_H
#define DFPATCH_OWN_PAGES_H

/*
 * Reads whatever of us, and of our libraries, is still to be read from a file system that a
 * process may serve (FUSE, a network, whatever those stand behind), and keeps it in memory until
 * we end; once that process stands still, nothing of it can be read. Does nothing for files
 * on a disk of the machine.
 *
 * Best effort: where the limit of locked memory is too low, what was read may be forgotten again
 * when memory is short. Who then waits for it is ended by the watchdog. Not thread-safe.
 */
void own_pages_keep(void);

#endif
