/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preset.h - what it takes for a file to have its flags in another state as built.
 *
 * The script is done to the counts as built, by the same rules as in a process (plan.h).
 * What it comes to is written into the records, which are what all counts in a process
 * are relative to, and into the instructions. Nothing is written here.
 */
#ifndef DFPATCH_PRESET_H
#define DFPATCH_PRESET_H

#include <stddef.h>

#include "change.h"
#include "err.h"
#include "file_copy.h"
#include "script_source.h"

struct preset {
	struct change_result change; /* of one image, and of no process: for reports */
	struct file_edit *edits;     /* owned; in ascending order, none overlaps another */
	size_t edit_count;
};

/*
 * Loads the file at `path` and works out the edits. Returns 0, or what images_from_file()
 * returns; DF_E_NO_MATCH, DF_E_MATCH_FAILED (with source and line of the script);
 * DF_E_USAGE (a count that no record holds); DF_E_SITE or DF_E_TABLE (some site, selected
 * or not, is not as its record says, or the file is not as it was built);
 * DF_E_MEMORY. preset_free() ends it, also after a failure.
 */
int preset_make(const char *path, const struct scripts *scripts, struct preset *preset,
		struct df_err *err);

/*
 * Whether an open file, which is the same with the edits made, has every flag in the state
 * that it is meant to have, and is sound. Messages call it `path`. Returns 0, or as above.
 */
int preset_check(const struct preset *preset, int fd, const char *path, struct df_err *err);

/* How many bytes the edits change. */
size_t preset_bytes(const struct preset *preset);

void preset_free(struct preset *preset);

#endif
