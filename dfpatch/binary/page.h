/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.h - an audit as one HTML page that needs nothing but itself.
 *
 * Modules are shown one after the other, as they are audited. What is said of each is
 * written to a file without a name at once, since the verdict on all stands before it; the
 * page is put together at the end, and appears whole or not at all.
 *
 * So that any page opens at once, PAGE_FLAGS flags of a module are listed at most, and
 * PAGE_FLAGS_ALL on a page; figures, drawings, kinds and files are of all flags.
 */
#ifndef DFPATCH_PAGE_H
#define DFPATCH_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "audit.h"
#include "err.h"
#include "html.h"
#include "new_file.h"

#define PAGE_FLAGS 5000
#define PAGE_FLAGS_ALL 10000

struct page_entry;

struct page {
	struct new_file file;
	FILE *body;		    /* the sections so far */
	struct page_entry *entries; /* owned: one for each section */
	size_t count;
	size_t listed; /* flags */
	bool no_memory;
};

/*
 * Begins the page that will be called `path`, which stays the caller's. A page of that name, an
 * empty file or a symbolic link will be replaced, the link and not what it leads to. Returns 0,
 * DF_E_USAGE (something else has that name), DF_E_SYSTEM, DF_E_MEMORY. page_free() ends it, also
 * after a failure.
 */
int page_begin(struct page *page, const char *path, struct df_err *err);

/* What was audited, and what could not be, or has no flags. Failures to write are told by
 * page_end(). */
void page_module(struct page *page, const struct audit_module *module);
void page_failure(struct page *page, const char *path, const struct df_err *why);

/* Lets the page appear. Returns 0, DF_E_WRITE or DF_E_MEMORY: then nothing appeared. */
int page_end(struct page *page, struct df_err *err);

void page_free(struct page *page);

#endif
