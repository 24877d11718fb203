/* SPDX-License-Identifier: Apache-2.0 */
/* page_section.h - all that a page says of one audited module, or of why there is none. */
#ifndef DFPATCH_PAGE_SECTION_H
#define DFPATCH_PAGE_SECTION_H

#include <stddef.h>

#include "audit.h"
#include "err.h"
#include "html.h"

/* Sections are numbered from 1; theirs is the id "m1". */
void page_section_id(char id[24], size_t number);

/* Lists at most `most` flags; returns how many are listed. */
size_t page_section(struct html *html, const struct audit_module *module, size_t number,
		    size_t most);

/* Of a file that could not be audited. */
void page_section_failed(struct html *html, const char *path, const struct df_err *why,
			 size_t number);

/* "clean", "1 finding" and so on, as a mark of page.css. */
void page_verdict(struct html *html, size_t findings);

/* That it could not be audited, or that there was nothing to audit. */
void page_verdict_failed(struct html *html, enum df_errc failure);

#endif
