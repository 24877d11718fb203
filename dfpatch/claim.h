/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim.h - our claims on modules of a running process: the word beside their lock that
 * tells libdf to wait (df_abi.h, external).
 *
 * A claim holds for CLAIM_NS. libdf takes one that stands five times as long for a dead
 * controller's; long before that, our own memory interface refuses to write (proc_mem.h)
 * and the watchdog ends us. tests/model has the rules, and what goes wrong without them.
 */
#ifndef DFPATCH_CLAIM_H
#define DFPATCH_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "mem.h"

#define CLAIM_NS UINT64_C(200000000)

struct claims {
	uint64_t *list; /* owned; control blocks, run-time addresses */
	size_t count;
	size_t room;
	uint64_t word; /* what stands in them: our id, and a nonce that no claim had before */
};

/* Makes room for `room` claims. Returns 0 or DF_E_MEMORY. */
int claims_begin(struct claims *claims, size_t room, struct df_err *err);

/* The claims that are taken from now on bear a new nonce. Those that stand must be dropped before,
 * or taken anew. */
void claims_renew(struct claims *claims);

/* Claims a module, which the caller knows to be there. Returns 0 or what `store` does. */
int claims_take(struct claims *claims, const struct df_mem *mem, uint64_t control,
		struct df_err *err);

/* Whether all that were taken stand. */
bool claims_stand(const struct claims *claims, const struct df_mem *mem);

/* Gives back one of the list, which stays there, if it stands. */
void claims_drop_one(const struct claims *claims, size_t i, const struct df_mem *mem);

/* Gives back those that stand. What is no claim of ours, or not there any more, is left alone. */
void claims_drop(struct claims *claims, const struct df_mem *mem);

void claims_end(struct claims *claims);

#endif
