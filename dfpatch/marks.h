/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marks.h - which modules this run of dfpatch has changed, to know its work again in
 * processes that were forked with it.
 *
 * A fork copies the control block, so what was written there tells whose work it is: while it
 * was under way by the claim, later by the stamp. Time is compared for being the same only; a
 * clock that is set back makes no difference.
 */
#ifndef DFPATCH_MARKS_H
#define DFPATCH_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "df_abi.h"
#include "err.h"

/* One module, changed or about to be. */
struct mark {
	uint64_t control;    /* run-time address of its control block */
	uint64_t generation; /* before */
	uint64_t claim;	     /* the word of our claim, also where there was no need for one */
	uint64_t at;	     /* the time of its stamp: CLOCK_REALTIME, ns */
};

struct marks {
	struct mark *list; /* owned */
	size_t count;
	size_t room;
};

/* Makes room for `more` marks. Returns 0 or DF_E_MEMORY. */
int marks_reserve(struct marks *marks, size_t more, struct df_err *err);

/*
 * Remembers a change of this process before it is made: whoever is forked in the middle has it,
 * too. One that is gone on with, under the same claim, has a new stamp. Allocates nothing, and
 * forgets what there is no room for.
 */
void marks_note(struct marks *marks, const struct mark *mark);

/* Whether a control block at that address has one of them, done or in the middle, in it. */
bool marks_include(const struct marks *marks, uint64_t control, const struct df_control_v1 *block);

void marks_free(struct marks *marks);

#endif
