/* SPDX-License-Identifier: Apache-2.0 */
/* criteria.c - flags by what they are. */
#include "criteria.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"

/* What no flag is, by each. */
static const struct {
	const char *option;
	const char *no_flag;
} sorts[BY_COUNT] = {
	[BY_KIND] = {"--kind", "no flag has the kind"},
	[BY_NAME] = {"--name", "no flag has the name"},
	[BY_PLACE] = {"--at", "no flag lies in"},
	[BY_DOC] = {"--doc", "no doc of a flag says"},
	[BY_MODULE] = {"--module", "no module with flags is named"},
};

const char *criterion_option(enum criterion_by by)
{
	return sorts[by].option;
}

bool criteria_any_state(const struct criteria *criteria)
{
	return criteria->active || criteria->changed || criteria->unhooked;
}

bool criteria_any(const struct criteria *criteria)
{
	return criteria->count > 0 || criteria_any_state(criteria);
}

/* ---- lines ---- */

static bool take_line(const char **text, uint32_t *line)
{
	char *end;
	errno = 0;
	const unsigned long value = isdigit((unsigned char)**text) ? strtoul(*text, &end, 10) : 0;
	if (errno != 0 || value == 0 || value > UINT32_MAX)
		return false;
	*line = (uint32_t)value;
	*text = end;
	return true;
}

/* LINE, FIRST-LAST or FIRST-. */
static bool take_lines(const char *text, struct criterion *c)
{
	if (!take_line(&text, &c->first))
		return false;
	c->last = c->first;
	if (*text == '-') {
		c->last = UINT32_MAX;
		text++;
		if (*text != '\0' && !take_line(&text, &c->last))
			return false;
	}
	return *text == '\0' && c->first <= c->last;
}

/* The colon before what is meant to be lines; a colon may be part of a name, too. */
static const char *colon_of(const char *text)
{
	const char *colon = strrchr(text, ':');
	const bool lines =
		colon && colon[1] != '\0' && strspn(colon + 1, "0123456789-") == strlen(colon + 1);
	return lines ? colon : NULL;
}

static int take_place(struct criterion *c, struct df_err *err)
{
	const char *colon = colon_of(c->text);
	c->last = UINT32_MAX;
	if (colon == c->text || (colon && !take_lines(colon + 1, c)))
		return df_fail(err, DF_E_USAGE,
			       "'%s' is no place; write FILE, FILE:41, FILE:41-60 or FILE:41-",
			       c->text);
	c->path = colon ? strndup(c->text, (size_t)(colon - c->text)) : strdup(c->text);
	return c->path ? 0 : df_fail_memory(err);
}

int criteria_add(struct criteria *criteria, enum criterion_by by, const char *text,
		 struct df_err *err)
{
	struct criterion c = {.by = by, .text = text};
	if (*text == '\0')
		return df_fail(err, DF_E_USAGE, "an empty text is no flag's");
	if (by == BY_PLACE) {
		const int status = take_place(&c, err);
		if (status < 0)
			return status;
	}
	criteria->list[criteria->count++] = c;
	return 0;
}

/* ---- what a flag is ---- */

static size_t count_slashes(const char *text)
{
	size_t count = 0;
	while ((text = strchr(text, '/'))) {
		text++;
		count++;
	}
	return count;
}

/*
 * With no * for a slash, only one end of the path has as many as the pattern. Shells complete names
 * that begin where they are, which is not where the path begins.
 */
static bool is_path(const char *pattern, const char *path)
{
	while (strncmp(pattern, "./", 2) == 0)
		pattern += 2;
	const size_t wanted = count_slashes(pattern);
	for (size_t there = count_slashes(path); there > wanted; there--)
		path = strchr(path, '/') + 1;
	return fnmatch(pattern, path, FNM_PATHNAME) == 0;
}

static bool is_at(const struct criterion *c, const struct df_site *site)
{
	return site->line >= c->first && site->line <= c->last && is_path(c->path, site->file);
}

bool criterion_matches(const struct criterion *c, const struct image *image,
		       const struct df_site *site)
{
	switch (c->by) {
	case BY_KIND:
		return fnmatch(c->text, site->kind, 0) == 0;
	case BY_NAME:
		return fnmatch(c->text, site->name, 0) == 0;
	case BY_PLACE:
		return is_at(c, site);
	case BY_DOC:
		return strcasestr(site->doc, c->text) != NULL;
	case BY_MODULE:
		return is_path(c->text, image->path);
	case BY_COUNT:
	default:
		return false;
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* What the criterion could have named. */
static void offer(struct nearest *nearest, enum criterion_by by, const struct image *image,
		  const struct df_site *site)
{
	if (by == BY_KIND)
		nearest_offer(nearest, site->kind);
	else if (by == BY_NAME)
		nearest_offer(nearest, site->name);
	else if (by == BY_PLACE)
		nearest_offer(nearest, base_name(site->file));
	else if (by == BY_MODULE)
		nearest_offer(nearest, base_name(image->path));
}

static void offer_all(struct nearest *nearest, enum criterion_by by, const struct images *images)
{
	size_t left = NEAREST_NAMES;
	for (size_t i = 0; i < images->count; i++) {
		const struct image *image = images->list[i];
		for (size_t j = 0; j < image->flag_count && left > 0; j++, left--)
			offer(nearest, by, image,
			      &image->sites[image->order[image->flags[j].first]]);
	}
}

int criterion_no_match(const struct criterion *c, const struct images *images, struct df_err *err)
{
	struct nearest nearest;
	nearest_begin(&nearest, base_name(c->by == BY_PLACE ? c->path : c->text));
	offer_all(&nearest, c->by, images);
	const char *near = nearest_name(&nearest);
	/* What is as it was written is there, but not in those lines, or under another directory.
	 */
	if (near && strcmp(near, nearest.wanted) != 0)
		return df_fail(err, DF_E_NO_MATCH,
			       "%s: %s '%s'; did you mean '%s'? 'dfpatch list' shows the flags "
			       "there are",
			       sorts[c->by].option, sorts[c->by].no_flag, c->text, near);
	return df_fail(err, DF_E_NO_MATCH, "%s: %s '%s'; 'dfpatch list' shows the flags there are",
		       sorts[c->by].option, sorts[c->by].no_flag, c->text);
}

/* ---- states ---- */

bool criteria_in_state(const struct criteria *criteria, const struct image *image,
		       const struct df_flag *flag)
{
	bool active = false, changed = false, unhooked = false;
	for (size_t i = 0; i < flag->count; i++) {
		const uint32_t site = image->order[flag->first + i];
		const struct df_count_v1 *stored = &image->states[site].current;
		const struct df_count count = image_count(image, site);
		active |= df_count_active(&count);
		unhooked |= count.unhook > 0;
		changed |= stored->activation != 0 || stored->unhook != 0;
	}
	return (active || !criteria->active) && (changed || !criteria->changed) &&
	       (unhooked || !criteria->unhooked);
}

int criteria_no_state(const struct criteria *criteria, struct df_err *err)
{
	const bool first = criteria->active, second = criteria->changed, third = criteria->unhooked;
	return df_fail(err, DF_E_NO_MATCH, "none of the flags is %s%s%s%s%s", first ? "active" : "",
		       first && second ? " and " : "", second ? "changed" : "",
		       (first || second) && third ? " and " : "", third ? "unhooked" : "");
}

void criteria_free(struct criteria *criteria)
{
	for (size_t i = 0; i < criteria->count; i++)
		free(criteria->list[i].path);
	free(criteria->list);
	*criteria = (struct criteria){0};
}
