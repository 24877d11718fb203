/* SPDX-License-Identifier: Apache-2.0 */
/* pick.c - which sites of a module an operation is about. */
#include "pick.h"

#include <stdlib.h>
#include <string.h>

#include "flag.h"
#include "kinds.h"
#include "names.h"

/* Below this, looking at every site is as quick as anything; sorting pays on the second search. */
#define WORTH_SORTING 64

/* From this part of a table on, all of it is checked, and never again. */
#define MUCH 8

/* So few are compared with each other to count their names. */
#define FEW 16

static int push(struct picks *picks, uint32_t *room, uint32_t index, struct df_err *err)
{
	if (picks->count == *room) {
		const uint32_t larger = *room == 0 ? 64 : 2 * *room;
		uint32_t *list = realloc(picks->owned, larger * sizeof(*list));
		if (!list)
			return df_fail_memory(err);
		picks->owned = list;
		picks->list = list;
		*room = larger;
	}
	picks->owned[picks->count++] = index;
	return 0;
}

/* Adds what the pattern matches of the sites in a list; *room is what there is for more picks. */
static int filter(struct loaded *m, const struct df_pattern *pattern, const uint32_t *list,
		  uint32_t count, struct picks *picks, uint32_t *room, struct df_err *err)
{
	for (uint32_t i = 0; i < count; i++) {
		struct df_site site;
		int status = loaded_site(m, list[i], &site, err);
		if (status == 0)
			status = df_pattern_match(pattern, &site, err);
		if (status > 0)
			status = push(picks, room, list[i], err);
		if (status < 0)
			return status;
	}
	return 0;
}

static int by_index(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void sort(struct picks *picks)
{
	for (uint32_t i = 1; i < picks->count; i++)
		if (picks->owned[i - 1] > picks->owned[i]) {
			qsort(picks->owned, picks->count, sizeof(*picks->owned), by_index);
			return;
		}
}

/* Through the sorted names, if the pattern's literal beginning leads to a small part of them. */
static int pick_sorted(struct loaded *m, const struct df_pattern *pattern, bool *done,
		       struct picks *picks, struct df_err *err)
{
	size_t length;
	uint32_t from, to, room = 0;
	const char *prefix = df_pattern_prefix(pattern, &length);
	if (length == 0 || m->count < WORTH_SORTING || m->searches++ == 0)
		return 0;
	const int status = names_sort(m, err);
	if (status < 0 || m->names->unsearchable)
		return status;
	names_range(m, prefix, length, &from, &to);
	/* Much of a table is read faster from its start to its end. */
	if (to - from > m->count / 16)
		return 0;
	*done = true;
	const int filtered =
		filter(m, pattern, m->names->order + from, to - from, picks, &room, err);
	sort(picks);
	return filtered;
}

/* What of the pattern's literal beginning a site's name must begin with; NULL if its kind differs.
 */
static const char *name_part(const char *kind, const char *prefix, size_t length, size_t *left)
{
	const size_t size = strlen(kind);
	const size_t shared = size < length ? size : length;
	if (memcmp(kind, prefix, shared) != 0 || (length > size && prefix[size] != ':'))
		return NULL;
	*left = length > size ? length - size - 1 : 0;
	const char *part = prefix + length - *left;
	const char *at = memchr(part, '@', *left);
	if (at)
		*left = (size_t)(at - part);
	return part;
}

/* Sites that are looked at together, and kinds that are remembered. */
#define BLOCK 128
#define RECENT 64

/*
 * Through the whole table. Most sites are told by their kind, which is looked at once
 * for all that share its text, or by the beginning of their name.
 */
struct scan {
	struct loaded *module;
	const char *prefix;
	size_t length;
	struct {
		const char *kind, *part;
		size_t left;
	} recent[RECENT];
};

static int look_at_kind(struct scan *s, uint32_t index, size_t slot, struct df_err *err)
{
	struct df_site site;
	const int status = loaded_site(s->module, index, &site, err);
	if (status < 0)
		return status;
	s->recent[slot].kind = site.kind;
	s->recent[slot].part = name_part(site.kind, s->prefix, s->length, &s->recent[slot].left);
	return 0;
}

/*
 * Puts sites from `from` on, and before `end`, whose kinds are possible into `list`. Without a
 * jump that depends on the kind: kinds come in no order that a processor could foresee.
 */
static int scan_kinds(struct scan *s, uint32_t from, uint32_t end, uint32_t *list, uint32_t *count,
		      struct df_err *err)
{
	*count = 0;
	for (uint32_t i = from; i < end; i++) {
		const char *kind = record_text(&s->module->records[i].kind);
		const size_t slot = record_slot(kind, RECENT);
		if (s->recent[slot].kind != kind) {
			const int status = look_at_kind(s, i, slot, err);
			if (status < 0)
				return status;
		}
		list[*count] = i;
		*count += s->recent[slot].part != NULL;
	}
	return 0;
}

/* Whether the name tells the site. One that may lie anywhere is not read here. */
static bool is_other_name(const struct scan *s, const struct df_site_v1 *record)
{
	const char *kind = record_text(&record->kind), *name = record_text(&record->name);
	const size_t slot = record_slot(kind, RECENT);
	/* Another kind may have taken the slot meanwhile. */
	return s->recent[slot].kind == kind && span_holds(s->module->texts, (uintptr_t)name) &&
	       strncmp(name, s->recent[slot].part, s->recent[slot].left) != 0;
}

/* Drops those of other names. Names lie in no order: so all are fetched before one is read. */
static void scan_names(const struct scan *s, uint32_t *list, uint32_t *count)
{
	const struct df_site_v1 *records = s->module->records;
	const uint32_t all = *count;
	*count = 0;
	for (uint32_t i = 0; i < all; i++)
		__builtin_prefetch(record_text(&records[list[i]].name));
	for (uint32_t i = 0; i < all; i++)
		if (!is_other_name(s, &records[list[i]]))
			list[(*count)++] = list[i];
}

static int pick_scanned(struct loaded *m, const struct df_pattern *pattern, struct picks *picks,
			struct df_err *err)
{
	struct scan s = {.module = m};
	uint32_t list[BLOCK], count, room = 0;
	int status = 0;
	s.prefix = df_pattern_prefix(pattern, &s.length);
	for (uint32_t from = 0; status == 0 && from < m->count; from += BLOCK) {
		const uint32_t end = m->count - from < BLOCK ? m->count : from + BLOCK;
		status = scan_kinds(&s, from, end, list, &count, err);
		if (status < 0)
			return status;
		scan_names(&s, list, &count);
		status = filter(m, pattern, list, count, picks, &room, err);
	}
	return status;
}

static int pick_pattern(struct loaded *m, const struct df_pattern *pattern, struct picks *picks,
			struct df_err *err)
{
	bool done = false;
	const int status = pick_sorted(m, pattern, &done, picks, err);
	return status < 0 || done ? status : pick_scanned(m, pattern, picks, err);
}

static bool is_kind(const struct df_site *site, const char *kind)
{
	return strcmp(site->kind, kind) == 0;
}

/* For a module with more kinds than are kept. */
static int pick_kind_scanned(struct loaded *m, const char *kind, const struct df_pattern *pattern,
			     struct picks *picks, struct df_err *err)
{
	uint32_t room = 0;
	for (uint32_t i = 0; i < m->count; i++) {
		struct df_site site;
		int status = loaded_site(m, i, &site, err);
		if (status == 0 && is_kind(&site, kind))
			status = pattern ? df_pattern_match(pattern, &site, err) : 1;
		if (status > 0)
			status = push(picks, &room, i, err);
		if (status < 0)
			return status;
	}
	return 0;
}

static int pick_kind(struct loaded *m, const char *text, const struct df_pattern *pattern,
		     struct picks *picks, struct df_err *err)
{
	uint32_t room = 0;
	const int status = kinds_make(m, err);
	if (status < 0)
		return status;
	if (m->kinds->too_many)
		return pick_kind_scanned(m, text, pattern, picks, err);
	const struct kind *kind = kinds_find(m->kinds, text);
	if (!kind)
		return 0;
	const uint32_t *list = m->kinds->sites + kind->first;
	if (pattern)
		return filter(m, pattern, list, kind->count, picks, &room, err);
	picks->list = list;
	picks->count = kind->count;
	return 0;
}

int pick(struct loaded *m, const char *kind, const struct df_pattern *pattern, struct picks *picks,
	 struct df_err *err)
{
	int status = 0;
	*picks = (struct picks){0};
	if (pattern && df_pattern_is_all(pattern))
		pattern = NULL;
	if (kind)
		status = pick_kind(m, kind, pattern, picks, err);
	else if (pattern)
		status = pick_pattern(m, pattern, picks, err);
	else
		*picks = (struct picks){.all = true, .count = m->count};
	if (status < 0)
		picks_free(picks);
	return status;
}

static uint32_t count_few(const struct loaded *m, const struct picks *picks)
{
	uint32_t flags = 0;
	for (uint32_t i = 0; i < picks->count; i++) {
		const struct df_site site = record_site(&m->records[pick_at(picks, i)]);
		bool is_new = true;
		for (uint32_t j = 0; j < i && is_new; j++) {
			const struct df_site other = record_site(&m->records[pick_at(picks, j)]);
			is_new = !df_site_same_name(&other, &site);
		}
		flags += is_new;
	}
	return flags;
}

int picks_check(struct loaded *m, const struct picks *picks, struct df_err *err)
{
	if (m->checked || picks->count >= m->count / MUCH)
		return loaded_check(m, err);
	for (uint32_t i = 0; i < picks->count; i++) {
		struct df_site site;
		const int status = loaded_site(m, pick_at(picks, i), &site, err);
		if (status < 0)
			return status;
	}
	return 0;
}

int picks_flags(struct loaded *m, const struct picks *picks, uint32_t *flags, struct df_err *err)
{
	const bool few = picks->count <= FEW;
	const int status = few ? picks_check(m, picks, err) : names_count(m, err);
	if (status < 0)
		return status;
	if (few) {
		*flags = count_few(m, picks);
	} else if (picks->all) {
		*flags = m->names->flag_count;
	} else {
		*flags = 0;
		for (uint32_t i = 0; i < picks->count; i++)
			*flags += names_is_first(m->names, picks->list[i]);
	}
	return 0;
}

void picks_free(struct picks *picks)
{
	free(picks->owned);
	*picks = (struct picks){0};
}
