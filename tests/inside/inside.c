/* SPDX-License-Identifier: Apache-2.0 */
/* inside.c - what the tests of libdf share: listings that are kept, and the words behind a flag. */
#include "inside.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

extern const struct df_site_v1 __start_df_sites_v1[] __attribute__((visibility("hidden")));
extern const struct df_site_v1 __stop_df_sites_v1[] __attribute__((visibility("hidden")));

static const void *follow(const int32_t *field)
{
	return (const char *)field + *field;
}

/* ---- listings ---- */

static int keep(void *context, const struct df_flag_info *flag)
{
	struct listing *l = context;
	if ((l->count & (l->count + 1)) == 0) {
		const size_t room = 2 * l->count + 2;
		l->entries = realloc(l->entries, room * sizeof(*l->entries));
		cr_assert(l->entries);
	}
	struct df_flag_info *e = &l->entries[l->count++];
	*e = *flag;
	e->full_name = strdup(flag->full_name);
	e->kind = strdup(flag->kind);
	e->name = strdup(flag->name);
	e->file = strdup(flag->file);
	e->doc = strdup(flag->doc);
	e->module = strdup(flag->module);
	return 0;
}

struct listing listing_of(const char *pattern)
{
	struct listing l = {0};
	l.answer = df_list(pattern, keep, &l);
	cr_assert(l.answer >= 0, "df_list: %s", df_error());
	return l;
}

void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct df_flag_info *e = &l->entries[i];
		const char *strings[] = {e->full_name, e->kind, e->name,
					 e->file,      e->doc,	e->module};
		for (size_t j = 0; j < COUNT(strings); j++)
			free((void *)(uintptr_t)strings[j]);
	}
	free(l->entries);
	*l = (struct listing){0};
}

int listing_flags(const struct listing *l)
{
	int flags = 0;
	for (size_t i = 0; i < l->count; i++) {
		bool is_new = true;
		for (size_t j = 0; j < i && is_new; j++)
			is_new = strcmp(l->entries[i].full_name, l->entries[j].full_name) != 0 ||
				 strcmp(l->entries[i].module, l->entries[j].module) != 0;
		flags += is_new;
	}
	return flags;
}

/* Keeps pointers: strings of the executable are to last. */
struct one {
	struct df_flag_info flag;
	int flags;
};

static int keep_one(void *context, const struct df_flag_info *flag)
{
	struct one *one = context;
	if (flag->module[0] == '\0' && !flag->duplicate && one->flags++ == 0)
		one->flag = *flag;
	return 0;
}

struct df_flag_info flag_of(const char *pattern)
{
	struct one one = {.flags = 0};
	cr_assert(df_list(pattern, keep_one, &one) >= 0, "df_list: %s", df_error());
	cr_assert_eq(one.flags, 1, "%d flags match %s", one.flags, pattern);
	return one.flag;
}

/* ---- words ---- */

const struct df_site_v1 *record_of(const void *site)
{
	for (const struct df_site_v1 *r = __start_df_sites_v1; r < __stop_df_sites_v1; r++)
		if (follow(&r->site) == site)
			return r;
	cr_assert_fail("no record of the site at %p", site);
	return NULL;
}

struct df_state_v1 *state_of(const void *site)
{
	return (struct df_state_v1 *)(uintptr_t)follow(&record_of(site)->state);
}

struct wanted {
	uint32_t activation, unhook;
};

static int store(void *context, const struct df_flag_info *flag)
{
	const struct wanted *wanted = context;
	const struct df_site_v1 *record = record_of(flag->site);
	struct df_state_v1 *state = state_of(flag->site);
	const uint32_t released = record->flags & DF_SITE_HELD ? DF_HOLD_RELEASED : 0;
	state->current.activation = wanted->activation ^ record->activation;
	state->current.unhook = (wanted->unhook ^ record->unhook) | released;
	state->next = state->current;
	return 0;
}

void store_counts(const char *pattern, uint32_t activation, uint32_t unhook)
{
	struct wanted wanted = {activation, unhook};
	cr_assert(df_list(pattern, store, &wanted) > 0, "%s matches nothing", pattern);
}

/* ---- everything ---- */

#define INSN 5

struct snapshot snapshot_take(void)
{
	const size_t sites = (size_t)(__stop_df_sites_v1 - __start_df_sites_v1);
	const size_t each = sizeof(struct df_state_v1) + INSN;
	struct snapshot s = {.size = sizeof(df_module_v1) + sites * each};
	unsigned char *to = s.bytes = malloc(s.size);
	cr_assert(to);
	memcpy(to, &df_module_v1, sizeof(df_module_v1));
	to += sizeof(df_module_v1);
	for (size_t i = 0; i < sites; i++, to += each) {
		memcpy(to, follow(&__start_df_sites_v1[i].state), sizeof(struct df_state_v1));
		memcpy(to + sizeof(struct df_state_v1), follow(&__start_df_sites_v1[i].site), INSN);
	}
	return s;
}

bool snapshot_is_same(struct snapshot *before)
{
	struct snapshot now = snapshot_take();
	const bool same =
		now.size == before->size && memcmp(now.bytes, before->bytes, now.size) == 0;
	free(now.bytes);
	free(before->bytes);
	*before = (struct snapshot){0};
	return same;
}
