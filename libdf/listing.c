/* SPDX-License-Identifier: Apache-2.0 */
/* listing.c - calling back for the sites of every module, in one order. */
#include "listing.h"

#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "guard.h"
#include "loaded.h"

struct list {
	const struct df_pattern *pattern;
	struct cursor *cursors; /* one per module, in the order of the loader */
	size_t count;
	char *last; /* the full name that was listed last; NULL before the first */
	size_t last_room;
	struct df_err *err;
	int status;
	struct df_err first; /* of the modules that could not be listed */
};

static int add_cursor(struct loaded *m, void *context)
{
	struct list *l = context;
	struct cursor *larger = realloc(l->cursors, (l->count + 1) * sizeof(*larger));
	if (!larger) {
		l->status = df_fail_memory(l->err);
		return 1;
	}
	l->cursors = larger;
	l->status = cursor_begin(&l->cursors[l->count++], m, l->pattern, l->err);
	return l->status < 0;
}

/* A module that cannot be listed leaves its error in l->first; the others are. */
static int begin(struct list *l)
{
	const int state = guard_enter_shielded();
	const int status = loaded_visit(add_cursor, l, &l->first);
	guard_leave_shielded(state);
	return status == 1 ? l->status : 0;
}

static int compare(const struct df_flag_info *a, const struct df_flag_info *b)
{
	int order = strcmp(a->kind, b->kind);
	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = strcmp(a->file, b->file);
	return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/*
 * The entry that comes first, and its cursor in *of; NULL at the end, or with an error in
 * *err. A single module has no other to be compared with.
 */
static struct df_flag_info *first_of(struct list *l, struct cursor **of, struct df_err *err)
{
	struct df_flag_info *least = NULL;
	for (size_t i = 0; i < l->count; i++) {
		struct df_flag_info *entry = cursor_entry(&l->cursors[i], err);
		if (err->code != DF_E_NONE)
			return NULL;
		if (entry && (!least || compare(entry, least) < 0)) {
			least = entry;
			*of = &l->cursors[i];
		}
	}
	return least;
}

/* Marks an entry whose full name was listed last, by whatever module; or remembers its name. */
static int mark_repeated(struct list *l, struct df_flag_info *entry, struct df_err *err)
{
	if (l->count == 1)
		return 0;
	const size_t size = strlen(entry->full_name) + 1;
	entry->duplicate = l->last && strcmp(l->last, entry->full_name) == 0;
	if (entry->duplicate)
		return 0;
	if (size > l->last_room) {
		char *larger = realloc(l->last, 2 * size);
		if (!larger)
			return df_fail_memory(err);
		l->last = larger;
		l->last_room = 2 * size;
	}
	memcpy(l->last, entry->full_name, size);
	return 0;
}

static int call_all(struct list *l, df_list_callback callback, void *context, int *answer,
		    struct df_err *err)
{
	int flags = 0;
	struct df_err reason = {0};
	struct df_flag_info *entry;
	struct cursor *cursor, *last = NULL;
	while ((entry = first_of(l, &cursor, &reason))) {
		const int status = mark_repeated(l, entry, err);
		if (status < 0)
			return status;
		/* Each module has a flag of its own by that name. */
		flags += !entry->duplicate || cursor != last;
		last = cursor;
		*answer = callback(context, entry);
		if (*answer != 0)
			return 0;
		cursor_advance(cursor);
	}
	return reason.code == DF_E_NONE ? flags : df_fail(err, reason.code, "%s", reason.text);
}

int listing(const struct df_pattern *pattern, df_list_callback callback, void *context, int *answer,
	    struct df_err *err)
{
	struct list l = {.pattern = pattern, .err = err};
	*answer = 0;
	int status = begin(&l);
	if (status == 0)
		status = call_all(&l, callback, context, answer, err);
	if (status >= 0 && *answer == 0 && l.first.code != DF_E_NONE)
		status = df_fail(err, l.first.code, "%s", l.first.text);
	for (size_t i = 0; i < l.count; i++)
		cursor_free(&l.cursors[i]);
	free(l.cursors);
	free(l.last);
	return status;
}
