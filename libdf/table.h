/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - from a module's notes to its sites.
 *
 * Everything read here is untrusted: each distance, size and string is checked
 * against the module's segments before it is used, and a module that fails a
 * check is refused as a whole, with the record and the field named.
 */
#ifndef DF_TABLE_H
#define DF_TABLE_H

#include <stdint.h>

#include "err.h"
#include "mem.h"
#include "site.h"

/* Where a module's table lies; addresses are of the view's space. */
struct df_table {
	uint64_t control; /* control block */
	uint64_t start;	  /* first record */
	size_t count;	  /* records */
};

/*
 * How far down patchelf may have pushed an executable's ELF header, in pages: as many
 * as its new headers and strings take, or what they leave of the largest page of 2 MiB.
 */
#define DF_EHDR_PAGES_MAX 1024
#define DF_EHDR_PAGE 4096

/* A string that takes more bytes than this, its terminator included, is taken for damage. */
#define DF_STRING_MAX 65536

/*
 * A table of more records, or whose records come to more bytes of strings, is taken for
 * damage too: records may share their strings, and a small file could otherwise say more
 * than any memory holds.
 */
#define DF_SITES_MAX (1 << 20)
#define DF_STRINGS_MAX (256 << 20)

/*
 * Looks for the module's table. Returns 1 and fills *table, 0 if the module has
 * none, or an error: DF_E_TABLE (damaged, or contradictory), DF_E_VERSION.
 */
int df_table_find(const struct df_view *view, struct df_table *table, struct df_err *err);

/* Decodes record `index`. Returns 0, DF_E_TABLE or DF_E_VERSION. */
int df_table_site(const struct df_view *view, const struct df_table *table, size_t index,
		  struct df_site *site, struct df_err *err);

/* The parts of a record that can be damaged. */
enum df_part {
	DF_PART_RECORD, /* all of it */
	DF_PART_STYLE,
	DF_PART_FLAGS,
	DF_PART_SITE,
	DF_PART_TARGET,
	DF_PART_STATE,
	DF_PART_STRING, /* kind, name, file or doc */
};

/* The same as df_table_site(), and tells in *part the first that is, if one is. */
int df_table_part(const struct df_view *view, const struct df_table *table, size_t index,
		  struct df_site *site, enum df_part *part, struct df_err *err);

/*
 * Strings that were looked at, for the next record: neighbours mostly share kind, file and doc. {0}
 * at first. Of one view, and one thread.
 */
#define DF_STRINGS_KEPT 16
struct df_strings {
	struct df_string {
		uint64_t addr;
		const char *text; /* NULL: none was looked at */
		size_t size;	  /* its end not counted */
	} kinds[DF_STRINGS_KEPT], files[DF_STRINGS_KEPT], docs[DF_STRINGS_KEPT];
	size_t size; /* what df_strings_size() says of the record that was decoded last */
};

/* The same as df_table_site(), for records that are decoded one after another. */
int df_table_next(const struct df_view *view, const struct df_table *table, size_t index,
		  struct df_strings *strings, struct df_site *site, struct df_err *err);

/*
 * Decodes all records into `sites`, which has room for table->count, and checks
 * that no instruction overlaps another, and no state another or the control
 * block. `scratch` has room for table->count indices. Returns 0, DF_E_TABLE or
 * DF_E_VERSION.
 */
int df_table_sites(const struct df_view *view, const struct df_table *table, struct df_site *sites,
		   uint32_t *scratch, struct df_err *err);

/* The bytes of a site's strings, their ends not counted. */
size_t df_strings_size(const struct df_site *site);

#endif
