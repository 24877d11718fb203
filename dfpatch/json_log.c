/* SPDX-License-Identifier: Apache-2.0 */
/* json_log.c - the records of a log. */
#include "json_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "json.h"
#include "json_document.h"

/* Each is a command. */
static const char *operation_name(enum df_op op)
{
	const struct command *c = commands;
	while (c->name && (c->kind != COMMAND_CHANGE || c->op != op))
		c++;
	return c->name ? c->name : "";
}

const char *json_log_operation(const struct json_log *log, const struct change_request *request)
{
	if (log->operation)
		return log->operation;
	if (request->undo)
		return "undo";
	return request->scripts ? "script" : operation_name(request->op);
}

const char *json_log_cause(enum journal_cause cause)
{
	switch (cause) {
	case JOURNAL_UNDO:
		return "undo";
	case JOURNAL_RECOVERY:
		return "recovery";
	case JOURNAL_FOUND:
		return "found";
	case JOURNAL_CHANGE:
	default:
		return "change";
	}
}

/* ---- who, when, where ---- */

/* ISO 8601, to the nanosecond. */
static void put_time(struct document *d, struct json_object *object, uint64_t wall)
{
	const time_t seconds = (time_t)(wall / 1000000000u);
	char text[48];
	struct tm utc;
	gmtime_r(&seconds, &utc);
	const size_t length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, sizeof(text) - length, ".%09" PRIu64 "Z", wall % 1000000000u);
	doc_put_text(d, object, "time", text);
}

static void put_user(struct document *d, const struct own_identity *own)
{
	struct json_object *user = doc_put(d, d->root, "user", json_object_new_object());
	if (!user)
		return;
	doc_put_number(d, user, "uid", own->user);
	doc_put_number(d, user, "effective_uid", own->effective_user);
	if (own->logged_in)
		doc_put_number(d, user, "login_uid", own->login);
}

static void put_target(struct document *d, const struct process *process,
		       const struct process_identity *identity)
{
	struct json_object *object = doc_put(d, d->root, "process", json_object_new_object());
	if (!object)
		return;
	doc_put_number(d, object, "pid", (uint64_t)process->pid);
	doc_put_text(d, object, "name", process->name);
	doc_put_number(d, object, "start_ticks", identity->started);
	doc_put_text(d, object, "executable", identity->executable);
}

static struct document record_begin(const struct json_log *log,
				    const struct change_request *request,
				    const struct change_result *result, const char *record,
				    const struct moment *at)
{
	struct document d = document_begin(log->command);
	if (d.failed)
		return d;
	doc_put_text(&d, d.root, "record", record);
	doc_put_text(&d, d.root, "change", log->id);
	put_time(&d, d.root, at->wall);
	doc_put_number(&d, d.root, "monotonic_ns", at->monotonic);
	doc_put_address(&d, d.root, "tsc", at->tsc);
	doc_put_text(&d, d.root, "boot_id", log->own.boot);
	doc_put_number(&d, d.root, "controller", (uint64_t)getpid());
	put_user(&d, &log->own);
	put_target(&d, &result->process, &log->process);
	doc_put_text(&d, d.root, "operation", json_log_operation(log, request));
	if (log->reason)
		doc_put_text(&d, d.root, "reason", log->reason);
	return d;
}

static struct json_object *put_module(struct document *d, struct json_object *object,
				      const struct image *image)
{
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
	if (!object)
		return NULL;
	elf_build_id_text(&image->elf, build_id);
	doc_put_text(d, object, "path", image->path);
	doc_put_text(d, object, "build_id", build_id);
	doc_put_address(d, object, "load_bias", image->bias);
	return object;
}

/* As they stand in memory. */
static void put_bytes(struct document *d, struct json_object *object, const char *key,
		      const uint8_t *bytes, size_t size)
{
	char text[2 * 4 + 1] = "";
	for (size_t i = 0; i < size && i < 4; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	doc_put_text(d, object, key, text);
}

/* `before` is NULL where that is not known. */
static void put_place(struct document *d, struct json_object *object, uint64_t addr,
		      const uint8_t *before, const uint8_t *after, size_t size)
{
	doc_put_address(d, object, "address", addr);
	if (before)
		put_bytes(d, object, "old_bytes", before, size);
	put_bytes(d, object, "new_bytes", after, size);
}

/* ---- what is about to be done ---- */

static void put_patterns(struct document *d, const struct change_request *request)
{
	struct json_object *array = doc_put(d, d->root, "patterns", json_object_new_array());
	for (size_t i = 0; array && i < request->pattern_count; i++)
		doc_append_text(d, array, request->patterns[i]);
}

static void put_line(struct document *d, struct json_object *array,
		     const struct df_script_line *line)
{
	struct json_object *object = doc_append(d, array, json_object_new_object());
	if (!object)
		return;
	doc_put_text(d, object, "operation", operation_name(line->op));
	doc_put_text(d, object, "pattern", df_pattern_text(line->pattern));
}

static void put_script(struct document *d, const struct scripts *scripts)
{
	struct json_object *array = doc_put(d, d->root, "script", json_object_new_array());
	for (size_t i = 0; array && i < scripts->count; i++)
		for (size_t j = 0; j < scripts->list[i].count; j++)
			put_line(d, array, &scripts->list[i].lines[j]);
}

static void put_planned(struct document *d, struct json_object *module, const struct image *image,
			const struct df_plan *plan)
{
	doc_put_number(d, module, "generation", image->control.generation);
	doc_put_number(d, module, "phase", image->control.phase);
	struct json_object *array = doc_put(d, module, "planned", json_object_new_array());
	for (size_t i = 0; array && i < plan->edit_count; i++) {
		const struct df_edit *edit = &plan->edits[i];
		struct json_object *object = doc_append(d, array, json_object_new_object());
		if (object)
			put_place(d, object, edit->addr, edit->before, edit->after, edit->size);
	}
}

char *json_log_begin(const struct json_log *log, const struct change_request *request,
		     const struct change_result *result)
{
	const struct moment now = moment_now();
	struct document d = record_begin(log, request, result, "begin", &now);
	if (d.failed)
		return document_line(&d);
	if (request->scripts)
		put_script(&d, request->scripts);
	else
		put_patterns(&d, request);
	struct json_object *array = doc_put(&d, d.root, "modules", json_object_new_array());
	for (size_t i = 0; array && i < result->images.count; i++) {
		const struct image *image = result->images.list[i];
		struct json_object *module =
			put_module(&d, doc_append(&d, array, json_object_new_object()), image);
		if (module)
			put_planned(&d, module, image, &result->plans[i]);
	}
	return document_line(&d);
}

/* ---- what was done ---- */

static const char *mode_of(const struct change_request *request, const struct change_result *result)
{
	if (request->held)
		return "held";
	return result->stopped ? "stop" : "quiet";
}

static void put_outcome(struct document *d, const struct change_request *request,
			const struct change_result *result, const struct df_err *what)
{
	doc_put_text(d, d->root, "mode", mode_of(request, result));
	doc_put_number(d, d->root, "threads", result->threads);
	doc_put_number(d, d->root, "pause_ns", result->pause);
	doc_put_text(d, d->root, "result", what ? df_err_name(what->code) : "done");
}

char *json_log_write(const struct json_log *log, const struct change_request *request,
		     const struct change_result *result, const struct journal_entry *entry,
		     const struct df_err *what)
{
	const struct image *image = result->images.list[entry->module];
	struct document d = record_begin(log, request, result, "write", &entry->from);
	if (d.failed)
		return document_line(&d);
	if (entry->until.monotonic != 0) {
		doc_put_number(&d, d.root, "settled_monotonic_ns", entry->until.monotonic);
		doc_put_address(&d, d.root, "settled_tsc", entry->until.tsc);
	}
	doc_put_text(&d, d.root, "cause", json_log_cause(entry->cause));
	put_module(&d, doc_put(&d, d.root, "module", json_object_new_object()), image);
	doc_put_names(&d, d.root, &image->sites[entry->site]);
	put_place(&d, d.root, entry->addr, entry->cause == JOURNAL_FOUND ? NULL : entry->before,
		  entry->after, entry->size);
	put_outcome(&d, request, result, what);
	return document_line(&d);
}

char *json_log_end(const struct json_log *log, const struct change_request *request,
		   const struct change_result *result, const struct df_err *what)
{
	const struct moment now = moment_now();
	struct document d = record_begin(log, request, result, "end", &now);
	if (d.failed)
		return document_line(&d);
	doc_put_text(&d, d.root, "result", what ? df_err_name(what->code) : "done");
	json_put_outcome(&d, d.root, request, result, what);
	return document_line(&d);
}
