/* SPDX-License-Identifier: Apache-2.0 */
/* select.c - from the patterns and criteria of a command line to the sites of the loaded modules.
 */
#include "select.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "hints.h"

int selection_new(struct selection *s, const struct images *images, bool all, struct df_err *err)
{
	*s = (struct selection){0};
	s->selected = calloc(images->count + 1, sizeof(*s->selected));
	if (!s->selected)
		return df_fail_memory(err);
	s->image_count = images->count;
	for (size_t i = 0; i < images->count; i++) {
		const size_t count = images->list[i]->table.count;
		s->selected[i] = malloc(count + 1);
		if (!s->selected[i])
			return df_fail_memory(err);
		memset(s->selected[i], all, count + 1);
	}
	return 0;
}

int selection_no_match(const struct selection *among, const struct images *images,
		       const char *pattern, struct df_err *err)
{
	return hints_no_match(images, among->selected, among->chosen, pattern, err);
}

/* ---- criteria ---- */

/* Whether the flag is meant; notes in `met` which criteria have met one. */
static bool meets(const struct criteria *criteria, const struct image *image,
		  const struct df_flag *flag, bool *met)
{
	const struct df_site *site = &image->sites[image->order[flag->first]];
	bool asked[BY_COUNT] = {false}, is[BY_COUNT] = {false}, all = true;
	for (size_t i = 0; i < criteria->count; i++) {
		const struct criterion *c = &criteria->list[i];
		const bool matches = criterion_matches(c, image, site);
		asked[c->by] = true;
		is[c->by] |= matches;
		met[i] |= matches;
	}
	for (int by = 0; by < BY_COUNT; by++)
		all &= is[by] || !asked[by];
	return all;
}

static void set_flag(struct selection *s, const struct images *images, size_t i,
		     const struct df_flag *flag, bool value)
{
	for (size_t j = 0; j < flag->count; j++)
		s->selected[i][images->list[i]->order[flag->first + j]] = value;
}

/* Bytes are compared, whatever the locale that tables are printed in. */
static void keep_those_that_meet(struct selection *s, const struct images *images,
				 const struct criteria *criteria, bool *met)
{
	const locale_t plain = newlocale(LC_ALL_MASK, "C", NULL);
	const locale_t before = uselocale(plain);
	for (size_t i = 0; i < images->count; i++) {
		const struct image *image = images->list[i];
		for (size_t j = 0; j < image->flag_count; j++)
			set_flag(s, images, i, &image->flags[j],
				 meets(criteria, image, &image->flags[j], met));
	}
	uselocale(before);
	freelocale(plain);
}

static int by_criteria(struct selection *s, const struct images *images,
		       const struct criteria *criteria, struct df_err *err)
{
	if (!criteria || criteria->count == 0)
		return 0;
	CLEANUP_FREE bool *met = calloc(criteria->count, sizeof(*met));
	if (!met)
		return df_fail_memory(err);
	keep_those_that_meet(s, images, criteria, met);
	s->chosen = true;
	for (size_t i = 0; i < criteria->count; i++)
		if (!met[i])
			return criterion_no_match(&criteria->list[i], images, err);
	return selection_empty(s, images)
		       ? df_fail(err, DF_E_NO_MATCH,
				 "no flag is all that the options ask for; 'dfpatch list' shows "
				 "the flags there are")
		       : 0;
}

void selection_narrow(struct selection *selection, const struct images *images,
		      const struct criteria *criteria)
{
	if (!criteria || !criteria_any_state(criteria))
		return;
	for (size_t i = 0; i < images->count; i++) {
		const struct image *image = images->list[i];
		for (size_t j = 0; j < image->flag_count; j++)
			if (!criteria_in_state(criteria, image, &image->flags[j]))
				set_flag(selection, images, i, &image->flags[j], false);
	}
}

bool selection_empty(const struct selection *selection, const struct images *images)
{
	for (size_t i = 0; i < images->count; i++)
		if (memchr(selection->selected[i], true, images->list[i]->table.count))
			return false;
	return true;
}

/* ---- patterns ---- */

static int match_image(const struct df_pattern *pattern, const struct image *image,
		       const bool *among, bool *selected, size_t *matched, struct df_err *err)
{
	for (size_t i = 0; i < image->table.count; i++) {
		const int status = among[i] ? df_pattern_match(pattern, &image->sites[i], err) : 0;
		if (status < 0)
			return status;
		selected[i] |= status > 0;
		*matched += status > 0;
	}
	return 0;
}

static int match_all(const struct selection *among, struct selection *s,
		     const struct images *images, const char *text, struct df_pattern *pattern,
		     struct df_err *err)
{
	size_t matched = 0;
	for (size_t i = 0; i < images->count; i++)
		df_pattern_learn(pattern, images->list[i]->sites, images->list[i]->table.count);
	int status = df_pattern_check(pattern, err);
	for (size_t i = 0; status == 0 && i < images->count; i++)
		status = match_image(pattern, images->list[i], among->selected[i], s->selected[i],
				     &matched, err);
	return status == 0 && matched == 0 ? selection_no_match(among, images, text, err) : status;
}

/* A word that is no regular expression is one of a flag; which may not be there. */
static bool may_be_elsewhere(int status)
{
	return status == -(int)DF_E_NO_MATCH || status == -(int)DF_E_PATTERN;
}

static int by_patterns(struct selection *selection, const struct images *images,
		       const char *const *patterns, size_t pattern_count, bool strict,
		       struct df_err *err)
{
	struct selection meant;
	int status = selection_new(&meant, images, false, err);
	for (size_t i = 0; status == 0 && i < pattern_count; i++) {
		struct df_pattern *pattern;
		status = df_pattern_words(patterns[i], &pattern, err);
		if (status < 0)
			break;
		status = match_all(selection, &meant, images, patterns[i], pattern, err);
		if (!strict && may_be_elsewhere(status))
			status = 0;
		df_pattern_free(pattern);
	}
	selection_free(selection);
	*selection = meant;
	return status;
}

static int make(struct selection *selection, const struct images *images,
		const struct criteria *criteria, const char *const *patterns, size_t pattern_count,
		bool strict, struct df_err *err)
{
	int status = selection_new(selection, images, true, err);
	if (status == 0)
		status = by_criteria(selection, images, criteria, err);
	if (!strict && status == -(int)DF_E_NO_MATCH)
		status = 0;
	if (status == 0 && pattern_count > 0)
		status = by_patterns(selection, images, patterns, pattern_count, strict, err);
	return status;
}

int selection_make(struct selection *selection, const struct images *images,
		   const struct criteria *criteria, const char *const *patterns,
		   size_t pattern_count, struct df_err *err)
{
	return make(selection, images, criteria, patterns, pattern_count, true, err);
}

int selection_make_of_those_there(struct selection *selection, const struct images *images,
				  const struct criteria *criteria, const char *const *patterns,
				  size_t pattern_count, struct df_err *err)
{
	return make(selection, images, criteria, patterns, pattern_count, false, err);
}

void selection_free(struct selection *selection)
{
	for (size_t i = 0; i < selection->image_count; i++)
		free(selection->selected[i]);
	free(selection->selected);
	*selection = (struct selection){0};
}
