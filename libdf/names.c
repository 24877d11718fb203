/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - what is worked out about the names of a module's flags. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "flag.h"
#include "kinds.h"
#include "match.h"

/* Names that outlive what is known of them. Noted down, since else they look like a leak. */
static const char *given_out __attribute__((__used__));

/* `spelled`: the names as text as well. */
static void names_free(struct names *names, bool spelled)
{
	free(names->first);
	free(names->order);
	if (spelled)
		free(names->text);
	else
		given_out = names->text;
	free(names->text_at);
	free(names);
}

static struct names *names_of(struct loaded *m)
{
	m->free_names = names_free;
	if (!m->names)
		m->names = calloc(1, sizeof(*m->names));
	return m->names;
}

/* ---- the first of each full name ---- */

struct count {
	struct loaded *module;
	uint64_t *first;
	uint32_t *slots; /* a hash table: index of a first site, and 1 */
	uint32_t mask;
	const char *file; /* the last one, */
	uint32_t file_hash;
	uint32_t found;
};

/* FNV-1a: short keys, and no need to withstand anybody. */
static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

static uint32_t hash_site(struct count *c, const struct df_site *site)
{
	if (c->file != site->file) {
		c->file = site->file;
		c->file_hash = hash_text(2166136261u, site->file);
	}
	uint32_t hash = hash_text(c->file_hash ^ (site->line * 2654435761u), site->name);
	hash ^= hash >> 15;
	return hash * 2246822519u;
}

/* Puts a site into the table unless one of its full name is there. */
static void count_site(struct count *c, uint32_t index, const struct df_site *site)
{
	for (uint32_t at = hash_site(c, site);; at++) {
		uint32_t *slot = &c->slots[at & c->mask];
		if (*slot == 0) {
			*slot = index + 1;
			c->first[index / 64] |= UINT64_C(1) << (index % 64);
			c->found++;
			return;
		}
		const struct df_site other = record_site(&c->module->records[*slot - 1]);
		if (df_site_same_name(&other, site))
			return;
	}
}

static void count_all(struct count *c)
{
	for (uint32_t i = 0; i < c->module->count; i++) {
		const struct df_site site = record_site(&c->module->records[i]);
		count_site(c, i, &site);
	}
}

int names_count(struct loaded *m, struct df_err *err)
{
	struct names *names = names_of(m);
	if (names && names->first)
		return 0;
	int status = names ? loaded_check(m, err) : df_fail_memory(err);
	if (status < 0)
		return status;
	struct count c = {.module = m, .mask = 1};
	while (c.mask < 2 * m->count)
		c.mask = 2 * c.mask + 1;
	c.first = calloc(m->count / 64 + 1, sizeof(*c.first));
	c.slots = calloc((size_t)c.mask + 1, sizeof(*c.slots));
	if (c.first && c.slots) {
		count_all(&c);
		names->first = c.first;
		names->flag_count = c.found;
	} else {
		free(c.first);
		status = df_fail_memory(err);
	}
	free(c.slots);
	return status;
}

/* ---- in order ---- */

/* A site to be sorted: what its name goes on with behind what all names here begin with. */
struct item {
	uint64_t key; /* compares as those eight bytes do */
	const struct df_site_v1 *record;
};

static int compare_records(const struct df_site_v1 *x, const struct df_site_v1 *y)
{
	const struct df_site a = record_site(x), b = record_site(y);
	const int order = df_site_compare_names(&a, &b);
	return order != 0 ? order : (a.addr > b.addr) - (a.addr < b.addr);
}

static int compare_items(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return compare_records(a->record, b->record);
}

static uint64_t key_of(const char *text)
{
	uint64_t key = 0;
	for (unsigned shift = 64; shift > 0 && *text != '\0'; text++) {
		shift -= 8;
		key |= (uint64_t)(unsigned char)*text << shift;
	}
	return key;
}

/* How many bytes the names of all these sites begin with alike. */
static size_t shared_beginning(const struct loaded *m, const uint32_t *part, uint32_t count)
{
	const char *name = record_text(&m->records[part[0]].name);
	size_t shared = strlen(name);
	for (uint32_t i = 1; i < count && shared > 0; i++) {
		const char *other = record_text(&m->records[part[i]].name);
		size_t same = 0;
		while (same < shared && other[same] == name[same])
			same++;
		shared = same;
	}
	return shared;
}

static bool is_sorted(const struct loaded *m, const uint32_t *part, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (compare_records(&m->records[part[i - 1]], &m->records[part[i]]) > 0)
			return false;
	return true;
}

/* Sorts sites; by the key as well if they are of one kind. `items` has room for all. */
static void sort_part(const struct loaded *m, uint32_t *part, uint32_t count, bool one_kind,
		      struct item *items)
{
	if (is_sorted(m, part, count))
		return;
	const size_t shared = one_kind ? shared_beginning(m, part, count) : 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct df_site_v1 *record = &m->records[part[i]];
		items[i].record = record;
		items[i].key = one_kind ? key_of(record_text(&record->name) + shared) : 0;
	}
	qsort(items, count, sizeof(*items), compare_items);
	for (uint32_t i = 0; i < count; i++)
		part[i] = (uint32_t)(items[i].record - m->records);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct kind *)a)->text, ((const struct kind *)b)->text);
}

/* Kind by kind, in the order of their names. */
static void sort_kinds(const struct loaded *m, struct kind *sorted, uint32_t *order,
		       struct item *items)
{
	uint32_t *part = order;
	memcpy(sorted, m->kinds->list, m->kinds->count * sizeof(*sorted));
	qsort(sorted, m->kinds->count, sizeof(*sorted), by_text);
	for (uint32_t i = 0; i < m->kinds->count; i++) {
		memcpy(part, m->kinds->sites + sorted[i].first, sorted[i].count * sizeof(*part));
		sort_part(m, part, sorted[i].count, true, items);
		part += sorted[i].count;
	}
}

static void sort_all(const struct loaded *m, uint32_t *order, struct item *items)
{
	for (uint32_t i = 0; i < m->count; i++)
		order[i] = i;
	sort_part(m, order, m->count, false, items);
}

static void look_for_oddities(const struct loaded *m, struct names *names)
{
	const char *last = NULL;
	for (uint32_t i = 0; i < m->count; i++) {
		const struct df_site site = record_site(&m->records[i]);
		if (site.kind != last && strchr(site.kind, ':'))
			names->unsearchable = true;
		last = site.kind;
		if (strchr(site.name, '@'))
			names->odd = true;
	}
}

int names_sort(struct loaded *m, struct df_err *err)
{
	struct names *names = names_of(m);
	if (names && names->order)
		return 0;
	const int status = names ? kinds_make(m, err) : df_fail_memory(err);
	if (status < 0)
		return status;
	const bool by_kind = !m->kinds->too_many;
	uint32_t *order = malloc(m->count * sizeof(*order));
	struct item *items = malloc(m->count * sizeof(*items));
	struct kind *kinds = malloc((by_kind ? m->kinds->count : 1) * sizeof(*kinds));
	if (order && items && kinds) {
		if (by_kind)
			sort_kinds(m, kinds, order, items);
		else
			sort_all(m, order, items);
		look_for_oddities(m, names);
		names->order = order;
	} else {
		free(order);
	}
	free(items);
	free(kinds);
	return names->order ? 0 : df_fail_memory(err);
}

/* ---- a part of the order ---- */

/* The beginning of a full name, taken apart at its colon. */
struct beginning {
	const char *kind;
	size_t kind_length;
	bool kind_whole;
	const char *name;
	size_t name_length; /* up to the first @, if there is one */
	bool name_whole;
};

static struct beginning take_apart(const struct names *names, const char *prefix, size_t length)
{
	const char *colon = memchr(prefix, ':', length);
	if (!colon)
		return (struct beginning){.kind = prefix, .kind_length = length, .name = ""};
	const char *name = colon + 1, *end = prefix + length;
	const char *at = memchr(name, '@', (size_t)(end - name));
	return (struct beginning){
		.kind = prefix,
		.kind_length = (size_t)(colon - prefix),
		.kind_whole = true,
		.name = name,
		.name_length = (size_t)((at ? at : end) - name),
		/* A name may have an @ of its own: then this one may stand within it. */
		.name_whole = at && !names->odd,
	};
}

/* Whether a site stands before, within or behind the sites that begin so. */
static int place(const struct df_site *site, const struct beginning *b)
{
	int order = strncmp(site->kind, b->kind, b->kind_length);
	if (order != 0 || !b->kind_whole)
		return order;
	if (site->kind[b->kind_length] != '\0')
		return 1;
	order = strncmp(site->name, b->name, b->name_length);
	return order == 0 && b->name_whole && site->name[b->name_length] != '\0' ? 1 : order;
}

/* The first position of the order whose site is not before (or, `behind`, is behind) the range. */
static uint32_t search(const struct loaded *m, const struct beginning *b, bool behind)
{
	uint32_t low = 0, high = m->count;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		const struct df_site site = record_site(&m->records[m->names->order[middle]]);
		if (place(&site, b) < (behind ? 1 : 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void names_range(const struct loaded *m, const char *prefix, size_t length, uint32_t *from,
		 uint32_t *to)
{
	const struct beginning b = take_apart(m->names, prefix, length);
	*from = search(m, &b, false);
	*to = search(m, &b, true);
}

/* ---- as text ---- */

int names_spell(struct loaded *m, struct df_err *err)
{
	int status = names_sort(m, err);
	struct names *names = m->names;
	if (status < 0 || names->text)
		return status;
	size_t *at = malloc(m->count * sizeof(*at));
	size_t size = 0;
	for (uint32_t i = 0; at && i < m->count; i++) {
		const struct df_site site = record_site(&m->records[names->order[i]]);
		at[i] = size;
		size += df_full_name_length(&site) + 1;
	}
	char *text = at ? malloc(size) : NULL;
	if (!text) {
		free(at);
		return df_fail_memory(err);
	}
	for (uint32_t i = 0; i < m->count; i++) {
		const struct df_site site = record_site(&m->records[names->order[i]]);
		df_full_name(&site, text + at[i], size - at[i]);
	}
	names->text = text;
	names->text_at = at;
	return 0;
}
