/* SPDX-License-Identifier: Apache-2.0 */
/* select.c - from the patterns of a command line to the sites of the loaded modules. */
#include "select.h"

#include <stdlib.h>
#include <string.h>

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

int selection_no_match(const char *pattern, struct df_err *err)
{
	return df_fail(err, DF_E_NO_MATCH,
		       "no flag matches '%s'; 'dfpatch list' shows the flags there are", pattern);
}

static int match_image(const struct df_pattern *pattern, const struct image *image, bool *selected,
		       size_t *matched, struct df_err *err)
{
	for (size_t i = 0; i < image->table.count; i++) {
		const int status = df_pattern_match(pattern, &image->sites[i], err);
		if (status < 0)
			return status;
		if (status > 0) {
			selected[i] = true;
			++*matched;
		}
	}
	return 0;
}

static int match_all(struct selection *s, const struct images *images, const char *text,
		     struct df_pattern *pattern, struct df_err *err)
{
	size_t matched = 0;
	for (size_t i = 0; i < images->count; i++)
		df_pattern_learn(pattern, images->list[i]->sites, images->list[i]->table.count);
	int status = df_pattern_check(pattern, err);
	for (size_t i = 0; status == 0 && i < images->count; i++)
		status = match_image(pattern, images->list[i], s->selected[i], &matched, err);
	if (status == 0 && matched == 0)
		return selection_no_match(text, err);
	return status;
}

int selection_make(struct selection *selection, const struct images *images,
		   const char *const *patterns, size_t pattern_count, struct df_err *err)
{
	int status = selection_new(selection, images, pattern_count == 0, err);
	for (size_t i = 0; status == 0 && i < pattern_count; i++) {
		struct df_pattern *pattern;
		status = df_pattern_words(patterns[i], &pattern, err);
		if (status < 0)
			break;
		status = match_all(selection, images, patterns[i], pattern, err);
		df_pattern_free(pattern);
	}
	return status;
}

void selection_free(struct selection *selection)
{
	for (size_t i = 0; i < selection->image_count; i++)
		free(selection->selected[i]);
	free(selection->selected);
	*selection = (struct selection){0};
}
