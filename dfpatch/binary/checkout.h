/* SPDX-License-Identifier: Apache-2.0 */
/* checkout.h - the files of a git checkout, and who wrote their lines when. */
#ifndef DFPATCH_CHECKOUT_H
#define DFPATCH_CHECKOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blame.h"
#include "err.h"
#include "git.h"
#include "source_paths.h"

/*
 * How long git may take for one file, or for the list of them; and for all that is asked of it
 * between two rests.
 */
#define CHECKOUT_GIT_BUDGET (UINT64_C(120) * 1000000000u)
#define CHECKOUT_BUDGET (UINT64_C(1200) * 1000000000u)

struct checkout {
	struct git git;
	struct source_paths paths; /* those of the last commit */
	int top;
	uint64_t deadline; /* CLOCK_MONOTONIC, ns */
	bool stuck;	   /* git was, so that no more is asked of it */
};

/*
 * Returns 0, DF_E_SYSTEM (no checkout, no git, or git fails), DF_E_TIMEOUT, DF_E_MEMORY.
 * checkout_close() ends it, also after a failure.
 */
int checkout_open(const char *directory, struct checkout *checkout, struct df_err *err);

/*
 * Whoever does not need it for a while lets it rest: until it is woken, signals may end us, and
 * nothing is left of it. checkout_wake() returns 0, DF_E_SYSTEM or DF_E_MEMORY; what was read of
 * the checkout is still known.
 */
void checkout_rest(struct checkout *checkout);
int checkout_wake(struct checkout *checkout, struct df_err *err);

/*
 * Reads a file of the checkout as it is now, at most `most` bytes, into memory of its own,
 * terminated. Nothing outside the checkout is read, and no link followed. Returns 0,
 * DF_E_SYSTEM, DF_E_TIMEOUT (CHECKOUT_BUDGET is used up), DF_E_MEMORY.
 */
int checkout_read(const struct checkout *checkout, const char *path, size_t most, char **text,
		  size_t *size, struct df_err *err);

/*
 * Tells the commit of each of these lines of a file, ascending and without duplicates, of
 * which `text` is what checkout_read() gave. Errors as of git_run() and blame_read().
 */
int checkout_blame(struct checkout *checkout, const char *path, const char *text, size_t size,
		   const uint32_t *lines, size_t count, struct commits *commits, blame_line *found,
		   void *context, struct df_err *err);

void checkout_close(struct checkout *checkout);

#endif
