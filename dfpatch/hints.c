/* SPDX-License-Identifier: Apache-2.0 */
/* hints.c - what somebody may have meant by a pattern that means no flag. */
#include "hints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "match.h"
#include "nearest.h"

/* Flags that could be meant. */
struct field {
	const struct images *images;
	bool *const *among;
};

typedef bool (*take_flag)(void *context, const struct df_site *site);

/* The first flag that is taken, by its first site, or NULL; of so many flags at most. */
static const struct df_site *each(const struct field *field, take_flag take, void *context)
{
	size_t left = NEAREST_NAMES;
	for (size_t i = 0; i < field->images->count; i++) {
		const struct image *image = field->images->list[i];
		for (size_t j = 0; j < image->flag_count && left > 0; j++, left--) {
			const uint32_t first = image->order[image->flags[j].first];
			if (field->among[i][first] && take(context, &image->sites[first]))
				return &image->sites[first];
		}
	}
	return NULL;
}

/* ---- other patterns ---- */

/* A program's names may be of any length, and regular expressions slow. */
#define NAME_MOST 256

static bool matches(void *pattern, const struct df_site *site)
{
	struct df_err unused;
	return df_full_name_length(site) <= NAME_MOST &&
	       df_pattern_match(pattern, site, &unused) > 0;
}

static const struct df_site *match_of(const struct field *field, const char *text)
{
	struct df_pattern *pattern;
	struct df_err unused;
	if (df_pattern_compile(text, &pattern, &unused) < 0)
		return NULL;
	const struct df_site *site = each(field, matches, pattern);
	df_pattern_free(pattern);
	return site;
}

/* The end of a name is where its place begins; only a full name ends at a dollar sign. */
static char *with_place(const char *pattern)
{
	const size_t length = strlen(pattern);
	if (length < 2 || pattern[length - 1] != '$' || pattern[length - 2] == '\\')
		return NULL;
	char *text = strdup(pattern);
	if (text)
		text[length - 1] = '@';
	return text;
}

static char *anywhere(const char *pattern)
{
	char *text = NULL;
	const bool several = strchr(pattern, '|') != NULL;
	return asprintf(&text, several ? ".*(%s)" : ".*%s", pattern) < 0 ? NULL : text;
}

/* Of the other ways to write it, the first that means something; owned by the caller. */
static char *other_pattern(const struct field *field, const char *pattern,
			   const struct df_site **meant)
{
	CLEANUP_FREE char *ended = with_place(pattern);
	char *tries[] = {anywhere(pattern), ended ? strdup(ended) : NULL,
			 ended ? anywhere(ended) : NULL};
	char *found = NULL;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		if (!found && tries[i] && (*meant = match_of(field, tries[i])))
			found = tries[i];
		else
			free(tries[i]);
	}
	return found;
}

/* ---- other names ---- */

/* As much as nearest.h looks at, and one more, so that it sees what is too long. */
static bool offer(void *nearest, const struct df_site *site)
{
	char name[NEAREST_LENGTH + 2];
	if (snprintf(name, sizeof(name), "%s:", site->kind) > 0)
		nearest_offer(nearest, name);
	if (snprintf(name, sizeof(name), "%s:%s", site->kind, site->name) > 0)
		nearest_offer(nearest, name);
	return false;
}

int hints_no_match(const struct images *images, bool *const *among, bool chosen,
		   const char *pattern, struct df_err *err)
{
	const struct field field = {images, among};
	const char *which = chosen ? "that the options mean " : "";
	const struct df_site *meant = NULL;
	struct nearest nearest;
	CLEANUP_FREE char *other = other_pattern(&field, pattern, &meant);
	if (other)
		return df_fail(err, DF_E_NO_MATCH,
			       "no flag %smatches '%s', which has to match a full name from its "
			       "start; '%s' matches %s:%s@%s:%u",
			       which, pattern, other, meant->kind, meant->name, meant->file,
			       meant->line);
	nearest_begin(&nearest, pattern);
	each(&field, offer, &nearest);
	const char *near = nearest_name(&nearest);
	if (near)
		return df_fail(err, DF_E_NO_MATCH,
			       "no flag %smatches '%s'; did you mean '%s'? 'dfpatch list' shows "
			       "the flags there are",
			       which, pattern, near);
	return df_fail(err, DF_E_NO_MATCH,
		       "no flag %smatches '%s'; 'dfpatch list' shows the flags there are", which,
		       pattern);
}
