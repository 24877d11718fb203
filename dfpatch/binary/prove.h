/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prove.h - whether sites are instructions of the functions that hold them.
 *
 * The bytes at a site say that they are one of its two instructions. Whether
 * they are one when the function around them runs is another question: each
 * function that holds a site or the target of one is decoded from its start.
 * All addresses are of the source's space.
 */
#ifndef DFPATCH_PROVE_H
#define DFPATCH_PROVE_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "faults.h"
#include "functions.h"
#include "site_bytes.h"

/* What may be found of one site: bits of its mask. */
enum prove_fault {
	PROVE_SITE_INSIDE,   /* the site begins within another instruction */
	PROVE_TARGET_INSIDE, /* its target does */
	PROVE_LENGTH,	     /* the instruction that begins at the site is of another length */
	PROVE_BRANCH_INTO,   /* a direct branch leads behind the first byte of the site */
	PROVE_UNDECODED,   /* the function of site or target holds bytes that are no instruction */
	PROVE_UNKNOWN,	   /* or bytes that may be one that is not known: no more is decoded */
	PROVE_UNREACHED,   /* before the site or its target: for that one nothing is known */
	PROVE_NO_FUNCTION, /* no function is known that holds the site, or its target: likewise */
	PROVE_FAULTS,
};

/*
 * Where, in a struct fault. SITE_INSIDE, TARGET_INSIDE, LENGTH: the instruction there.
 * BRANCH_INTO: the lowest branch that does. UNDECODED, UNKNOWN: where decoding ends; UNREACHED:
 * likewise, or the breakpoint behind which instructions can only be guessed. NO_FUNCTION:
 * the site, or its target.
 */
struct proof {
	uint8_t *masks;		     /* owned; of each site, bit 1 << enum prove_fault */
	size_t counts[PROVE_FAULTS]; /* sites that have each of them */
	struct faults faults;	     /* the first of them; by site, then by enum prove_fault */
	size_t functions;	     /* that hold a site or a target */
	uint64_t bytes;		     /* in them */
};

/*
 * Proves all sites. The result does not depend on the number of threads. Returns 0 (released by
 * proof_free), DF_E_MEMORY or DF_E_SYSTEM (Capstone cannot be started). Takes 16 bytes for each
 * site besides the masks, and again as much where sites or targets do not come in ascending order.
 */
int prove(const struct window_source *source, const struct functions *functions,
	  const struct places *places, struct proof *proof, struct df_err *err);

void proof_free(struct proof *proof);

#endif
