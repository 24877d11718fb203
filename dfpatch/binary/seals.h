/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seals.h - signatures and digests that a file carries within itself or that the kernel
 * keeps with it, and that therefore hold for its bytes as they are. What lies in other
 * files (.sig, .sha256, a package's list) cannot be known.
 */
#ifndef DFPATCH_SEALS_H
#define DFPATCH_SEALS_H

#include "notes.h"

/* Adds a note for each that does not hold for a copy of the ELF file `fd` with other bytes. */
void seals_look(int fd, struct notes *notes);

#endif
