/* SPDX-License-Identifier: Apache-2.0 */
/* page_groups.h - the flags of a module counted by kind and by file, all of them. */
#ifndef DFPATCH_PAGE_GROUPS_H
#define DFPATCH_PAGE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "audit.h"
#include "html.h"
#include "page_row.h"

/* Names beyond these are counted together. */
#define GROUPS_MAX 10000
/* Those with the most flags are shown. */
#define GROUPS_SHOWN 100

struct group;

struct groups {
	void *tree; /* owned: struct group by name, see tsearch(3) */
	size_t count;
	struct group *last; /* the one counted last: neighbours often have one name */
	size_t others;	    /* flags of names that are not kept */
};

/* By kind and by file of all flags. Where memory runs out, flags are counted as others. */
void groups_count(const struct audit_module *module, struct groups *kinds, struct groups *files);

/* A table under a heading; `suffix` is what a search for a name of these ends with. */
void groups_show(struct html *html, const struct groups *groups, const char *heading,
		 const char *column, const char *suffix);

void groups_free(struct groups *groups);

#endif
