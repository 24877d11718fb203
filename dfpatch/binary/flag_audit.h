/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag_audit.h - the flags of a module: what they are by default, which have no
 * doc, and where one name says different things in different places.
 */
#ifndef DFPATCH_FLAG_AUDIT_H
#define DFPATCH_FLAG_AUDIT_H

#include "finding.h"
#include "inventory.h"

struct flag_tally {
	size_t kinds;
	size_t on, off, held, mixed; /* flags, as built */
	size_t docs;		     /* flags that have one */
	size_t owned, ending;	     /* flags whose doc names an owner; a day, or permanent */
	size_t judged;		     /* flags whose doc may be found wrong, or too old */
};

/* What a flag is as built. */
enum flag_default { DEFAULT_OFF, DEFAULT_ON, DEFAULT_HELD, DEFAULT_MIXED };

enum flag_default flag_default_of(const struct inventory *inventory, const struct df_flag *flag);

const char *flag_default_name(enum flag_default is);

/* Counts the flags of a grouped inventory, and tells what is odd about them. */
void flag_audit(const struct inventory *inventory, struct flag_tally *tally,
		struct findings *findings);

#endif
