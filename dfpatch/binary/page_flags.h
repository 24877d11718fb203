/* SPDX-License-Identifier: Apache-2.0 */
/* page_flags.h - the flags of an audited module as a table on a page. */
#ifndef DFPATCH_PAGE_FLAGS_H
#define DFPATCH_PAGE_FLAGS_H

#include <stddef.h>

#include "audit.h"
#include "html.h"

/*
 * The first `most` flags, by kind; the table says what is left out. `number` is the module's on
 * the page. Returns how many are listed.
 */
size_t page_flags(struct html *html, const struct audit_module *module, size_t number, size_t most);

#endif
