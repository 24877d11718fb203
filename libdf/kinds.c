/* SPDX-License-Identifier: Apache-2.0 */
/* kinds.c - a module's sites by their kind. */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

/* A program with more kinds than this does not use them as kinds. */
#define KINDS_MAX 4096
#define RECENT 64

struct build {
	struct loaded *module;
	struct kinds *kinds;
	uint32_t *kind_of; /* per site */
	/* Equal strings are mostly the same: kinds by the address of their text. */
	struct {
		const char *text;
		uint32_t kind;
	} recent[RECENT];
};

static bool add_kind(struct kinds *k, const char *text)
{
	struct kind *larger = realloc(k->list, (k->count + 1) * sizeof(*larger));
	if (!larger)
		return false;
	k->list = larger;
	k->list[k->count++] = (struct kind){.text = text};
	return true;
}

/* The number of a kind; k->count if it is new. */
static uint32_t number_of(const struct kinds *k, const char *text)
{
	uint32_t i = 0;
	while (i < k->count && strcmp(k->list[i].text, text) != 0)
		i++;
	return i;
}

static int take_site(struct build *b, uint32_t index, struct df_err *err)
{
	struct kinds *k = b->kinds;
	const struct df_site site = record_site(&b->module->records[index]);
	const size_t slot = record_slot(site.kind, RECENT);
	if (b->recent[slot].text != site.kind) {
		const uint32_t number = number_of(k, site.kind);
		k->too_many = number == KINDS_MAX;
		if (k->too_many)
			return 0;
		if (number == k->count && !add_kind(k, site.kind))
			return df_fail_memory(err);
		b->recent[slot].text = site.kind;
		b->recent[slot].kind = number;
	}
	b->kind_of[index] = b->recent[slot].kind;
	k->list[b->kind_of[index]].count++;
	return 0;
}

/* By counting: each kind gets its place, then each site. */
static void sort_sites(const struct build *b)
{
	struct kinds *k = b->kinds;
	uint32_t next = 0;
	for (uint32_t i = 0; i < k->count; i++) {
		k->list[i].first = next;
		next += k->list[i].count;
		k->list[i].count = 0;
	}
	for (uint32_t i = 0; i < b->module->count; i++) {
		struct kind *kind = &k->list[b->kind_of[i]];
		k->sites[kind->first + kind->count++] = i;
	}
}

static int fill(struct build *b, struct df_err *err)
{
	for (uint32_t i = 0; i < b->module->count && !b->kinds->too_many; i++) {
		const int status = take_site(b, i, err);
		if (status < 0)
			return status;
	}
	if (!b->kinds->too_many)
		sort_sites(b);
	return 0;
}

static void kinds_free(struct kinds *kinds)
{
	if (!kinds)
		return;
	free(kinds->list);
	free(kinds->sites);
	free(kinds);
}

int kinds_make(struct loaded *m, struct df_err *err)
{
	if (m->kinds)
		return 0;
	struct build b = {.module = m, .kinds = calloc(1, sizeof(*b.kinds))};
	int status = loaded_check(m, err);
	b.kind_of = malloc(m->count * sizeof(*b.kind_of));
	if (b.kinds)
		b.kinds->sites = malloc(m->count * sizeof(*b.kinds->sites));
	if (status == 0)
		status = b.kinds && b.kinds->sites && b.kind_of ? fill(&b, err)
								: df_fail_memory(err);
	free(b.kind_of);
	if (status < 0) {
		kinds_free(b.kinds);
		return status;
	}
	m->kinds = b.kinds;
	m->free_kinds = kinds_free;
	return 0;
}

const struct kind *kinds_find(const struct kinds *kinds, const char *text)
{
	const uint32_t number = number_of(kinds, text);
	return number < kinds->count ? &kinds->list[number] : NULL;
}
