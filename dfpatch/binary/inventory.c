/* SPDX-License-Identifier: Apache-2.0 */
/* inventory.c - the sites and flags of a module, each record on its own. */
#include "inventory.h"

#include <endian.h>
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
	inventory->near = snapshot_piece(&image->snapshot, table->start);
	/* What could not be copied looks like what is damaged. */
	return image->snapshot.no_memory ? df_fail_memory(err) : 0;
}

/* What was found sound stays as it was read. */
static const void *again(const struct inventory *inventory, uint64_t addr)
{
	const uint64_t from = addr - inventory->near.addr;
	return from < inventory->near.size ? inventory->near.copy + from
					   : snapshot_again(&inventory->image->snapshot, addr);
}

static bool read_again(const struct inventory *inventory, uint32_t record, uint64_t *addr,
		       struct df_site_v1 *raw)
{
	const struct image *image = inventory->image;
	*addr = image->table.start + (uint64_t)record * DF_SITE_SIZE;
	const void *bytes = again(inventory, *addr);
	if (!bytes)
		return false;
	memcpy(raw, bytes, sizeof(*raw));
	return true;
}

#define FIELD(ADDR, RAW, MEMBER)                                                                   \
	((ADDR) + offsetof(struct df_site_v1, MEMBER) + (uint64_t)(int64_t)(RAW)->MEMBER)

bool inventory_site(const struct inventory *inventory, uint32_t record, struct df_site *site)
{
	struct df_site_v1 raw;
	uint64_t addr;
	if (inventory_is_damaged(inventory, record) || !read_again(inventory, record, &addr, &raw))
		return false;
	*site = (struct df_site){
		.addr = FIELD(addr, &raw, site),
		.target = raw.style == DF_STYLE_X86_GOTO ? FIELD(addr, &raw, target) : 0,
		.state = FIELD(addr, &raw, state),
		.kind = again(inventory, FIELD(addr, &raw, kind)),
		.name = again(inventory, FIELD(addr, &raw, name)),
		.file = again(inventory, FIELD(addr, &raw, file)),
		.doc = again(inventory, FIELD(addr, &raw, doc)),
		.line = raw.line,
		.style = raw.style,
		.flags = raw.flags,
		.activation = raw.activation,
		.unhook = raw.unhook,
	};
	return true;
}

void inventory_place(const struct inventory *inventory, uint32_t record,
		     struct inventory_place *place)
{
	struct df_site_v1 raw = {0};
	uint64_t addr;
	read_again(inventory, record, &addr, &raw);
	*place = (struct inventory_place){
		.addr = FIELD(addr, &raw, site),
		.target = raw.style == DF_STYLE_X86_GOTO ? FIELD(addr, &raw, target) : 0,
		.state = FIELD(addr, &raw, state),
		.style = raw.style,
		.stray_target = raw.style == DF_STYLE_X86_CARRY && raw.target != 0,
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

/*
 * A record as it is sorted: by the first bytes of kind and name, with which most comparisons end.
 */
struct key {
	uint64_t begins[2]; /* their order is that of the bytes */
	uint32_t record;
};

static struct key make_key(uint32_t record, const struct df_site *site)
{
	struct key key = {.record = record};
	unsigned char bytes[sizeof(key.begins)] = {0};
	size_t count = 0;
	for (const char *kind = site->kind; *kind && count < sizeof(bytes); kind++)
		bytes[count++] = (unsigned char)*kind;
	count++; /* the end of the kind, which comes before any other byte */
	for (const char *name = site->name; *name && count < sizeof(bytes); name++)
		bytes[count++] = (unsigned char)*name;
	memcpy(key.begins, bytes, sizeof(bytes));
	key.begins[0] = be64toh(key.begins[0]);
	key.begins[1] = be64toh(key.begins[1]);
	return key;
}

/* Linkers merge equal strings, so most that are equal are the same. */
static int compare_text(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int compare_names(const struct inventory *inventory, const struct key *a,
			 const struct key *b)
{
	struct df_site x, y;
	for (size_t i = 0; i < 2; i++)
		if (a->begins[i] != b->begins[i])
			return a->begins[i] < b->begins[i] ? -1 : 1;
	if (!inventory_site(inventory, a->record, &x) || !inventory_site(inventory, b->record, &y))
		return 0; /* sound records are there */
	int order = compare_text(x.kind, y.kind);
	if (order == 0)
		order = compare_text(x.name, y.name);
	if (order == 0)
		order = compare_text(x.file, y.file);
	return order != 0 ? order : (x.line > y.line) - (x.line < y.line);
}

/* Sites of one flag in the order of the table, which is mostly that of addresses. */
static int compare_keys(const void *x, const void *y, void *inventory)
{
	const struct key *a = x, *b = y;
	const int order = compare_names(inventory, a, b);
	return order != 0 ? order : (a->record > b->record) - (a->record < b->record);
}

static void fill_keys(const struct inventory *inventory, struct key *keys)
{
	size_t count = 0;
	for (uint32_t i = 0; i < inventory->image->table.count; i++) {
		struct df_site site;
		if (inventory_site(inventory, i, &site))
			keys[count++] = make_key(i, &site);
	}
}

/* Returns the number of flags: their array takes as many as there are, not as there could be. */
static size_t sort(struct inventory *inventory, struct key *keys)
{
	size_t flags = inventory->sound > 0;
	qsort_r(keys, inventory->sound, sizeof(*keys), compare_keys, inventory);
	for (size_t i = 1; i < inventory->sound; i++)
		flags += compare_names(inventory, &keys[i - 1], &keys[i]) != 0;
	return flags;
}

static void fill_flags(struct inventory *inventory, const struct key *keys)
{
	for (uint32_t i = 0; i < inventory->sound; i++) {
		if (i > 0 && compare_names(inventory, &keys[i - 1], &keys[i]) == 0)
			inventory->flags[inventory->flag_count - 1].count++;
		else
			inventory->flags[inventory->flag_count++] =
				(struct df_flag){.first = i, .count = 1};
		inventory->order[i] = keys[i].record;
	}
}

int inventory_group(struct inventory *inventory, struct df_err *err)
{
	CLEANUP_FREE struct key *keys = calloc(inventory->sound + 1, sizeof(*keys));
	free(inventory->order);
	inventory->order = NULL;
	if (!keys)
		return df_fail_memory(err);
	fill_keys(inventory, keys);
	inventory->flags = calloc(sort(inventory, keys) + 1, sizeof(*inventory->flags));
	inventory->order = calloc(inventory->sound + 1, sizeof(*inventory->order));
	if (!inventory->flags || !inventory->order)
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
