/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - documents for machines on standard output. */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_document.h"
#include "summary.h"
#include "text.h"

static void put_process(struct document *d, struct json_object *parent, pid_t pid, const char *name)
{
	struct json_object *object = doc_put(d, parent, "process", json_object_new_object());
	if (!object)
		return;
	doc_put_number(d, object, "pid", (uint64_t)pid);
	doc_put_text(d, object, "name", name);
}

static void put_site(struct document *d, struct json_object *array, const struct df_site *site,
		     const struct df_count *count)
{
	struct json_object *object = doc_append(d, array, json_object_new_object());
	if (!object)
		return;
	doc_put_address(d, object, "address", site->addr);
	if (site->style == DF_STYLE_X86_GOTO)
		doc_put_address(d, object, "target", site->target);
	doc_put_bool(d, object, "active", df_count_active(count));
	doc_put_number(d, object, "activation", count->activation);
	doc_put_number(d, object, "unhook", count->unhook);
	doc_put_bool(d, object, "held", count->held);
}

static void put_list_flag(struct document *d, struct json_object *array, const struct image *image,
			  const struct df_flag *flag)
{
	struct json_object *object = doc_append(d, array, json_object_new_object());
	if (!object)
		return;
	const struct flag_counts now = flag_counts_now(image, flag);
	const struct flag_counts built = flag_counts_built(image, flag);
	doc_put_names(d, object, &image->sites[image->order[flag->first]]);
	doc_put_text(d, object, "state", flag_state(&now));
	doc_put_text(d, object, "built", flag_state(&built));
	struct json_object *sites = doc_put(d, object, "sites", json_object_new_array());
	for (size_t i = 0; sites && i < flag->count; i++) {
		const uint32_t index = image->order[flag->first + i];
		const struct df_count count = image_count(image, index);
		put_site(d, sites, &image->sites[index], &count);
	}
}

static void put_module(struct document *d, struct json_object *array, const struct image *image,
		       const bool *selected)
{
	struct json_object *object = doc_append(d, array, json_object_new_object());
	if (!object)
		return;
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
	elf_build_id_text(&image->elf, build_id);
	doc_put_text(d, object, "path", image->path);
	doc_put_text(d, object, "build_id", build_id);
	if (image->live) {
		doc_put_address(d, object, "load_bias", image->bias);
		doc_put_bool(d, object, "initialised", image->control.initialised & DF_INITIALISED);
		doc_put_number(d, object, "generation", image->control.generation);
		doc_put_number(d, object, "phase", image->control.phase);
		doc_put_number(d, object, "changed_at_ns", image->control.changed_at);
		doc_put_number(d, object, "changed_by", image->control.changed_by);
	}
	if (image->on_disk)
		doc_put_text(d, object, "on_disk", image->on_disk);
	struct json_object *flags = doc_put(d, object, "flags", json_object_new_array());
	for (size_t i = 0; flags && i < image->flag_count; i++)
		if (flag_selected(image, &image->flags[i], selected))
			put_list_flag(d, flags, image, &image->flags[i]);
}

static void put_modules(struct document *d, struct json_object *parent,
			const struct list_result *result)
{
	struct json_object *modules = doc_put(d, parent, "modules", json_object_new_array());
	for (size_t i = 0; modules && i < result->images.count; i++)
		put_module(d, modules, result->images.list[i], result->selection.selected[i]);
}

int json_list(const struct list_result *result, struct df_err *err)
{
	struct document d = document_begin("list");
	if (!d.failed && result->process.pidfd >= 0)
		put_process(&d, d.root, result->process.pid, result->process.name);
	if (!d.failed)
		put_modules(&d, d.root, result);
	return document_print(&d, err);
}

static const char *outcome_name(enum df_outcome outcome, bool dry_run)
{
	switch (outcome) {
	case DF_CHANGED:
		return dry_run ? "would-change" : "changed";
	case DF_SATURATED:
		return "saturated";
	case DF_UNHOOKED:
		return "unhooked";
	case DF_SAME:
	case DF_NOT_SELECTED:
	default:
		return "already";
	}
}

static void put_counts(struct document *d, struct json_object *parent, const char *key,
		       const struct flag_counts *counts)
{
	struct json_object *object = doc_put(d, parent, key, json_object_new_object());
	if (!object)
		return;
	doc_put_text(d, object, "state", flag_state(counts));
	doc_put_number(d, object, "activation", counts->activation_max);
	doc_put_number(d, object, "unhook", counts->unhook_max);
}

static void put_flag_change(struct document *d, struct json_object *array,
			    const struct image *image, const struct df_flag *flag,
			    const struct flag_change *change, bool dry_run)
{
	struct json_object *object = doc_append(d, array, json_object_new_object());
	if (!object)
		return;
	doc_put_names(d, object, &image->sites[image->order[flag->first]]);
	doc_put_text(d, object, "module", image->path);
	doc_put_text(d, object, "outcome", outcome_name(change->outcome, dry_run));
	doc_put_number(d, object, "sites", change->sites);
	doc_put_number(d, object, "sites_changed", change->sites_changed);
	put_counts(d, object, "before", &change->before);
	put_counts(d, object, "after", &change->after);
}

static void put_flag_changes(struct document *d, struct json_object *array,
			     const struct change_result *result, size_t i, bool dry_run)
{
	const struct image *image = result->images.list[i];
	for (size_t j = 0; j < image->flag_count; j++) {
		const struct flag_change change =
			flag_change_of(image, &image->flags[j], &result->plans[i]);
		if (change.outcome != DF_NOT_SELECTED)
			put_flag_change(d, array, image, &image->flags[j], &change, dry_run);
	}
}

static void put_tally(struct document *d, struct json_object *parent, const char *key,
		      const struct tally *tally)
{
	struct json_object *object = doc_put(d, parent, key, json_object_new_object());
	if (!object)
		return;
	doc_put_number(d, object, "flags", tally->flags);
	doc_put_number(d, object, "sites", tally->sites);
}

static void put_totals(struct document *d, struct json_object *parent,
		       const struct change_result *result, bool dry_run)
{
	struct json_object *object = doc_put(d, parent, "totals", json_object_new_object());
	if (!object)
		return;
	const struct totals totals = totals_of(result);
	put_tally(d, object, "matched", &totals.matched);
	put_tally(d, object, dry_run ? "would_change" : "changed", &totals.changed);
	put_tally(d, object, "already", &totals.already);
	put_tally(d, object, "unhooked", &totals.unhooked);
	put_tally(d, object, "saturated", &totals.saturated);
	doc_put_number(d, object, "strayed_sites", totals.strayed);
}

/* How it was written, which of a failure tells as much as of a success. */
static void put_manner(struct document *d, struct json_object *object,
		       const struct change_request *request, const struct change_result *result)
{
	doc_put_bool(d, object, "dry_run", request->dry_run);
	doc_put_text(d, object, "mode", request->dry_run ? "none" : mode_used(result));
	doc_put_bool(d, object, "stopped", result->stopped);
	if (result->why_stopped[0] != '\0')
		doc_put_text(d, object, "why_stopped", result->why_stopped);
	doc_put_number(d, object, "threads", result->threads);
	doc_put_number(d, object, "pause_ns", result->pause);
	doc_put_number(d, object, "recovered_modules", result->recovered);
}

void json_put_changes(struct document *d, struct json_object *object,
		      const struct change_result *result, bool dry_run)
{
	put_totals(d, object, result, dry_run);
	struct json_object *flags = doc_put(d, object, "flags", json_object_new_array());
	for (size_t i = 0; flags && i < result->images.count; i++)
		put_flag_changes(d, flags, result, i, dry_run);
}

static void put_change(struct document *d, struct json_object *object,
		       const struct change_request *request, const struct change_result *result)
{
	put_manner(d, object, request, result);
	json_put_changes(d, object, result, request->dry_run);
}

/* How long the target stood still, and what was changed, all the same. */
static void put_failed_change(struct document *d, struct json_object *object,
			      const struct change_request *request,
			      const struct change_result *result, const struct df_err *what)
{
	doc_put_error(d, object, what);
	if (result->stopped || change_was_written(result))
		put_manner(d, object, request, result);
	if (!change_was_written(result))
		return;
	struct json_object *modules =
		doc_put(d, object, "changed_modules", json_object_new_array());
	struct json_object *flags = doc_put(d, object, "flags", json_object_new_array());
	for (size_t i = 0; modules && flags && i < result->images.count; i++) {
		if (!module_was_changed(result, i))
			continue;
		doc_append_text(d, modules, result->images.list[i]->path);
		put_flag_changes(d, flags, result, i, false);
	}
}

void json_put_outcome(struct document *d, struct json_object *object,
		      const struct change_request *request, const struct change_result *result,
		      const struct df_err *what)
{
	if (what)
		put_failed_change(d, object, request, result, what);
	else
		put_change(d, object, request, result);
}

int json_change(const char *command, const struct change_request *request,
		const struct change_result *result, const struct df_err *what, struct df_err *err)
{
	struct document d = document_begin(command);
	if (d.failed)
		return document_print(&d, err);
	if (!what || result->process.pid != 0)
		put_process(&d, d.root, result->process.pid, result->process.name);
	json_put_outcome(&d, d.root, request, result, what);
	if (result->until != 0)
		doc_put_number(&d, d.root, "until_ns", result->until);
	return document_print(&d, err);
}

int json_error(const char *command, const struct df_err *what, struct df_err *err)
{
	struct document d = document_begin(command);
	if (!d.failed)
		doc_put_error(&d, d.root, what);
	return document_print(&d, err);
}

/* ---- several processes ---- */

struct json_targets {
	struct document d;
	struct json_object *array;
	bool dry_run;
};

struct json_targets *json_targets_new(const char *command, bool dry_run)
{
	struct json_targets *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->dry_run = dry_run;
	t->d = document_begin(command);
	t->array =
		t->d.failed ? NULL : doc_put(&t->d, t->d.root, "targets", json_object_new_array());
	return t;
}

static struct json_object *add_target(struct json_targets *t, const struct target_end *end)
{
	struct json_object *object =
		t->array ? doc_append(&t->d, t->array, json_object_new_object()) : NULL;
	if (!object)
		return NULL;
	put_process(&t->d, object, end->pid, end->name);
	doc_put_text(&t->d, object, "outcome", target_how_name(end->how, t->dry_run));
	return object;
}

void json_targets_list(struct json_targets *t, const struct target_end *end,
		       const struct list_result *result)
{
	struct json_object *object = add_target(t, end);
	if (!object)
		return;
	if (end->how == TARGET_LISTED)
		put_modules(&t->d, object, result);
	else
		doc_put_error(&t->d, object, end->err);
}

void json_targets_change(struct json_targets *t, const struct target_end *end,
			 const struct change_request *request, const struct change_result *result)
{
	struct json_object *object = add_target(t, end);
	if (!object)
		return;
	if (end->how == TARGET_SKIPPED || end->how == TARGET_FAILED)
		put_failed_change(&t->d, object, request, result, end->err);
	else
		put_change(&t->d, object, request, result);
}

void json_targets_until(struct json_targets *t, uint64_t until)
{
	if (!t->d.failed && until != 0)
		doc_put_number(&t->d, t->d.root, "until_ns", until);
}

void json_targets_undo(struct json_targets *t, const char *cause)
{
	if (!t->d.failed)
		doc_put_text(&t->d, t->d.root, "undo", cause);
}

int json_targets_end(struct json_targets *t, const struct targets_tally *tally,
		     const struct df_err *blind, struct df_err *err)
{
	struct document *d = &t->d;
	struct json_object *object =
		d->failed ? NULL : doc_put(d, d->root, "summary", json_object_new_object());
	if (object)
		doc_put_number(d, object, "targets", tally->count);
	for (int how = 0; object && how < TARGET_HOWS; how++) {
		char key[32];
		snprintf(key, sizeof(key), "%s", target_how_name(how, t->dry_run));
		for (char *at = key; (at = strchr(at, '-'));)
			*at = '_';
		doc_put_number(d, object, key, tally->ends[how]);
	}
	if (!d->failed && blind->code != DF_E_NONE)
		doc_put_error(d, d->root, blind);
	const int status = document_print(d, err);
	free(t);
	return status;
}

/* ---- scan ---- */

static void put_scan_row(struct document *d, struct json_object *array, const struct scan_row *row)
{
	struct json_object *object = doc_append(d, array, json_object_new_object());
	if (!object)
		return;
	put_process(d, object, row->pid, row->name);
	doc_put_text(d, object, "patchable", scan_verdict(row));
	if (row->why.code != DF_E_NONE)
		doc_put_error(d, object, &row->why);
	if (row->stop)
		doc_put_text(d, object, "why_stopped", row->why.text);
	if (row->counted) {
		doc_put_number(d, object, "modules", row->modules);
		doc_put_number(d, object, "flags", row->flags);
		doc_put_number(d, object, "sites", row->sites);
	}
	if (row->current) {
		doc_put_number(d, object, "active", row->active);
		doc_put_number(d, object, "changed", row->changed);
		doc_put_number(d, object, "changes", row->changes);
		doc_put_text(d, object, "initialised", scan_initialised(row));
	}
}

int json_scan(const struct scan *scan, struct df_err *err)
{
	struct document d = document_begin("scan");
	struct json_object *array =
		d.failed ? NULL : doc_put(&d, d.root, "targets", json_object_new_array());
	for (size_t i = 0; array && i < scan->count; i++)
		put_scan_row(&d, array, &scan->list[i]);
	if (array) {
		doc_put_number(&d, d.root, "looked_at", scan->processes);
		doc_put_number(&d, d.root, "denied", scan->denied);
	}
	return document_print(&d, err);
}
