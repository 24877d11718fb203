/* SPDX-License-Identifier: Apache-2.0 */
/* stays.h - whether a module of a process can be unloaded while we are at work in it. */
#ifndef DFPATCH_STAYS_H
#define DFPATCH_STAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "image.h"
#include "process.h"

/*
 * Whether module `image` of a process stays as long as the process does: the
 * executable, what that was started with (whatever is needed by it, or by what
 * it needs), and modules that ask never to be unloaded, with what they need.
 * Where that cannot be told, no; then *why says so, in words that go behind the
 * module's name, as in "was loaded by dlopen".
 *
 * Reads headers and dynamic sections of all modules from memory, but for the
 * executable, which is told by the auxiliary vector alone.
 */
bool stays_loaded(const struct process *process, const struct images *images, size_t image,
		  char *why, size_t size);

#endif
