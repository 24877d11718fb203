/* SPDX-License-Identifier: Apache-2.0 */
/* page_row.h - one flag of an audited module as a page shows it. */
#ifndef DFPATCH_PAGE_ROW_H
#define DFPATCH_PAGE_ROW_H

#include <stddef.h>

#include "audit.h"
#include "html.h"
#include "rule.h"
#include "site.h"

enum page_state {
	PAGE_OFF,
	PAGE_ON,
	PAGE_HELD,  /* on until a controller initialises the module */
	PAGE_MIXED, /* its sites differ */
	PAGE_STATES,
};

struct page_row {
	struct df_site site; /* the first of its sites; strings live as long as the image */
	size_t sites;
	enum page_state built;
	enum page_state now; /* of a live module; else as built */
};

/* "off" and so on, for people and as a class of page.css. */
const char *page_state_name(enum page_state state);

enum page_state page_state_of(const struct df_count *count);

void page_row(const struct audit_module *module, size_t flag, struct page_row *row);

/* How many are in each state, as a bar that names them; nothing if all are zero. */
void page_bar(struct html *html, const size_t states[PAGE_STATES]);

#endif
