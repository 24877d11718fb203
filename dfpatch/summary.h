/* SPDX-License-Identifier: Apache-2.0 */
/* summary.h - what listing and change come to, flag by flag; for report.c and json.c alike. */
#ifndef DFPATCH_SUMMARY_H
#define DFPATCH_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "plan.h"
#include "run.h"

/* The counts of a flag's sites taken together. */
struct flag_counts {
	uint32_t activation_min, activation_max;
	uint32_t unhook_min, unhook_max;
	size_t active; /* sites */
	size_t held;
	size_t sites;
};

/* "on", "off", "held" (on until a controller initialises the module) or "mixed". */
const char *flag_state(const struct flag_counts *counts);

/* Of a flag as read last, or as built. */
struct flag_counts flag_counts_now(const struct image *image, const struct df_flag *flag);
struct flag_counts flag_counts_built(const struct image *image, const struct df_flag *flag);

/* Whether the selection holds the flag; all its sites have the same name, so one tells. */
bool flag_selected(const struct image *image, const struct df_flag *flag, const bool *selected);

/* A flag in a change; outcome as of its site with the greatest. */
struct flag_change {
	enum df_outcome outcome;
	size_t sites;
	size_t sites_changed;
	struct flag_counts before;
	struct flag_counts after;
};

struct flag_change flag_change_of(const struct image *image, const struct df_flag *flag,
				  const struct df_plan *plan);

struct tally {
	size_t flags;
	size_t sites;
};

/* Over all modules. Each matched flag is in one of the four below. */
struct totals {
	struct tally matched;
	struct tally changed;
	struct tally already;
	struct tally unhooked;
	struct tally saturated;
	size_t strayed; /* sites whose byte did not follow from their counts, and was put right */
};

struct totals totals_of(const struct change_result *result);

/* Whether anything was written to the target, be it only the work of a controller that died. */
bool change_was_written(const struct change_result *result);

/*
 * What was done of a change that failed or did not, as a clause without an end; NULL if nothing
 * was written. Flags that are unhooked are a part that was not done.
 */
const char *change_in_words(const struct change_result *result, bool failed);

/* Whether module i of the target was changed; after a failure, too. */
bool module_was_changed(const struct change_result *result, size_t i);

/* How it was written: "quiet", "stop", or "none" if nothing was. */
const char *mode_used(const struct change_result *result);

/* What became of one of several targets. */
enum target_how {
	TARGET_LISTED,
	TARGET_CHANGED, /* or would change, in a dry run */
	TARGET_ALREADY,
	TARGET_UNHOOKED, /* some flags are unhooked, and were left alone */
	TARGET_SKIPPED,	 /* nobody named it, and it is none of those meant */
	TARGET_FAILED,
	TARGET_HOWS,
};

struct target_end {
	pid_t pid;
	const char *name; /* not escaped; "" if it is not known */
	enum target_how how;
	const struct df_err *err; /* why it was skipped, or failed */
};

const char *target_how_name(enum target_how how, bool dry_run);

/* Of a change without error. */
enum target_how target_how_of(const struct change_result *result);

struct targets_tally {
	size_t count;
	size_t ends[TARGET_HOWS];
};

#endif
