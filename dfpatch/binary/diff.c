/* SPDX-License-Identifier: Apache-2.0 */
/* diff.c - what differs between the flags of two modules, as they were built. */
#include "diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "summary.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

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

/* A flag that has no partner yet, and by what it can be told from others of its name. */
struct candidate {
	const struct df_flag *flag;
	const struct df_site *site; /* the first: all have the same file and line */
	const char *doc;	    /* the least, if its sites have several */
	const char *state;	    /* as built */
};

/* Those of one module. */
struct side {
	struct candidate *list;
	size_t count;
};

/* What partners have in common, besides kind and name. */
enum alike {
	ALIKE_BASE_NAME = 1 << 0,
	ALIKE_FILE = 1 << 1,
	ALIKE_DOC = 1 << 2,
	ALIKE_STATE = 1 << 3,
	ALIKE_LINE = 1 << 4,
	ALIKE_COUNT = 1 << 5, /* as many of them in either module: nothing came or went */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int compare(const struct candidate *a, const struct candidate *b, unsigned alike)
{
	int order = strcmp(a->site->kind, b->site->kind);
	if (order == 0)
		order = strcmp(a->site->name, b->site->name);
	if (order == 0 && (alike & ALIKE_BASE_NAME))
		order = strcmp(base_name(a->site->file), base_name(b->site->file));
	if (order == 0 && (alike & ALIKE_FILE))
		order = strcmp(a->site->file, b->site->file);
	if (order == 0 && (alike & ALIKE_DOC))
		order = strcmp(a->doc, b->doc);
	if (order == 0 && (alike & ALIKE_STATE))
		order = strcmp(a->state, b->state);
	if (order == 0 && (alike & ALIKE_LINE))
		order = (a->site->line > b->site->line) - (a->site->line < b->site->line);
	return order;
}

static int by_likeness(const void *x, const void *y, void *context)
{
	const struct candidate *a = x, *b = y;
	const int order = compare(a, b, *(const unsigned *)context);
	return order != 0 ? order : df_site_compare_names(a->site, b->site);
}

/* How many from the i-th on are alike. */
static size_t run_length(const struct side *side, size_t i, unsigned alike)
{
	size_t end = i + 1;
	while (end < side->count && compare(&side->list[i], &side->list[end], alike) == 0)
		end++;
	return end - i;
}

static void keep(struct side *side, size_t *kept, size_t from, size_t count)
{
	memmove(side->list + *kept, side->list + from, count * sizeof(*side->list));
	*kept += count;
}

static void sort(struct side *side, unsigned *alike)
{
	if (side->count > 1)
		qsort_r(side->list, side->count, sizeof(*side->list), by_likeness, alike);
}

/* Pairs those that are alike, in the order of file and line, and keeps the rest. */
static void pair(struct side *old, struct side *new, unsigned alike, struct diff *diff)
{
	size_t i = 0, j = 0, old_kept = 0, new_kept = 0;
	sort(old, &alike);
	sort(new, &alike);
	while (i < old->count && j < new->count) {
		const int order = compare(&old->list[i], &new->list[j], alike);
		const size_t olds = order <= 0 ? run_length(old, i, alike) : 0;
		const size_t news = order >= 0 ? run_length(new, j, alike) : 0;
		size_t pairs = olds < news ? olds : news;
		if ((alike & ALIKE_COUNT) && olds != news)
			pairs = 0;
		for (size_t k = 0; k < pairs; k++)
			diff->list[diff->count++] = (struct difference){
				.old = old->list[i + k].flag, .new = new->list[j + k].flag};
		keep(old, &old_kept, i + pairs, olds - pairs);
		keep(new, &new_kept, j + pairs, news - pairs);
		i += olds;
		j += news;
	}
	keep(old, &old_kept, i, old->count - i);
	keep(new, &new_kept, j, new->count - j);
	old->count = old_kept;
	new->count = new_kept;
}

/*
 * Pairs those of one name. A line that is inserted moves all below it, so what a flag is tells
 * more than its line.
 */
static void pair_namesakes(struct side *old, struct side *new, struct diff *diff)
{
	static const unsigned places[] = {ALIKE_FILE, ALIKE_BASE_NAME, 0};
	static const unsigned likeness[] = {
		ALIKE_DOC | ALIKE_COUNT,
		ALIKE_DOC | ALIKE_STATE | ALIKE_LINE,
		ALIKE_DOC | ALIKE_STATE,
		ALIKE_DOC | ALIKE_LINE,
		ALIKE_DOC,
		ALIKE_COUNT,
		ALIKE_STATE | ALIKE_LINE,
		ALIKE_STATE,
		ALIKE_LINE,
		0,
	};
	for (size_t i = 0; i < COUNT(places); i++)
		for (size_t j = 0; j < COUNT(likeness) && old->count > 0 && new->count > 0; j++)
			pair(old, new, places[i] | likeness[j], diff);
	for (size_t i = 0; i < old->count; i++)
		diff->list[diff->count++] = (struct difference){.old = old->list[i].flag};
	for (size_t i = 0; i < new->count; i++)
		diff->list[diff->count++] = (struct difference){.new = new->list[i].flag};
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

/* Those that have the name which comes next; flags are in the order of their names. */
static struct side namesakes(const struct side *all, size_t from, int order)
{
	return (struct side){.list = all->list + from,
			     .count = order <= 0 ? run_length(all, from, 0) : 0};
}

/* Name by name: most names are of one flag, and nothing is sorted then. */
static void pair_all(const struct side *old, const struct side *new, struct diff *diff)
{
	for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
		const int order = i == old->count   ? 1
				  : j == new->count ? -1
						    : compare(&old->list[i], &new->list[j], 0);
		struct side olds = namesakes(old, i, order), news = namesakes(new, j, -order);
		const size_t first = diff->count;
		i += olds.count;
		j += news.count;
		pair_namesakes(&olds, &news, diff);
		if (diff->count - first > 1)
			qsort_r(diff->list + first, diff->count - first, sizeof(*diff->list),
				by_old_place, diff);
	}
}

static const char *least_doc(const struct image *image, const struct df_flag *flag)
{
	const char *least = site_of(image, flag, 0)->doc;
	for (size_t i = 1; i < flag->count; i++)
		if (strcmp(site_of(image, flag, i)->doc, least) < 0)
			least = site_of(image, flag, i)->doc;
	return least;
}

static void all_flags(const struct image *image, struct candidate *list, struct side *side)
{
	for (size_t i = 0; i < image->flag_count; i++) {
		const struct df_flag *flag = &image->flags[i];
		const struct flag_counts counts = flag_counts_built(image, flag);
		list[i] = (struct candidate){
			.flag = flag,
			.site = site_of(image, flag, 0),
			.doc = least_doc(image, flag),
			.state = flag_state(&counts),
		};
	}
	*side = (struct side){.list = list, .count = image->flag_count};
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
}

int diff_images(const struct image *old, const struct image *new, struct diff *diff,
		struct df_err *err)
{
	const size_t flags = old->flag_count + new->flag_count;
	const size_t sites = old->table.count + new->table.count;
	*diff = (struct diff){.old = old, .new = new};
	CLEANUP_FREE struct candidate *both = calloc(flags + 1, sizeof(*both));
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
