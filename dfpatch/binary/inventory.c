/* SPDX-License-Identifier: Apache-2.0 */
/* inventory.c - the sites and flags of a module, each record on its own. */
#include "inventory.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static const enum finding_code code_of[] = {
	[DF_PART_RECORD] = FINDING_RECORD_BOUNDS,  [DF_PART_STYLE] = FINDING_RECORD_STYLE,
	[DF_PART_FLAGS] = FINDING_RECORD_FLAGS,	   [DF_PART_SITE] = FINDING_SITE_SEGMENT,
	[DF_PART_TARGET] = FINDING_TARGET_SEGMENT, [DF_PART_STATE] = FINDING_STATE_BOUNDS,
	[DF_PART_STRING] = FINDING_STRING_BOUNDS,
};

static void set_damaged(struct inventory *inventory, uint32_t record)
{
	inventory->damaged[record / 8] |= (uint8_t)(1u << record % 8);
	inventory->sound--;
}

static void tell(const struct df_table *table, uint32_t record, enum df_part part,
		 const struct df_err *err, struct findings *findings)
{
	const struct finding_place place = {
		.record = record,
		.address = table->start + (uint64_t)record * DF_SITE_SIZE,
	};
	findings_add(findings, code_of[part], &place, "%s", err->text);
}

/* From `record` on the rest counts as damaged, without being looked at. */
static void give_up(struct inventory *inventory, uint32_t record, struct findings *findings)
{
	const struct df_table *table = &inventory->image->table;
	const struct finding_place place = {
		.record = record,
		.address = table->start + (uint64_t)record * DF_SITE_SIZE,
	};
	findings_add(findings, FINDING_TABLE, &place,
		     "record %u: the strings up to it take more than %zu bytes; this and the "
		     "records behind it were not looked at",
		     record, INVENTORY_STRINGS_MAX);
	for (uint32_t i = record; i < table->count; i++)
		set_damaged(inventory, i);
}

int inventory_begin(struct inventory *inventory, const struct image *image,
		    struct findings *findings, struct df_err *err)
{
	const struct df_table *table = &image->table;
	size_t strings = 0;
	*inventory = (struct inventory){.image = image, .sound = table->count};
	inventory->damaged = calloc(table->count / 8 + 1, 1);
	if (!inventory->damaged)
		return df_fail_memory(err);
	for (uint32_t i = 0; i < table->count; i++) {
		struct df_site site;
		enum df_part part;
		struct df_err why;
		if (df_table_part(&image->snapshot.view, table, i, &site, &part, &why) < 0) {
			set_damaged(inventory, i);
			tell(table, i, part, &why, findings);
			continue;
		}
		strings += df_strings_size(&site);
		if (strings > INVENTORY_STRINGS_MAX) {
			give_up(inventory, i, findings);
			break;
		}
	}
	/* What could not be copied looks like what is damaged. */
	return image->snapshot.no_memory ? df_fail_memory(err) : 0;
}

bool inventory_site(const struct inventory *inventory, uint32_t record, struct df_site *site)
{
	const struct image *image = inventory->image;
	return !inventory_is_damaged(inventory, record) &&
	       df_table_site(&image->snapshot.view, &image->table, record, site, NULL) == 0;
}

#define FIELD(ADDR, RAW, MEMBER)                                                                   \
	((ADDR) + offsetof(struct df_site_v1, MEMBER) + (uint64_t)(int64_t)(RAW)->MEMBER)

void inventory_place(const struct inventory *inventory, uint32_t record,
		     struct inventory_place *place)
{
	const struct df_view *view = &inventory->image->snapshot.view;
	const uint64_t addr = inventory->image->table.start + (uint64_t)record * DF_SITE_SIZE;
	const void *bytes = view->at(view, addr, DF_SITE_SIZE);
	struct df_site_v1 raw = {0}; /* a sound record is there */
	if (bytes)
		memcpy(&raw, bytes, sizeof(raw));
	*place = (struct inventory_place){
		.addr = FIELD(addr, &raw, site),
		.target = raw.style == DF_STYLE_X86_GOTO ? FIELD(addr, &raw, target) : 0,
		.state = FIELD(addr, &raw, state),
		.style = raw.style,
	};
}

struct df_count inventory_count(const struct inventory *inventory, uint32_t record,
				const struct df_site *site)
{
	static const struct df_count_v1 as_built;
	const struct df_state_v1 *states = inventory->image->states;
	return df_count_decode(site, states ? &states[record].current : &as_built);
}

/* ---- flags ---- */

/* A site as it is sorted: half of a struct df_site. */
struct key {
	const char *kind;
	const char *name;
	const char *file;
	uint32_t line;
	uint32_t record;
};

/* Linkers merge equal strings, so most that are equal are the same. */
static int compare_text(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int compare_names(const struct key *a, const struct key *b)
{
	int order = compare_text(a->kind, b->kind);
	if (order == 0)
		order = compare_text(a->name, b->name);
	if (order == 0)
		order = compare_text(a->file, b->file);
	return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/* Sites of one flag in the order of the table, which is mostly that of addresses. */
static int compare_keys(const void *x, const void *y, void *context)
{
	const struct key *keys = context;
	const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	const int order = compare_names(&keys[a], &keys[b]);
	return order != 0 ? order : (a > b) - (a < b);
}

static void fill_keys(const struct inventory *inventory, struct key *keys)
{
	size_t count = 0;
	for (uint32_t i = 0; i < inventory->image->table.count; i++) {
		struct df_site site;
		if (inventory_site(inventory, i, &site))
			keys[count++] = (struct key){.kind = site.kind,
						     .name = site.name,
						     .file = site.file,
						     .line = site.line,
						     .record = i};
	}
}

/* Returns the number of flags: their array takes as many as there are, not as there could be. */
static size_t sort(struct inventory *inventory, struct key *keys)
{
	uint32_t *order = inventory->order;
	size_t flags = inventory->sound > 0;
	for (uint32_t i = 0; i < inventory->sound; i++)
		order[i] = i;
	qsort_r(order, inventory->sound, sizeof(*order), compare_keys, keys);
	for (size_t i = 1; i < inventory->sound; i++)
		flags += compare_names(&keys[order[i - 1]], &keys[order[i]]) != 0;
	return flags;
}

static void fill_flags(struct inventory *inventory, const struct key *keys)
{
	uint32_t *order = inventory->order;
	const struct key *before = NULL;
	for (uint32_t i = 0; i < inventory->sound; i++) {
		const struct key *key = &keys[order[i]];
		if (before && compare_names(before, key) == 0)
			inventory->flags[inventory->flag_count - 1].count++;
		else
			inventory->flags[inventory->flag_count++] =
				(struct df_flag){.first = i, .count = 1};
		order[i] = key->record;
		before = key;
	}
}

int inventory_group(struct inventory *inventory, struct df_err *err)
{
	CLEANUP_FREE struct key *keys = calloc(inventory->sound + 1, sizeof(*keys));
	free(inventory->order);
	inventory->order = calloc(inventory->sound + 1, sizeof(*inventory->order));
	if (!keys || !inventory->order)
		return df_fail_memory(err);
	fill_keys(inventory, keys);
	inventory->flags = calloc(sort(inventory, keys) + 1, sizeof(*inventory->flags));
	if (!inventory->flags)
		return df_fail_memory(err);
	fill_flags(inventory, keys);
	return 0;
}

void inventory_free(struct inventory *inventory)
{
	free(inventory->damaged);
	free(inventory->order);
	free(inventory->flags);
	*inventory = (struct inventory){0};
}
