/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_stream.h - a JSON document that is printed while it is made, for those that may not fit
 * into memory: objects and arrays that are opened and closed, with small values in them.
 */
#ifndef DFPATCH_JSON_STREAM_H
#define DFPATCH_JSON_STREAM_H

#include <stdbool.h>

#include "err.h"
#include "json_document.h"

#define JSON_STREAM_DEPTH 8

struct json_stream {
	int depth; /* 0: not begun, or ended */
	bool has_some[JSON_STREAM_DEPTH + 1];
	bool is_array[JSON_STREAM_DEPTH + 1];
	bool failed;
};

/* Opens the document, with the members that all have. */
void stream_begin(struct json_stream *stream, const char *command);

/* Opens a member, or with NULL for a key an element of an array. */
void stream_object(struct json_stream *stream, const char *key);
void stream_array(struct json_stream *stream, const char *key);

/* Closes what was opened last. */
void stream_close(struct json_stream *stream);

/* A value to fill: begin with it, put into its root, and print it. */
struct document stream_value_begin(struct json_stream *stream);

/* Prints it as a member or element, and frees it. */
void stream_value(struct json_stream *stream, const char *key, struct document *value);

/* The members of an object, printed as members of what is open, and freed. */
void stream_members(struct json_stream *stream, struct document *value);

/* Closes all that is open. Returns 0, or DF_E_MEMORY if anything is missing from it. */
int stream_end(struct json_stream *stream, struct df_err *err);

#endif
