/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - documents for machines on standard output. */
#include "json.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "match.h"
#include "summary.h"
#include "text.h"

/* json-c reports each failure by NULL; one flag for a whole document is enough. */
struct document {
	struct json_object *root;
	bool failed;
};

static struct json_object *put(struct document *d, struct json_object *parent, const char *key,
			       struct json_object *value)
{
	if (value && json_object_object_add(parent, key, value) == 0)
		return value;
	d->failed = true;
	json_object_put(value);
	return NULL;
}

static struct json_object *append(struct document *d, struct json_object *array,
				  struct json_object *value)
{
	if (value && json_object_array_add(array, value) == 0)
		return value;
	d->failed = true;
	json_object_put(value);
	return NULL;
}

static void put_text(struct document *d, struct json_object *parent, const char *key,
		     const char *text)
{
	char *safe = text_escaped(TEXT_FOR_JSON, text);
	put(d, parent, key, safe ? json_object_new_string(safe) : NULL);
	free(safe);
}

static void append_text(struct document *d, struct json_object *array, const char *text)
{
	char *safe = text_escaped(TEXT_FOR_JSON, text);
	append(d, array, safe ? json_object_new_string(safe) : NULL);
	free(safe);
}

static void put_number(struct document *d, struct json_object *parent, const char *key,
		       uint64_t number)
{
	put(d, parent, key, json_object_new_uint64(number));
}

static void put_bool(struct document *d, struct json_object *parent, const char *key, bool value)
{
	put(d, parent, key, json_object_new_boolean(value));
}

static void put_address(struct document *d, struct json_object *parent, const char *key,
			uint64_t address)
{
	char text[24];
	snprintf(text, sizeof(text), "%#" PRIx64, address);
	put(d, parent, key, json_object_new_string(text));
}

static struct document begin(const char *command)
{
	struct document d = {.root = json_object_new_object()};
	d.failed = !d.root;
	if (d.failed)
		return d;
	put_number(&d, d.root, "schema", JSON_SCHEMA);
	put_text(&d, d.root, "version", DFPATCH_VERSION);
	put_text(&d, d.root, "command", command);
	return d;
}

static int print(struct document *d, struct df_err *err)
{
	const char *text = d->failed ? NULL
				     : json_object_to_json_string_ext(
					       d->root, JSON_C_TO_STRING_PRETTY |
								JSON_C_TO_STRING_NOSLASHESCAPE);
	CLEANUP_FREE char *safe = text ? text_escaped(TEXT_FOR_DOCUMENT, text) : NULL;
	if (safe)
		puts(safe);
	json_object_put(d->root);
	return safe ? 0 : df_fail_memory(err);
}

static void put_process(struct document *d, struct json_object *parent, pid_t pid, const char *name)
{
	struct json_object *object = put(d, parent, "process", json_object_new_object());
	if (!object)
		return;
	put_number(d, object, "pid", (uint64_t)pid);
	put_text(d, object, "name", name);
}

static void put_error(struct document *d, struct json_object *parent, const struct df_err *what)
{
	struct json_object *object = put(d, parent, "error", json_object_new_object());
	if (!object)
		return;
	put_text(d, object, "code", df_err_name(what->code));
	put_text(d, object, "text", what->text);
}

static void put_names(struct document *d, struct json_object *object, const struct df_site *site)
{
	const size_t size = df_full_name_length(site) + 1;
	char *name = malloc(size);
	d->failed = d->failed || !name;
	if (name) {
		df_full_name(site, name, size);
		put_text(d, object, "full_name", name);
	}
	free(name);
	put_text(d, object, "kind", site->kind);
	put_text(d, object, "name", site->name);
	put_text(d, object, "file", site->file);
	put_number(d, object, "line", site->line);
	put_text(d, object, "doc", site->doc);
}

static void put_site(struct document *d, struct json_object *array, const struct df_site *site,
		     const struct df_count *count)
{
	struct json_object *object = append(d, array, json_object_new_object());
	if (!object)
		return;
	put_address(d, object, "address", site->addr);
	if (site->style == DF_STYLE_X86_GOTO)
		put_address(d, object, "target", site->target);
	put_bool(d, object, "active", df_count_active(count));
	put_number(d, object, "activation", count->activation);
	put_number(d, object, "unhook", count->unhook);
	put_bool(d, object, "held", count->held);
}

static void put_list_flag(struct document *d, struct json_object *array, const struct image *image,
			  const struct df_flag *flag)
{
	struct json_object *object = append(d, array, json_object_new_object());
	if (!object)
		return;
	const struct flag_counts now = flag_counts_now(image, flag);
	const struct flag_counts built = flag_counts_built(image, flag);
	put_names(d, object, &image->sites[image->order[flag->first]]);
	put_text(d, object, "state", flag_state(&now));
	put_text(d, object, "built", flag_state(&built));
	struct json_object *sites = put(d, object, "sites", json_object_new_array());
	for (size_t i = 0; sites && i < flag->count; i++) {
		const uint32_t index = image->order[flag->first + i];
		const struct df_count count = image_count(image, index);
		put_site(d, sites, &image->sites[index], &count);
	}
}

static void put_module(struct document *d, struct json_object *array, const struct image *image,
		       const bool *selected)
{
	struct json_object *object = append(d, array, json_object_new_object());
	if (!object)
		return;
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
	elf_build_id_text(&image->elf, build_id);
	put_text(d, object, "path", image->path);
	put_text(d, object, "build_id", build_id);
	if (image->live) {
		put_address(d, object, "load_bias", image->bias);
		put_bool(d, object, "initialised", image->control.initialised & DF_INITIALISED);
		put_number(d, object, "generation", image->control.generation);
		put_number(d, object, "phase", image->control.phase);
		put_number(d, object, "changed_at_ns", image->control.changed_at);
		put_number(d, object, "changed_by", image->control.changed_by);
	}
	if (image->on_disk)
		put_text(d, object, "on_disk", image->on_disk);
	struct json_object *flags = put(d, object, "flags", json_object_new_array());
	for (size_t i = 0; flags && i < image->flag_count; i++)
		if (flag_selected(image, &image->flags[i], selected))
			put_list_flag(d, flags, image, &image->flags[i]);
}

static void put_modules(struct document *d, struct json_object *parent,
			const struct list_result *result)
{
	struct json_object *modules = put(d, parent, "modules", json_object_new_array());
	for (size_t i = 0; modules && i < result->images.count; i++)
		put_module(d, modules, result->images.list[i], result->selection.selected[i]);
}

int json_list(const struct list_result *result, struct df_err *err)
{
	struct document d = begin("list");
	if (!d.failed && result->process.pidfd >= 0)
		put_process(&d, d.root, result->process.pid, result->process.name);
	if (!d.failed)
		put_modules(&d, d.root, result);
	return print(&d, err);
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
	struct json_object *object = put(d, parent, key, json_object_new_object());
	if (!object)
		return;
	put_text(d, object, "state", flag_state(counts));
	put_number(d, object, "activation", counts->activation_max);
	put_number(d, object, "unhook", counts->unhook_max);
}

static void put_flag_change(struct document *d, struct json_object *array,
			    const struct image *image, const struct df_flag *flag,
			    const struct flag_change *change, bool dry_run)
{
	struct json_object *object = append(d, array, json_object_new_object());
	if (!object)
		return;
	put_names(d, object, &image->sites[image->order[flag->first]]);
	put_text(d, object, "module", image->path);
	put_text(d, object, "outcome", outcome_name(change->outcome, dry_run));
	put_number(d, object, "sites", change->sites);
	put_number(d, object, "sites_changed", change->sites_changed);
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
	struct json_object *object = put(d, parent, key, json_object_new_object());
	if (!object)
		return;
	put_number(d, object, "flags", tally->flags);
	put_number(d, object, "sites", tally->sites);
}

static void put_totals(struct document *d, struct json_object *parent,
		       const struct change_result *result, bool dry_run)
{
	struct json_object *object = put(d, parent, "totals", json_object_new_object());
	if (!object)
		return;
	const struct totals totals = totals_of(result);
	put_tally(d, object, "matched", &totals.matched);
	put_tally(d, object, dry_run ? "would_change" : "changed", &totals.changed);
	put_tally(d, object, "already", &totals.already);
	put_tally(d, object, "unhooked", &totals.unhooked);
	put_tally(d, object, "saturated", &totals.saturated);
	put_number(d, object, "strayed_sites", totals.strayed);
}

/* How it was written, which of a failure tells as much as of a success. */
static void put_manner(struct document *d, struct json_object *object,
		       const struct change_request *request, const struct change_result *result)
{
	put_bool(d, object, "dry_run", request->dry_run);
	put_text(d, object, "mode", request->dry_run ? "none" : mode_used(result));
	put_bool(d, object, "stopped", result->stopped);
	if (result->why_stopped[0] != '\0')
		put_text(d, object, "why_stopped", result->why_stopped);
	put_number(d, object, "threads", result->threads);
	put_number(d, object, "pause_ns", result->pause);
	put_number(d, object, "recovered_modules", result->recovered);
}

static void put_change(struct document *d, struct json_object *object,
		       const struct change_request *request, const struct change_result *result)
{
	put_manner(d, object, request, result);
	put_totals(d, object, result, request->dry_run);
	struct json_object *flags = put(d, object, "flags", json_object_new_array());
	for (size_t i = 0; flags && i < result->images.count; i++)
		put_flag_changes(d, flags, result, i, request->dry_run);
}

/* What was changed all the same. */
static void put_failed_change(struct document *d, struct json_object *object,
			      const struct change_request *request,
			      const struct change_result *result, const struct df_err *what)
{
	put_error(d, object, what);
	if (!change_was_written(result))
		return;
	put_manner(d, object, request, result);
	struct json_object *modules = put(d, object, "changed_modules", json_object_new_array());
	struct json_object *flags = put(d, object, "flags", json_object_new_array());
	for (size_t i = 0; modules && flags && i < result->images.count; i++) {
		if (!module_was_changed(result, i))
			continue;
		append_text(d, modules, result->images.list[i]->path);
		put_flag_changes(d, flags, result, i, false);
	}
}

int json_change(const char *command, const struct change_request *request,
		const struct change_result *result, const struct df_err *what, struct df_err *err)
{
	struct document d = begin(command);
	if (d.failed)
		return print(&d, err);
	if (!what || result->process.pid != 0)
		put_process(&d, d.root, result->process.pid, result->process.name);
	if (what)
		put_failed_change(&d, d.root, request, result, what);
	else
		put_change(&d, d.root, request, result);
	return print(&d, err);
}

int json_error(const char *command, const struct df_err *what, struct df_err *err)
{
	struct document d = begin(command);
	if (!d.failed)
		put_error(&d, d.root, what);
	return print(&d, err);
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
	t->d = begin(command);
	t->array = t->d.failed ? NULL : put(&t->d, t->d.root, "targets", json_object_new_array());
	return t;
}

static struct json_object *add_target(struct json_targets *t, const struct target_end *end)
{
	struct json_object *object =
		t->array ? append(&t->d, t->array, json_object_new_object()) : NULL;
	if (!object)
		return NULL;
	put_process(&t->d, object, end->pid, end->name);
	put_text(&t->d, object, "outcome", target_how_name(end->how, t->dry_run));
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
		put_error(&t->d, object, end->err);
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

int json_targets_end(struct json_targets *t, const struct targets_tally *tally, struct df_err *err)
{
	struct document *d = &t->d;
	struct json_object *object =
		d->failed ? NULL : put(d, d->root, "summary", json_object_new_object());
	if (object)
		put_number(d, object, "targets", tally->count);
	for (int how = 0; object && how < TARGET_HOWS; how++) {
		char key[32];
		snprintf(key, sizeof(key), "%s", target_how_name(how, t->dry_run));
		for (char *at = key; (at = strchr(at, '-'));)
			*at = '_';
		put_number(d, object, key, tally->ends[how]);
	}
	const int status = print(d, err);
	free(t);
	return status;
}

/* ---- scan ---- */

static void put_scan_row(struct document *d, struct json_object *array, const struct scan_row *row)
{
	struct json_object *object = append(d, array, json_object_new_object());
	if (!object)
		return;
	put_process(d, object, row->pid, row->name);
	put_text(d, object, "patchable", scan_verdict(row));
	if (row->why.code != DF_E_NONE)
		put_error(d, object, &row->why);
	if (row->stop)
		put_text(d, object, "why_stopped", row->why.text);
	if (row->counted) {
		put_number(d, object, "modules", row->modules);
		put_number(d, object, "flags", row->flags);
		put_number(d, object, "sites", row->sites);
	}
	if (row->current) {
		put_number(d, object, "active", row->active);
		put_number(d, object, "changed", row->changed);
		put_number(d, object, "changes", row->changes);
		put_text(d, object, "initialised", scan_initialised(row));
	}
}

int json_scan(const struct scan *scan, struct df_err *err)
{
	struct document d = begin("scan");
	struct json_object *array =
		d.failed ? NULL : put(&d, d.root, "targets", json_object_new_array());
	for (size_t i = 0; array && i < scan->count; i++)
		put_scan_row(&d, array, &scan->list[i]);
	if (array) {
		put_number(&d, d.root, "looked_at", scan->processes);
		put_number(&d, d.root, "denied", scan->denied);
	}
	return print(&d, err);
}
