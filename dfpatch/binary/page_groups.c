/* SPDX-License-Identifier: Apache-2.0 */
/* page_groups.c - the flags of a module counted by kind and by file. */
#include "page_groups.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

struct group {
	const char *name; /* borrowed from the image */
	size_t flags;
	size_t sites;
	size_t docs;
	size_t states[PAGE_STATES];
};

static int by_name(const void *x, const void *y)
{
	const struct group *a = x, *b = y;
	return strcmp(a->name, b->name);
}

/* NULL if there is no room for another. */
static struct group *add_group(struct groups *groups, const char *name)
{
	if (groups->count == GROUPS_MAX)
		return NULL;
	struct group *group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->name = name;
	if (!tsearch(group, &groups->tree, by_name)) {
		free(group);
		return NULL;
	}
	groups->count++;
	return group;
}

static struct group *find_group(struct groups *groups, const char *name)
{
	const struct group key = {.name = name};
	if (groups->last && groups->last->name == name)
		return groups->last;
	struct group *const *found = tfind(&key, &groups->tree, by_name);
	groups->last = found ? *found : add_group(groups, name);
	return groups->last;
}

static void count_row(struct groups *groups, const char *name, const struct page_row *row)
{
	struct group *group = find_group(groups, name);
	if (!group) {
		groups->others++;
		return;
	}
	group->flags++;
	group->sites += row->sites;
	group->docs += row->site.doc[0] != '\0';
	group->states[row->built]++;
}

void groups_count(const struct audit_module *module, struct groups *kinds, struct groups *files)
{
	*kinds = *files = (struct groups){0};
	for (size_t i = 0; i < module->inventory.flag_count; i++) {
		struct page_row row;
		page_row(module, i, &row);
		count_row(kinds, row.site.kind, &row);
		count_row(files, row.site.file, &row);
	}
}

/* ---- shown ---- */

struct gathered {
	const struct group **list;
	size_t count;
};

static void gather(const void *node, VISIT visit, void *context)
{
	struct gathered *gathered = context;
	if (visit == postorder || visit == leaf)
		gathered->list[gathered->count++] = *(const struct group *const *)node;
}

static int by_flags(const void *x, const void *y)
{
	const struct group *a = *(const struct group *const *)x;
	const struct group *b = *(const struct group *const *)y;
	return a->flags != b->flags ? (a->flags < b->flags) - (a->flags > b->flags)
				    : strverscmp(a->name, b->name);
}

static void show_number(struct html *html, size_t number)
{
	html_begin(html, "td");
	html_attribute(html, "class", "number");
	html_textf(html, "%zu", number);
	html_end(html);
}

static void show_group(struct html *html, const struct group *group, const char *suffix)
{
	const size_t size = strlen(group->name) + strlen(suffix) + 1;
	CLEANUP_FREE char *search = malloc(size);
	html_begin(html, "tr");
	html_begin(html, "th");
	html_attribute(html, "scope", "row");
	html_begin(html, "a");
	if (search) {
		stpcpy(stpcpy(search, group->name), suffix);
		html_search(html, search);
	}
	html_text(html, group->name);
	html_end(html);
	html_end(html);
	show_number(html, group->flags);
	show_number(html, group->sites);
	show_number(html, group->flags - group->docs);
	html_begin(html, "td");
	html_attribute(html, "class", "bar");
	page_bar(html, group->states);
	html_end(html);
	html_end(html);
}

static void show_columns(struct html *html, const char *column)
{
	const char *const titles[] = {column, "Flags", "Sites", "No doc", "As built"};
	html_begin(html, "thead");
	html_begin(html, "tr");
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		html_begin(html, "th");
		html_attribute(html, "scope", "col");
		if (i > 0 && i < 4)
			html_attribute(html, "class", "number");
		html_text(html, titles[i]);
		html_end(html);
	}
	html_end(html);
	html_end(html);
}

static void show_rest(struct html *html, const struct groups *groups)
{
	if (groups->count <= GROUPS_SHOWN && groups->others == 0)
		return;
	html_begin(html, "p");
	html_attribute(html, "class", "more");
	if (groups->count > GROUPS_SHOWN)
		html_textf(html, "These are the %d of %zu with the most flags. ", GROUPS_SHOWN,
			   groups->count);
	if (groups->others > 0)
		html_textf(html, "%zu flags of further names are not counted here.",
			   groups->others);
	html_end(html);
}

static void show_table(struct html *html, const struct gathered *gathered, const char *column,
		       const char *suffix)
{
	html_begin(html, "table");
	html_attribute(html, "class", "groups");
	show_columns(html, column);
	html_begin(html, "tbody");
	for (size_t i = 0; i < gathered->count && i < GROUPS_SHOWN; i++)
		show_group(html, gathered->list[i], suffix);
	html_end(html);
	html_end(html);
}

void groups_show(struct html *html, const struct groups *groups, const char *heading,
		 const char *column, const char *suffix)
{
	CLEANUP_FREE const struct group **list = calloc(groups->count + 1, sizeof(*list));
	struct gathered gathered = {.list = list};
	if (!list)
		return;
	twalk_r(groups->tree, gather, &gathered);
	qsort(list, gathered.count, sizeof(*list), by_flags);
	html_begin(html, "div");
	html_begin(html, "h3");
	html_text(html, heading);
	html_begin(html, "span");
	html_attribute(html, "class", "count");
	html_textf(html, "%zu", groups->count);
	html_end(html);
	html_end(html);
	show_table(html, &gathered, column, suffix);
	show_rest(html, groups);
	html_end(html);
}

void groups_free(struct groups *groups)
{
	tdestroy(groups->tree, free);
	*groups = (struct groups){0};
}
