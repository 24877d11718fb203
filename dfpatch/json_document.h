/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_document.h - making a JSON document, which json.c and its kin fill.
 *
 * json-c reports each failure by NULL; one flag for a whole document is enough, and
 * document_print() looks at it. A function that takes an object or array must be given one;
 * those that return one return NULL after a failure, and what would go into it is left out.
 */
#ifndef DFPATCH_JSON_DOCUMENT_H
#define DFPATCH_JSON_DOCUMENT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "site.h"

/* Rises when a member goes or changes its meaning, not when one comes. */
#define JSON_SCHEMA 1

struct document {
	struct json_object *root; /* owned */
	bool failed;
};

/* With the members that all documents have. */
struct document document_begin(const char *command);

/* Prints and frees it. Returns 0 or DF_E_MEMORY. */
int document_print(struct document *d, struct df_err *err);

/* The same, all in one line. */
int document_print_line(struct document *d, struct df_err *err);

/* The whole of it as one line, without its end, for the caller to free; and frees it. NULL if
 * memory ran out, also while it was made. */
char *document_line(struct document *d);

/* A member, or an element, that becomes the parent's; returned for filling. */
struct json_object *doc_put(struct document *d, struct json_object *parent, const char *key,
			    struct json_object *value);
struct json_object *doc_append(struct document *d, struct json_object *array,
			       struct json_object *value);

/* Bytes that are no UTF-8 appear as \xNN. */
void doc_put_text(struct document *d, struct json_object *parent, const char *key,
		  const char *text);
void doc_append_text(struct document *d, struct json_object *array, const char *text);
void doc_put_number(struct document *d, struct json_object *parent, const char *key,
		    uint64_t number);
void doc_put_bool(struct document *d, struct json_object *parent, const char *key, bool value);

/* A string, since JSON numbers lose 64-bit values. */
void doc_put_address(struct document *d, struct json_object *parent, const char *key,
		     uint64_t address);

/* "error": its code and text. */
void doc_put_error(struct document *d, struct json_object *parent, const struct df_err *what);

/* All names of a flag, of which `site` is one, its place, its doc, and what that says (docs.h). */
void doc_put_names(struct document *d, struct json_object *object, const struct df_site *site);

#endif
