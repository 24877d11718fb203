/* SPDX-License-Identifier: Apache-2.0 */
/* inventory.c - the sites and flags of a module, each record on its own. */
#include "inventory.h"

#include <endian.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "parallel.h"

static const enum finding_code code_of[] = {
	[DF_PART_RECORD] = FINDING_RECORD_BOUNDS,  [DF_PART_STYLE] = FINDING_RECORD_STYLE,
	[DF_PART_FLAGS] = FINDING_RECORD_FLAGS,	   [DF_PART_SITE] = FINDING_SITE_SEGMENT,
	[DF_PART_TARGET] = FINDING_TARGET_SEGMENT, [DF_PART_STATE] = FINDING_STATE_BOUNDS,
	[DF_PART_STRING] = FINDING_STRING_BOUNDS,
};

static void mark(struct inventory *inventory, uint32_t record)
{
	inventory->damaged[record / 8] |= (uint8_t)(1u << record % 8);
}

static struct finding_place place_of(const struct df_table *table, uint32_t record)
{
	return (struct finding_place){
		.record = record,
		.address = table->start + (uint64_t)record * DF_SITE_SIZE,
	};
}

/* From `record` on the rest counts as damaged, without being looked at. */
static void give_up(struct inventory *inventory, uint32_t record, struct findings *findings)
{
	const struct df_table *table = &inventory->image->table;
	const struct finding_place place = place_of(table, record);
	findings_add(findings, FINDING_TABLE, &place,
		     "record %u: the strings up to it take more than %zu bytes; this and the "
		     "records behind it were not looked at",
		     record, INVENTORY_STRINGS_MAX);
	for (uint32_t i = record; i < table->count; i++) {
		mark(inventory, i);
		inventory->sound--;
	}
}

/* Of whole bytes of inventory->damaged, so that no two threads write to one. */
#define RECORDS_AT_ONCE 4096
#define SLICES (DF_SITES_MAX / RECORDS_AT_ONCE)
_Static_assert(DF_SITES_MAX % RECORDS_AT_ONCE == 0 && RECORDS_AT_ONCE % 8 == 0, "whole slices");

/* All threads decode and mark; then one tells, in the order of the table. */
struct decoding {
	struct inventory *inventory;
	_Atomic size_t strings[SLICES]; /* bytes of each slice; 0 until it was looked at */
};

/* Those of the slices before. */
static size_t strings_before(const struct decoding *d, size_t slice)
{
	size_t strings = 0;
	for (size_t i = 0; i < slice; i++)
		strings += d->strings[i];
	return strings;
}

static void decode_slice(void *context, size_t first, size_t end)
{
	struct decoding *d = context;
	const struct image *image = d->inventory->image;
	const size_t slice = first / RECORDS_AT_ONCE;
	struct df_strings strings = {0};
	size_t size = 0;
	if (strings_before(d, slice) > INVENTORY_STRINGS_MAX)
		return;
	for (size_t i = first; i < end && size <= INVENTORY_STRINGS_MAX; i++) {
		struct df_site site;
		if (df_table_next(&image->snapshot.view, &image->table, i, &strings, &site, NULL) <
		    0)
			mark(d->inventory, (uint32_t)i);
		else
			size += strings.size;
	}
	d->strings[slice] = size;
}

/*
 * The record whose strings, with those of all before it, are too many; the count of records if
 * there is none. What was left out lies behind it.
 */
static uint32_t find_limit(const struct decoding *d)
{
	const struct image *image = d->inventory->image;
	const uint32_t count = (uint32_t)image->table.count;
	size_t strings = 0, slice = 0;
	while (slice < SLICES && strings + d->strings[slice] <= INVENTORY_STRINGS_MAX)
		strings += d->strings[slice++];
	for (size_t i = slice * RECORDS_AT_ONCE; i < count; i++) {
		struct df_site site;
		if (df_table_site(&image->snapshot.view, &image->table, i, &site, NULL) == 0)
			strings += df_strings_size(&site);
		if (strings > INVENTORY_STRINGS_MAX)
			return (uint32_t)i;
	}
	return count;
}

static void tell_damaged(struct inventory *inventory, uint32_t record, struct findings *findings)
{
	const struct image *image = inventory->image;
	const struct finding_place place = place_of(&image->table, record);
	struct df_site site;
	enum df_part part;
	struct df_err why;
	if (df_table_part(&image->snapshot.view, &image->table, record, &site, &part, &why) < 0) {
		findings_add(findings, code_of[part], &place, "%s", why.text);
		inventory->sound--;
	} else { /* of a process that has mapped the page meanwhile */
		inventory->damaged[record / 8] &= (uint8_t) ~(1u << record % 8);
	}
}

int inventory_begin(struct inventory *inventory, const struct image *image, unsigned threads,
		    struct findings *findings, struct df_err *err)
{
	const struct df_table *table = &image->table;
	struct decoding d = {.inventory = inventory};
	*inventory = (struct inventory){.image = image, .threads = threads, .sound = table->count};
	inventory->damaged = calloc(table->count / 8 + 1, 1);
	if (!inventory->damaged)
		return df_fail_memory(err);
	parallel_slices(snapshot_has_room(&image->snapshot) ? threads : 1, table->count,
			RECORDS_AT_ONCE, decode_slice, &d);
	const uint32_t limit = find_limit(&d);
	for (uint32_t i = 0; i < limit; i++)
		if (inventory_is_damaged(inventory, i))
			tell_damaged(inventory, i, findings);
	if (limit < table->count)
		give_up(inventory, limit, findings);
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

void inventory_expect_name(const struct inventory *inventory, uint32_t record)
{
	struct df_site_v1 raw;
	uint64_t addr;
	if (read_again(inventory, record, &addr, &raw))
		__builtin_prefetch(again(inventory, FIELD(addr, &raw, name)));
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

/* Linkers merge equal strings, so most that are equal are the same. */
static int compare_text(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int compare_sites(const struct df_site *a, const struct df_site *b)
{
	int order = compare_text(a->kind, b->kind);
	if (order == 0)
		order = compare_text(a->name, b->name);
	if (order == 0)
		order = compare_text(a->file, b->file);
	return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

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

/* Sites of one flag in the order of the table, which is mostly that of addresses. */
static int compare_keys(const void *x, const void *y, void *inventory)
{
	const struct key *a = x, *b = y;
	struct df_site first, second;
	int order = 0;
	for (size_t i = 0; i < 2; i++)
		if (a->begins[i] != b->begins[i])
			return a->begins[i] < b->begins[i] ? -1 : 1;
	if (inventory_site(inventory, a->record, &first) &&
	    inventory_site(inventory, b->record, &second)) /* sound records are there */
		order = compare_sites(&first, &second);
	return order != 0 ? order : (a->record > b->record) - (a->record < b->record);
}

/*
 * Records of one kind, or all if there are too many kinds. Programs have few kinds, and within
 * one the names are mostly in order already, or there is less to sort.
 */
struct group {
	const char *kind; /* NULL for all */
	size_t first;	  /* index in the inventory's order */
	size_t count;
	size_t filled;
	struct df_site last; /* put there */
	bool unsorted;
	bool failed; /* no memory */
};

#define GROUPS_MAX 512
#define SLOTS (2 * GROUPS_MAX)

struct grouping {
	struct inventory *inventory;
	struct group groups[GROUPS_MAX + 1];
	size_t count;
	/* By the address of a kind. */
	struct {
		const char *kind;
		uint16_t group;
	} slots[SLOTS];
	size_t used;
	bool single; /* too many kinds: one group for all, which compares them as well */
};

/* Where the address is, or would be. */
static size_t slot_of(const struct grouping *g, const char *kind)
{
	size_t slot = (uintptr_t)kind * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (SLOTS - 1);
	while (g->slots[slot].kind && g->slots[slot].kind != kind)
		slot = (slot + 1) & (SLOTS - 1);
	return slot;
}

static int by_kind(const void *x, const void *y)
{
	const struct group *a = x, *b = y;
	return strcmp(a->kind, b->kind);
}

/* False if there are too many of them. */
static bool find_kinds(struct grouping *g)
{
	struct df_site site;
	for (uint32_t i = 0; i < g->inventory->image->table.count; i++) {
		if (!inventory_site(g->inventory, i, &site))
			continue;
		const size_t slot = slot_of(g, site.kind);
		if (!g->slots[slot].kind) {
			if (g->used == GROUPS_MAX)
				return false;
			g->slots[slot].kind = site.kind;
			g->slots[slot].group = (uint16_t)g->used;
			g->groups[g->used++].kind = site.kind;
		}
		g->groups[g->slots[slot].group].count++;
	}
	return true;
}

/* Sorts the groups and makes one of those of equal kinds, and sets where each begins. */
static void order_kinds(struct grouping *g)
{
	size_t first = 0;
	qsort(g->groups, g->used, sizeof(*g->groups), by_kind);
	for (size_t i = 0; i < g->used; i++) {
		const struct group group = g->groups[i];
		const bool same = i > 0 && by_kind(&g->groups[g->count - 1], &group) == 0;
		if (same)
			g->groups[g->count - 1].count += group.count;
		else
			g->groups[g->count++] = (struct group){
				.kind = group.kind, .first = first, .count = group.count};
		g->slots[slot_of(g, group.kind)].group = (uint16_t)(g->count - 1);
		first += group.count;
	}
}

/* Beside a record in the order, while flags are looked for: it is the first of one. */
#define FIRST_OF_FLAG (UINT32_C(1) << 31)
_Static_assert(DF_SITES_MAX < FIRST_OF_FLAG, "room beside a record");

/*
 * Puts a record behind those of its group, and looks whether that is in order: now, while it is at
 * hand, and not when the next of its group is far away.
 */
static void append(struct group *group, uint32_t *order, uint32_t record,
		   const struct df_site *site)
{
	const int compared = group->filled > 0 ? compare_sites(&group->last, site) : -1;
	group->unsorted |= compared > 0;
	order[group->first + group->filled++] = record | (compared < 0 ? FIRST_OF_FLAG : 0);
	group->last = *site;
}

/* Within each in the order of the table. */
static void fill_groups(struct grouping *g)
{
	struct df_site site;
	for (uint32_t i = 0; i < g->inventory->image->table.count; i++)
		if (inventory_site(g->inventory, i, &site))
			append(&g->groups[g->single ? 0 : g->slots[slot_of(g, site.kind)].group],
			       g->inventory->order, i, &site);
}

static bool sort_group(struct inventory *inventory, const struct group *group)
{
	uint32_t *order = inventory->order + group->first;
	struct key *keys = malloc(group->count * sizeof(*keys));
	struct df_site site, before = {0};
	if (!keys)
		return false;
	for (size_t i = 0; i < group->count; i++)
		if (inventory_site(inventory, order[i] & ~FIRST_OF_FLAG, &site))
			keys[i] = make_key(order[i] & ~FIRST_OF_FLAG, &site);
	qsort_r(keys, group->count, sizeof(*keys), compare_keys, inventory);
	for (size_t i = 0; i < group->count; i++) {
		inventory_site(inventory, keys[i].record, &site);
		const bool same = i > 0 && compare_sites(&before, &site) == 0;
		order[i] = keys[i].record | (same ? 0 : FIRST_OF_FLAG);
		before = site;
	}
	free(keys);
	return true;
}

static void sort_groups(void *context, size_t first, size_t end)
{
	struct grouping *g = context;
	for (size_t i = first; i < end; i++)
		if (g->groups[i].unsorted)
			g->groups[i].failed = !sort_group(g->inventory, &g->groups[i]);
}

static bool order_all(struct inventory *inventory)
{
	CLEANUP_FREE struct grouping *g = calloc(1, sizeof(*g));
	bool failed = false, unsorted = false;
	if (!g)
		return false;
	g->inventory = inventory;
	g->single = !find_kinds(g);
	if (g->single) {
		g->groups[0] = (struct group){.count = inventory->sound};
		g->count = 1;
	} else {
		order_kinds(g);
	}
	fill_groups(g);
	for (size_t i = 0; i < g->count; i++)
		unsorted |= g->groups[i].unsorted;
	if (unsorted)
		parallel_slices(inventory->threads, g->count, 1, sort_groups, g);
	for (size_t i = 0; i < g->count; i++)
		failed |= g->groups[i].failed;
	return !failed;
}

/* Their array takes as many as there are, not as there could be. */
static bool take_flags(struct inventory *inventory)
{
	size_t count = 0;
	for (uint32_t i = 0; i < inventory->sound; i++)
		count += inventory->order[i] >> 31;
	inventory->flags = calloc(count + 1, sizeof(*inventory->flags));
	if (!inventory->flags)
		return false;
	for (uint32_t i = 0; i < inventory->sound; i++) {
		if (inventory->order[i] & FIRST_OF_FLAG)
			inventory->flags[inventory->flag_count++].first = i;
		inventory->flags[inventory->flag_count - 1].count++;
		inventory->order[i] &= ~FIRST_OF_FLAG;
	}
	return true;
}

int inventory_group(struct inventory *inventory, struct df_err *err)
{
	free(inventory->order);
	inventory->order = calloc(inventory->sound + 1, sizeof(*inventory->order));
	if (!inventory->order || !order_all(inventory) || !take_flags(inventory))
		return df_fail_memory(err);
	return 0;
}

void inventory_free(struct inventory *inventory)
{
	free(inventory->damaged);
	free(inventory->order);
	free(inventory->flags);
	*inventory = (struct inventory){0};
}
