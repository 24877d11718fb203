/* SPDX-License-Identifier: Apache-2.0 */
/* json_watch.c - what is told of processes that are followed, an object a line. */
#include "json_watch.h"

#include "json_document.h"

static void put_counts(struct document *d, const char *key, const struct flag_counts *counts)
{
	struct json_object *object = doc_put(d, d->root, key, json_object_new_object());
	if (!object)
		return;
	doc_put_text(d, object, "state", flag_state(counts));
	doc_put_number(d, object, "activation", counts->activation_max);
	doc_put_number(d, object, "unhook", counts->unhook_max);
}

static void put_flag(struct document *d, const struct watch_event *e)
{
	doc_put_names(d, d->root, &e->image->sites[e->image->order[e->flag->first]]);
	put_counts(d, "before", &e->before);
	put_counts(d, "after", &e->after);
	doc_put_number(d, d->root, "sites", e->flag->count);
	doc_put_number(d, d->root, "sites_changed", e->sites_changed);
}

static void put_commits(struct document *d, const struct watch_commits *commits)
{
	doc_put_number(d, d->root, "changes", commits->count);
	doc_put_number(d, d->root, "generation", commits->generation);
	doc_put_number(d, d->root, "changed_at_ns", commits->at);
	doc_put_number(d, d->root, "changed_by", commits->by);
	doc_put_bool(d, d->root, "inside", commits->inside);
}

static void put_followed(struct document *d, const struct watch_event *e)
{
	doc_put_number(d, d->root, "flags", e->flags);
	if (!e->image)
		doc_put_number(d, d->root, "modules", e->modules);
	doc_put_number(d, d->root, "changes", e->changes);
}

static void put_process(struct document *d, const struct watch_event *e)
{
	struct json_object *object = doc_put(d, d->root, "process", json_object_new_object());
	if (!object)
		return;
	doc_put_number(d, object, "pid", (uint64_t)e->pid);
	doc_put_text(d, object, "name", e->name);
}

static void put_event(struct document *d, const struct watch_event *e)
{
	doc_put_text(d, d->root, "event", watch_what_name(e->what));
	doc_put_number(d, d->root, "seen_at_ns", e->seen);
	put_process(d, e);
	if (e->image)
		doc_put_text(d, d->root, "module", e->image->path);
	if (e->flag)
		put_flag(d, e);
	if (e->commits.count > 0)
		put_commits(d, &e->commits);
	else if (e->what != WATCH_EXIT && !e->err)
		put_followed(d, e);
	if (e->err)
		doc_put_error(d, d->root, e->err);
}

int json_watch(const struct watch_event *event, struct df_err *err)
{
	struct document d = document_begin("watch");
	if (!d.failed)
		put_event(&d, event);
	return document_print_line(&d, err);
}

int json_watch_error(const struct df_err *what, struct df_err *err)
{
	struct document d = document_begin("watch");
	if (!d.failed) {
		doc_put_text(&d, d.root, "event", watch_what_name(WATCH_FAILED));
		doc_put_error(&d, d.root, what);
	}
	return document_print_line(&d, err);
}
