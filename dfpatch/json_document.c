/* SPDX-License-Identifier: Apache-2.0 */
/* json_document.c - making a JSON document, by way of json-c. */
#include "json_document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "docs.h"
#include "match.h"
#include "text.h"

struct json_object *doc_put(struct document *d, struct json_object *parent, const char *key,
			    struct json_object *value)
{
	if (value && json_object_object_add(parent, key, value) == 0)
		return value;
	d->failed = true;
	json_object_put(value);
	return NULL;
}

struct json_object *doc_append(struct document *d, struct json_object *array,
			       struct json_object *value)
{
	if (value && json_object_array_add(array, value) == 0)
		return value;
	d->failed = true;
	json_object_put(value);
	return NULL;
}

void doc_put_text(struct document *d, struct json_object *parent, const char *key, const char *text)
{
	char *safe = text_escaped(TEXT_FOR_JSON, text);
	doc_put(d, parent, key, safe ? json_object_new_string(safe) : NULL);
	free(safe);
}

void doc_append_text(struct document *d, struct json_object *array, const char *text)
{
	char *safe = text_escaped(TEXT_FOR_JSON, text);
	doc_append(d, array, safe ? json_object_new_string(safe) : NULL);
	free(safe);
}

void doc_put_number(struct document *d, struct json_object *parent, const char *key,
		    uint64_t number)
{
	doc_put(d, parent, key, json_object_new_uint64(number));
}

void doc_put_bool(struct document *d, struct json_object *parent, const char *key, bool value)
{
	doc_put(d, parent, key, json_object_new_boolean(value));
}

void doc_put_address(struct document *d, struct json_object *parent, const char *key,
		     uint64_t address)
{
	char text[24];
	snprintf(text, sizeof(text), "%#" PRIx64, address);
	doc_put(d, parent, key, json_object_new_string(text));
}

struct document document_begin(const char *command)
{
	struct document d = {.root = json_object_new_object()};
	d.failed = !d.root;
	if (d.failed)
		return d;
	doc_put_number(&d, d.root, "schema", JSON_SCHEMA);
	doc_put_text(&d, d.root, "version", DFPATCH_VERSION);
	doc_put_text(&d, d.root, "command", command);
	return d;
}

/* For the caller to free; NULL if memory ran out, also while it was made. */
static char *as_text(struct document *d, int form)
{
	const char *text = d->failed ? NULL
				     : json_object_to_json_string_ext(
					       d->root, form | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *safe = text ? text_escaped(TEXT_FOR_DOCUMENT, text) : NULL;
	json_object_put(d->root);
	d->root = NULL;
	return safe;
}

static int print(struct document *d, int form, struct df_err *err)
{
	CLEANUP_FREE char *text = as_text(d, form);
	if (text)
		puts(text);
	return text ? 0 : df_fail_memory(err);
}

int document_print(struct document *d, struct df_err *err)
{
	return print(d, JSON_C_TO_STRING_PRETTY, err);
}

int document_print_line(struct document *d, struct df_err *err)
{
	return print(d, JSON_C_TO_STRING_PLAIN, err);
}

char *document_line(struct document *d)
{
	return as_text(d, JSON_C_TO_STRING_PLAIN);
}

void doc_put_error(struct document *d, struct json_object *parent, const struct df_err *what)
{
	struct json_object *object = doc_put(d, parent, "error", json_object_new_object());
	if (!object)
		return;
	doc_put_text(d, object, "code", df_err_name(what->code));
	doc_put_text(d, object, "text", what->text);
}

/* What the doc says to machines, where it says something. */
static void put_attributes(struct document *d, struct json_object *object, const char *doc)
{
	const struct docs docs = docs_parse(doc);
	if (docs.owner) {
		CLEANUP_FREE char *owner = strndup(docs.owner, docs.owner_length);
		d->failed = d->failed || !owner;
		doc_put_text(d, object, "owner", owner ? owner : "");
	}
	if (docs.expires) {
		char day[DOCS_DAY_TEXT];
		docs_day_text(docs.last, day);
		doc_put_text(d, object, "expires", day);
	}
	if (docs.permanent)
		doc_put_bool(d, object, "permanent", true);
}

void doc_put_names(struct document *d, struct json_object *object, const struct df_site *site)
{
	const size_t size = df_full_name_length(site) + 1;
	char *name = malloc(size);
	d->failed = d->failed || !name;
	if (name) {
		df_full_name(site, name, size);
		doc_put_text(d, object, "full_name", name);
	}
	free(name);
	doc_put_text(d, object, "kind", site->kind);
	doc_put_text(d, object, "name", site->name);
	doc_put_text(d, object, "file", site->file);
	doc_put_number(d, object, "line", site->line);
	doc_put_text(d, object, "doc", site->doc);
	put_attributes(d, object, site->doc);
}
