/* SPDX-License-Identifier: Apache-2.0 */
/* cursor.c - the sites of one module on their way to a listing. */
#include "cursor.h"

#include <stdlib.h>
#include <string.h>

#include "flag.h"
#include "guard.h"
#include "names.h"
#include "rule.h"

/* Places of all sites, in order. */
static int take_all(struct cursor *c, const struct loaded *m, struct df_err *err)
{
	c->places = malloc((m->count + 1) * sizeof(*c->places));
	if (!c->places)
		return df_fail_memory(err);
	for (uint32_t i = 0; i < m->count; i++)
		c->places[i] = i;
	c->count = m->count;
	return 0;
}

static int take_matching(struct cursor *c, const struct loaded *m, const struct df_pattern *pattern,
			 struct df_err *err)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < c->count; i++) {
		const struct df_site site = record_site(&m->records[m->names->order[i]]);
		const int status = df_pattern_match(pattern, &site, err);
		if (status < 0)
			return status;
		if (status > 0)
			c->places[kept++] = i;
	}
	c->count = kept;
	return 0;
}

static struct df_count count_of(const struct df_site *site)
{
	struct df_count_v1 stored;
	const uint64_t word =
		__atomic_load_n((const uint64_t *)(uintptr_t)site->state, __ATOMIC_RELAXED);
	memcpy(&stored, &word, sizeof(stored));
	return df_count_decode(site, &stored);
}

/* Whether the site before this one in the order has the same full name; both match, or none. */
static bool repeats(const struct loaded *m, uint32_t place, const struct df_site *site)
{
	if (place == 0)
		return false;
	const struct df_site before = record_site(&m->records[m->names->order[place - 1]]);
	return before.line == site->line && df_site_same_name(&before, site);
}

static struct df_flag_info describe(const struct loaded *m, uint32_t place)
{
	const struct names *names = m->names;
	const struct df_site site = record_site(&m->records[names->order[place]]);
	const struct df_count count = count_of(&site);
	const char *full = names->text + names->text_at[place];
	return (struct df_flag_info){
		.full_name = full,
		.kind = site.kind,
		.name = site.name,
		.file = site.file,
		.doc = site.doc,
		.module = m->path,
		.line = site.line,
		.activation = count.activation,
		.unhook = count.unhook,
		.active = df_count_active(&count),
		.duplicate = repeats(m, place, &site),
		.site = (const void *)(uintptr_t)site.addr,
		.target = (const void *)(uintptr_t)site.target,
	};
}

/* The strings of an entry, where they stand. */
static size_t strings_of(struct df_flag_info *e, const char **strings[6])
{
	const char **all[] = {&e->full_name, &e->kind, &e->name, &e->file, &e->doc, &e->module};
	memcpy(strings, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

/* The executable's strings stay; those of other modules are copied, with the module's leave. */
static int keep_strings(struct cursor *c, struct df_err *err)
{
	const char **strings[6];
	size_t size = 0, used = 0;
	for (uint32_t i = 0; i < c->have; i++)
		for (size_t j = strings_of(&c->entries[i], strings); j-- > 0;)
			size += strlen(*strings[j]) + 1;
	char *copies = realloc(c->strings, size + 1);
	if (!copies)
		return df_fail_memory(err);
	c->strings = copies;
	for (uint32_t i = 0; i < c->have; i++)
		for (size_t j = strings_of(&c->entries[i], strings); j-- > 0;) {
			const size_t length = strlen(*strings[j]) + 1;
			memcpy(copies + used, *strings[j], length);
			*strings[j] = copies + used;
			used += length;
		}
	return 0;
}

static int fill(struct cursor *c, const struct loaded *m, struct df_err *err)
{
	c->have = 0;
	c->at = 0;
	while (c->have < CURSOR_BATCH && c->next < c->count)
		c->entries[c->have++] = describe(m, c->places[c->next++]);
	return m->executable ? 0 : keep_strings(c, err);
}

/* The first copies are made at once: of most modules they are all. */
int cursor_begin(struct cursor *c, struct loaded *m, const struct df_pattern *pattern,
		 struct df_err *err)
{
	*c = (struct cursor){.serial = m->serial,
			     .control = m->control,
			     .records = m->records,
			     .sites = m->count};
	int status = names_spell(m, err);
	if (status == 0)
		status = take_all(c, m, err);
	if (status == 0 && pattern && !df_pattern_is_all(pattern))
		status = take_matching(c, m, pattern, err);
	if (status < 0)
		return status;
	/* In a small program no more than it needs: untouched memory costs as much as all the rest.
	 */
	c->entries = malloc((c->count < CURSOR_BATCH ? c->count + 1 : CURSOR_BATCH) *
			    sizeof(*c->entries));
	return c->entries ? fill(c, m, err) : df_fail_memory(err);
}

struct refill {
	struct cursor *cursor;
	struct df_err *err;
	int status;
};

/*
 * Whether it is the module that we began with. When others were unloaded, and somebody else
 * committed here, nothing tells for sure that this one was not (loaded.c), and it has a new
 * serial; then it has to lie where it did, and the name that was copied last must stand
 * where it stood. 1, 0, or what names_spell() returns.
 */
static int is_same(struct cursor *c, struct loaded *m, struct df_err *err)
{
	if (m->serial == c->serial)
		return 1;
	if (m->control != c->control || m->records != c->records || m->count != c->sites)
		return 0;
	const int status = names_spell(m, err);
	if (status < 0)
		return status;
	const char *name = m->names->text + m->names->text_at[c->places[c->next - 1]];
	if (strcmp(name, c->entries[c->have - 1].full_name) != 0)
		return 0;
	c->serial = m->serial;
	return 1;
}

static int refill_from(struct loaded *m, void *context)
{
	struct refill *r = context;
	r->status = is_same(r->cursor, m, r->err);
	if (r->status > 0)
		r->status = fill(r->cursor, m, r->err);
	else if (r->status == 0)
		return 0;
	return 1;
}

static int refill(struct cursor *c, struct df_err *err)
{
	struct refill r = {.cursor = c, .err = err};
	const int state = guard_enter_shielded();
	struct df_err reason;
	const int found = loaded_visit(refill_from, &r, &reason);
	guard_leave_shielded(state);
	if (found == -(int)DF_E_MEMORY)
		return df_fail_memory(err);
	if (found != 1)
		c->next = c->count; /* unloaded meanwhile */
	return r.status;
}

struct df_flag_info *cursor_entry(struct cursor *c, struct df_err *err)
{
	if (c->at == c->have && c->next < c->count && refill(c, err) < 0)
		return NULL;
	return c->at < c->have ? &c->entries[c->at] : NULL;
}

void cursor_free(struct cursor *c)
{
	free(c->places);
	free(c->entries);
	free(c->strings);
	*c = (struct cursor){0};
}
