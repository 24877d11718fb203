/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - what is worked out about the names of a module's flags. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "flag.h"
#include "match.h"

static void names_free(struct names *names)
{
	free(names->first);
	free(names->order);
	free(names->text);
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

static int count_all(struct count *c, struct df_err *err)
{
	for (uint32_t i = 0; i < c->module->count; i++) {
		struct df_site site;
		const int status = loaded_site(c->module, i, &site, err);
		if (status < 0)
			return status;
		count_site(c, i, &site);
	}
	return 0;
}

int names_count(struct loaded *m, struct df_err *err)
{
	struct names *names = names_of(m);
	if (names && names->first)
		return 0;
	struct count c = {.module = m, .mask = 1};
	while (c.mask < 2 * m->count)
		c.mask = 2 * c.mask + 1;
	c.first = calloc(m->count / 64 + 1, sizeof(*c.first));
	c.slots = calloc((size_t)c.mask + 1, sizeof(*c.slots));
	int status = names && c.first && c.slots ? count_all(&c, err) : df_fail_memory(err);
	free(c.slots);
	if (status < 0) {
		free(c.first);
		return status;
	}
	names->first = c.first;
	names->flag_count = c.found;
	return 0;
}

/* ---- in order ---- */

static int compare(const void *x, const void *y, void *context)
{
	const struct df_site_v1 *records = context;
	const struct df_site a = record_site(&records[*(const uint32_t *)x]);
	const struct df_site b = record_site(&records[*(const uint32_t *)y]);
	const int order = df_site_compare_names(&a, &b);
	return order != 0 ? order : (a.addr > b.addr) - (a.addr < b.addr);
}

static int check_all(const struct loaded *m, struct names *names, struct df_err *err)
{
	const char *last = NULL;
	for (uint32_t i = 0; i < m->count; i++) {
		struct df_site site;
		const int status = loaded_site(m, i, &site, err);
		if (status < 0)
			return status;
		if (site.kind != last && strchr(site.kind, ':'))
			names->unsearchable = true;
		last = site.kind;
		if (strchr(site.name, '@'))
			names->odd = true;
	}
	return 0;
}

int names_sort(struct loaded *m, struct df_err *err)
{
	struct names *names = names_of(m);
	if (names && names->order)
		return 0;
	uint32_t *order = malloc(m->count * sizeof(*order));
	const int status = names && order ? check_all(m, names, err) : df_fail_memory(err);
	if (status < 0) {
		free(order);
		return status;
	}
	bool sorted = true;
	for (uint32_t i = 0; i < m->count; i++) {
		order[i] = i;
		sorted = sorted &&
			 (i == 0 || compare(&order[i - 1], &order[i], (void *)m->records) <= 0);
	}
	if (!sorted)
		qsort_r(order, m->count, sizeof(*order), compare, (void *)m->records);
	names->order = order;
	return 0;
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
