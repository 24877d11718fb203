/* SPDX-License-Identifier: Apache-2.0 */
/* diff.c - what differs between the flags of two modules, as they were built. */
#include "diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "summary.h"

const char *diff_what_name(enum diff_what what)
{
	static const char *const names[] = {
#define DIFF_NAME(WHAT, NAME) NAME,
		DIFF_LIST(DIFF_NAME)
#undef DIFF_NAME
	};
	return names[what];
}

void diff_free(struct diff *diff)
{
	free(diff->list);
	*diff = (struct diff){0};
}

static const struct df_site *site_of(const struct image *image, const struct df_flag *flag,
				     size_t i)
{
	return &image->sites[image->order[flag->first + i]];
}

const char *diff_compiled_for(const struct image *image, const struct df_flag *flag)
{
	size_t on = 0;
	for (size_t i = 0; i < flag->count; i++)
		on += (site_of(image, flag, i)->flags & DF_SITE_INVERTED) != 0;
	return on == 0 ? "off" : on == flag->count ? "on" : "mixed";
}

/* ---- who is whose partner ---- */

/* Flags of one module that have no partner yet. */
struct side {
	const struct image *image;
	const struct df_flag **flags;
	size_t count;
};

static const struct df_site *first_site(const struct side *side, size_t i)
{
	return site_of(side->image, side->flags[i], 0);
}

static int compare_names(const struct df_site *a, const struct df_site *b)
{
	const int order = strcmp(a->kind, b->kind);
	return order != 0 ? order : strcmp(a->name, b->name);
}

static int compare_files(const struct df_site *a, const struct df_site *b)
{
	const int order = compare_names(a, b);
	return order != 0 ? order : strcmp(a->file, b->file);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int compare_base_names(const struct df_site *a, const struct df_site *b)
{
	const int order = compare_names(a, b);
	return order != 0 ? order : strcmp(base_name(a->file), base_name(b->file));
}

typedef int comparison(const struct df_site *a, const struct df_site *b);

/*
 * Pairs what `compare` calls equal, in order, and keeps the rest. Both sides must be in
 * an order that agrees with it.
 */
static void pair(struct side *old, struct side *new, comparison *compare, struct diff *diff)
{
	size_t i = 0, j = 0, old_kept = 0, new_kept = 0;
	while (i < old->count && j < new->count) {
		const int order = compare(first_site(old, i), first_site(new, j));
		if (order < 0)
			old->flags[old_kept++] = old->flags[i++];
		else if (order > 0)
			new->flags[new_kept++] = new->flags[j++];
		else
			diff->list[diff->count++] =
				(struct difference){.old = old->flags[i++], .new = new->flags[j++]};
	}
	while (i < old->count)
		old->flags[old_kept++] = old->flags[i++];
	while (j < new->count)
		new->flags[new_kept++] = new->flags[j++];
	old->count = old_kept;
	new->count = new_kept;
}

static int by_base_name(const void *x, const void *y, void *context)
{
	const struct image *image = context;
	const struct df_site *a = site_of(image, *(const struct df_flag *const *)x, 0);
	const struct df_site *b = site_of(image, *(const struct df_flag *const *)y, 0);
	const int order = compare_base_names(a, b);
	return order != 0 ? order : df_site_compare_names(a, b);
}

static int by_place(const void *x, const void *y, void *context)
{
	const struct image *image = context;
	return df_site_compare_names(site_of(image, *(const struct df_flag *const *)x, 0),
				     site_of(image, *(const struct df_flag *const *)y, 0));
}

typedef int ordering(const void *x, const void *y, void *image);

static void sort_sides(struct side *old, struct side *new, ordering *order)
{
	qsort_r(old->flags, old->count, sizeof(*old->flags), order, (void *)old->image);
	qsort_r(new->flags, new->count, sizeof(*new->flags), order, (void *)new->image);
}

static void pair_all(struct side *old, struct side *new, struct diff *diff)
{
	pair(old, new, df_site_compare_names, diff);
	pair(old, new, compare_files, diff);
	sort_sides(old, new, by_base_name);
	pair(old, new, compare_base_names, diff);
	sort_sides(old, new, by_place);
	pair(old, new, compare_names, diff);
	for (size_t i = 0; i < old->count; i++)
		diff->list[diff->count++] = (struct difference){.old = old->flags[i]};
	for (size_t i = 0; i < new->count; i++)
		diff->list[diff->count++] = (struct difference){.new = new->flags[i]};
}

/* ---- what differs between partners ---- */

static int compare_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The docs of all its sites, sorted. */
static void docs_of(const struct image *image, const struct df_flag *flag, const char **docs)
{
	for (size_t i = 0; i < flag->count; i++)
		docs[i] = site_of(image, flag, i)->doc;
	if (flag->count > 1)
		qsort(docs, flag->count, sizeof(*docs), compare_text);
}

static const char *first_not_in(const char *const *list, size_t count, const char *const *others,
				size_t other_count)
{
	for (size_t i = 0, j = 0; i < count; i++) {
		while (j < other_count && strcmp(others[j], list[i]) < 0)
			j++;
		if (j == other_count || strcmp(others[j], list[i]) != 0)
			return list[i];
	}
	return NULL;
}

/* Sites of one flag may differ in their docs; so they are compared as sets. */
static bool docs_differ(const struct diff *diff, struct difference *d, const char **room)
{
	const char **old = room, **new = room + d->old->count;
	docs_of(diff->old, d->old, old);
	docs_of(diff->new, d->new, new);
	const char *gone = first_not_in(old, d->old->count, new, d->new->count);
	const char *come = first_not_in(new, d->new->count, old, d->old->count);
	d->old_doc = gone ? gone : old[0];
	d->new_doc = come ? come : new[0];
	return gone || come;
}

/* With as many sites as before, a mixture must be the same one. */
static bool states_differ(const struct flag_counts *old, const struct flag_counts *new)
{
	if (strcmp(flag_state(old), flag_state(new)) != 0)
		return true;
	return old->sites == new->sites && (old->active != new->active || old->held != new->held);
}

static unsigned counts_that_differ(const struct flag_counts *old, const struct flag_counts *new)
{
	unsigned what = 0;
	if (states_differ(old, new))
		what |= 1u << DIFF_DEFAULT;
	else if (old->activation_min != new->activation_min ||
		 old->activation_max != new->activation_max)
		what |= 1u << DIFF_COUNT;
	if (old->unhook_min != new->unhook_min || old->unhook_max != new->unhook_max)
		what |= 1u << DIFF_UNHOOK;
	return what;
}

static void compare_partners(const struct diff *diff, struct difference *d, const char **room)
{
	const struct flag_counts old = flag_counts_built(diff->old, d->old);
	const struct flag_counts new = flag_counts_built(diff->new, d->new);
	d->what = counts_that_differ(&old, &new);
	if (!df_site_same_name(site_of(diff->old, d->old, 0), site_of(diff->new, d->new, 0)))
		d->what |= 1u << DIFF_MOVED;
	if (strcmp(diff_compiled_for(diff->old, d->old), diff_compiled_for(diff->new, d->new)) != 0)
		d->what |= 1u << DIFF_COMPILED;
	if (old.sites != new.sites)
		d->what |= 1u << DIFF_SITES;
	if (docs_differ(diff, d, room))
		d->what |= 1u << DIFF_DOC;
}

static void compare_one(const struct diff *diff, struct difference *d, const char **room)
{
	if (d->old && d->new) {
		compare_partners(diff, d, room);
		return;
	}
	d->what = 1u << (d->old ? DIFF_REMOVED : DIFF_ADDED);
	d->old_doc = d->old ? site_of(diff->old, d->old, 0)->doc : "";
	d->new_doc = d->new ? site_of(diff->new, d->new, 0)->doc : "";
}

static void count_whats(struct diff *diff, unsigned what)
{
	diff->alike += what == 0;
	for (int i = 0; i < DIFF_WHATS; i++)
		diff->whats[i] += (what >> i) & 1;
}

static int by_old_place(const void *x, const void *y, void *context)
{
	const struct difference *a = x, *b = y;
	const struct diff *diff = context;
	const struct df_site *p =
		a->old ? site_of(diff->old, a->old, 0) : site_of(diff->new, a->new, 0);
	const struct df_site *q =
		b->old ? site_of(diff->old, b->old, 0) : site_of(diff->new, b->new, 0);
	const int order = df_site_compare_names(p, q);
	return order != 0 ? order : !a->old - !b->old;
}

/* Keeps those of the pairs that differ. */
static void compare_all(struct diff *diff, const char **room)
{
	size_t kept = 0;
	for (size_t i = 0; i < diff->count; i++) {
		compare_one(diff, &diff->list[i], room);
		count_whats(diff, diff->list[i].what);
		if (diff->list[i].what != 0)
			diff->list[kept++] = diff->list[i];
	}
	diff->count = kept;
	qsort_r(diff->list, kept, sizeof(*diff->list), by_old_place, diff);
}

static void all_flags(const struct image *image, const struct df_flag **flags, struct side *side)
{
	for (size_t i = 0; i < image->flag_count; i++)
		flags[i] = &image->flags[i];
	*side = (struct side){.image = image, .flags = flags, .count = image->flag_count};
}

int diff_images(const struct image *old, const struct image *new, struct diff *diff,
		struct df_err *err)
{
	const size_t flags = old->flag_count + new->flag_count;
	const size_t sites = old->table.count + new->table.count;
	*diff = (struct diff){.old = old, .new = new};
	CLEANUP_FREE const struct df_flag **both = calloc(flags + 1, sizeof(*both));
	CLEANUP_FREE const char **docs = calloc(sites + 1, sizeof(*docs));
	diff->list = calloc(flags + 1, sizeof(*diff->list));
	if (!both || !docs || !diff->list)
		return df_fail_memory(err);
	struct side left, right;
	all_flags(old, both, &left);
	all_flags(new, both + old->flag_count, &right);
	pair_all(&left, &right, diff);
	compare_all(diff, docs);
	return 0;
}
