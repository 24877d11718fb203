/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criteria.h - flags by what they are: kind, name, place, doc, module, and state.
 *
 * Kinds, names, files and modules are compared as a shell does with file names: * ? [ ] stand for
 * others (fnmatch(3)), byte by byte if the thread's locale is C. A file or module may be named by
 * the end of its path, from any slash on, also with ./ in front; * and ? stand for no slash there. A
 * doc has to hold the text, whatever the case of its ASCII letters.
 */
#ifndef DFPATCH_CRITERIA_H
#define DFPATCH_CRITERIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "image.h"

enum criterion_by {
	BY_KIND,
	BY_NAME,
	BY_PLACE, /* FILE, FILE:LINE, FILE:FIRST-LAST or FILE:FIRST- */
	BY_DOC,
	BY_MODULE,
	BY_COUNT,
};

struct criterion {
	enum criterion_by by;
	const char *text;     /* as given; borrowed */
	char *path;	      /* of BY_PLACE: the file in it, owned */
	uint32_t first, last; /* likewise: lines, both included */
};

/* The name of the option that asks for it, dashes and all. */
const char *criterion_option(enum criterion_by by);

/*
 * A flag has to be what one criterion of each sort asks for, of which there are any; and to be in
 * each state asked for, at one of its sites.
 */
struct criteria {
	struct criterion *list; /* owned */
	size_t count;
	bool active;
	bool changed; /* is not as it was built */
	bool unhooked;
};

/* Whether there is anything to be, or any state to be in. */
bool criteria_any(const struct criteria *criteria);
bool criteria_any_state(const struct criteria *criteria);

/* Adds one; the list has room. Returns 0, DF_E_USAGE (what is wrong with it), DF_E_MEMORY. */
int criteria_add(struct criteria *criteria, enum criterion_by by, const char *text,
		 struct df_err *err);

/* Whether a flag with such a site is what one of them asks for. */
bool criterion_matches(const struct criterion *criterion, const struct image *image,
		       const struct df_site *site);

/* DF_E_NO_MATCH: no flag of the images is what it asks for; what is near is named. */
int criterion_no_match(const struct criterion *criterion, const struct images *images,
		       struct df_err *err);

/* Whether a flag is in every state asked for, by its counts as read last. */
bool criteria_in_state(const struct criteria *criteria, const struct image *image,
		       const struct df_flag *flag);

/* DF_E_NO_MATCH: no flag is in them. */
int criteria_no_state(const struct criteria *criteria, struct df_err *err);

void criteria_free(struct criteria *criteria);

#endif
