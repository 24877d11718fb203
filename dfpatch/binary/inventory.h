/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory.h - the sites and flags of a module, each record on its own.
 *
 * Unlike image.h it goes on behind a record that is damaged, and it holds no
 * site: a site is decoded from its record when it is looked at, which takes a
 * tenth of a microsecond. A million of them then take little more memory than
 * their table does.
 */
#ifndef DFPATCH_INVENTORY_H
#define DFPATCH_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "finding.h"
#include "flag.h"
#include "image.h"
#include "rule.h"

struct inventory {
	const struct image *image;  /* borrowed: headers, table, and states if it is live */
	struct snapshot_piece near; /* with the table, and mostly its strings */
	unsigned threads;	    /* 0: as many as there are processors for us */
	uint8_t *damaged;	    /* owned: a bit for each record that cannot be decoded */
	size_t sound;		    /* records that can */
	uint32_t *order;	    /* owned: sound records by flag, as df_flags_group() has them */
	struct df_flag *flags;	    /* owned */
	size_t flag_count;
};

/*
 * Records whose strings come to more bytes than this are not looked at, and are damage, as for all
 * that reads a table (table.h).
 */
#define INVENTORY_STRINGS_MAX ((size_t)DF_STRINGS_MAX)

/*
 * Decodes each record of image->table once and tells the damaged ones. Returns 0 or
 * DF_E_MEMORY. inventory_free() ends it, also after a failure. `threads` does not change what
 * comes out.
 */
int inventory_begin(struct inventory *inventory, const struct image *image, unsigned threads,
		    struct findings *findings, struct df_err *err);

static inline bool inventory_is_damaged(const struct inventory *inventory, uint32_t record)
{
	return inventory->damaged[record / 8] & (1u << record % 8);
}

/* The site of a record; false, if it is damaged. Its strings live as long as the image. */
bool inventory_site(const struct inventory *inventory, uint32_t record, struct df_site *site);

/*
 * Memory is slow for records far from each other: fetches one that will be asked for soon; and,
 * when it is there, its name. Of sound records.
 */
static inline void inventory_expect(const struct inventory *inventory, uint32_t record)
{
	const uint64_t addr = inventory->image->table.start + (uint64_t)record * DF_SITE_SIZE;
	const uint64_t from = addr - inventory->near.addr;
	if (from < inventory->near.size) {
		__builtin_prefetch(inventory->near.copy + from);
		__builtin_prefetch(inventory->near.copy + from + DF_SITE_SIZE - 1);
		__asm__ volatile(""); /* or gcc sees no effect in it, and leaves it out */
	}
}

void inventory_expect_name(const struct inventory *inventory, uint32_t record);

/* Addresses of a site that are had without its strings; of a sound record. Any thread may ask. */
struct inventory_place {
	uint64_t addr;
	uint64_t target; /* 0 with the CARRY style */
	uint64_t state;
	uint8_t style;
	bool stray_target; /* the record has a target, and the style none */
};

void inventory_place(const struct inventory *inventory, uint32_t record,
		     struct inventory_place *place);

/* The counts of a site: those that a live image has in `states`, or those as built. */
struct df_count inventory_count(const struct inventory *inventory, uint32_t record,
				const struct df_site *site);

/* Fills order and flags, whatever order there was. Returns 0 or DF_E_MEMORY. */
int inventory_group(struct inventory *inventory, struct df_err *err);

void inventory_free(struct inventory *inventory);

#endif
