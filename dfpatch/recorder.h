/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder.h - telling whoever records changes what is done, while the target runs.
 *
 * A change may take several attempts. What one of them wrote is told before the next begins,
 * with the modules and plans that it had.
 */
#ifndef DFPATCH_RECORDER_H
#define DFPATCH_RECORDER_H

#include "journal.h"
#include "work.h"

struct recorder {
	/* Before an attempt changes anything. After an error it is not made, but for an undo. */
	int (*before)(struct recorder *recorder, const struct change_request *request,
		      const struct change_result *result, struct df_err *err);
	/* What it wrote to text; `what` is why the attempt failed, or NULL. */
	int (*written)(struct recorder *recorder, const struct change_request *request,
		       const struct change_result *result, const struct journal *journal,
		       const struct df_err *what, struct df_err *err);
	/* What the change came to, if any attempt was told; `what` as above. */
	int (*end)(struct recorder *recorder, const struct change_request *request,
		   const struct change_result *result, const struct df_err *what,
		   struct df_err *err);
};

/* Makes room in the journal for what the attempt may write. Returns 0 or DF_E_MEMORY. */
int recorder_make_room(struct work *work, struct df_err *err);

/* Tells that an attempt is to begin. Returns 0 or what the recorder does; of an undo, 0. */
int recorder_before(struct work *work, struct df_err *err);

/*
 * Tells what it wrote. `status` is what it came to, and *err says it. Returns that, or if it
 * cannot be recorded, an error that says so and what was done.
 */
int recorder_after(struct work *work, int status, struct df_err *err);

/* The same for the whole change. */
int recorder_end(const struct work *work, int status, struct df_err *err);

#endif
