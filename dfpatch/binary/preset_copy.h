/* SPDX-License-Identifier: Apache-2.0 */
/* preset_copy.h - a copy of a binary with its flags set: from a script to a file. */
#ifndef DFPATCH_PRESET_COPY_H
#define DFPATCH_PRESET_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "notes.h"
#include "preset.h"
#include "script_source.h"

/* All strings are the caller's, and outlive the result. */
struct preset_request {
	const char *from;
	const char *to;
	const struct script_source *sources;
	size_t source_count;
	bool dry_run;
};

struct preset_result {
	struct preset preset;
	struct notes notes;
	bool written; /* the copy is there under its name */
};

/*
 * Does everything, or (dry_run) everything but the copy. Returns 0, or what
 * scripts_read(), preset_make(), rewrite_begin(), rewrite_copy(), preset_check() and
 * rewrite_publish() return, in that order; then nothing was written.
 * preset_result_free() ends it, also after a failure.
 */
int preset_copy(const struct preset_request *request, struct preset_result *result,
		struct df_err *err);

void preset_result_free(struct preset_result *result);

#endif
