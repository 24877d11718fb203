/* SPDX-License-Identifier: Apache-2.0 */
/*
 * age.h - where the flags of a module are in a checkout, and how old they are there.
 *
 * Of each flag the file that its record names is looked for among the files of the
 * checkout's last commit, and read as it is there now. A flag is as old as the line that
 * holds it now; a line that is in no commit yet has no age.
 */
#ifndef DFPATCH_AGE_H
#define DFPATCH_AGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "blame.h"
#include "checkout.h"
#include "err.h"
#include "finding.h"
#include "inventory.h"

enum age_place {
	AGE_UNKNOWN, /* the file was not found, or not for certain, or cannot be read */
	AGE_HERE,    /* its line holds it */
	AGE_MOVED,   /* another line of the file does: the nearest */
	AGE_GONE,    /* no line of the file does */
	AGE_UNSURE,  /* not for certain: a macro of another file may stand for it */
};

/* Of one flag. The strings are as untrusted as module and checkout. */
struct age {
	enum age_place place;
	uint32_t line;	  /* where it is now; 0 unless AGE_HERE or AGE_MOVED */
	const char *path; /* of its file in the checkout, which has it; NULL if AGE_UNKNOWN */
	const struct commit *commit; /* of that line; NULL if it was not asked for, or failed */
	bool stale;
};

struct ages {
	struct age *list; /* owned: one for each flag of the inventory, in its order */
	size_t count;
	struct commits commits; /* that list[].commit points into */
};

#define AGE_NEVER_STALE 0

struct age_request {
	struct checkout *checkout; /* that rests: it is woken, and rests again */
	int64_t stale;		   /* seconds; AGE_NEVER_STALE asks for no commits */
	time_t now;		   /* what ages are counted from */
};

/*
 * Finds the flags of an inventory that has been grouped, and adds findings: SOURCE_MOVED,
 * STALE, SOURCE_UNKNOWN. Returns 0, or an error of checkout_wake() or DF_E_SYSTEM for a
 * signal that came meanwhile: what goes wrong with a single file is a finding. Signals that
 * would end us wait until it returns. ages_free() ends it, also after a failure.
 */
int ages_find(const struct inventory *inventory, const struct age_request *request,
	      struct ages *ages, struct findings *findings, struct df_err *err);

void ages_free(struct ages *ages);

/* "here", "moved", "gone", "unsure", "unknown": for machines. */
const char *age_place_name(enum age_place place);

/* Adds what the docs of an inventory's flags come to: EXPIRED, DOC_ATTRIBUTE. No checkout. */
void ages_check_docs(const struct inventory *inventory, time_t now, struct findings *findings);

#endif
