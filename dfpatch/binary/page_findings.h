/* SPDX-License-Identifier: Apache-2.0 */
/* page_findings.h - what an audit found, on a page. */
#ifndef DFPATCH_PAGE_FINDINGS_H
#define DFPATCH_PAGE_FINDINGS_H

#include <stddef.h>

#include "audit.h"
#include "html.h"

/* Of each code so many are shown. */
#define PAGE_FINDINGS_SHOWN 200

/* Each code with what it means and where it was found; notes are folded up. */
void page_findings(struct html *html, const struct audit_module *module, size_t number);

/* The id that the table of a code has in the module of that number on the page. */
void page_finding_id(char id[48], size_t number, enum finding_code code);

#endif
