/* SPDX-License-Identifier: Apache-2.0 */
/* json_stream.c - a JSON document that is printed while it is made. */
#include "json_stream.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

#define INDENT 2

/* A comma where one is due, a new line, and the key. */
static void lead_in(struct json_stream *s, const char *key)
{
	if (s->depth > 0) {
		fputs(s->has_some[s->depth] ? ",\n" : "\n", stdout);
		s->has_some[s->depth] = true;
	}
	printf("%*s", s->depth * INDENT, "");
	if (key)
		printf("\"%s\":", key);
}

static void open_one(struct json_stream *s, const char *key, bool array)
{
	lead_in(s, key);
	putchar(array ? '[' : '{');
	s->depth++;
	s->has_some[s->depth] = false;
	s->is_array[s->depth] = array;
}

void stream_object(struct json_stream *stream, const char *key)
{
	open_one(stream, key, false);
}

void stream_array(struct json_stream *stream, const char *key)
{
	open_one(stream, key, true);
}

void stream_close(struct json_stream *stream)
{
	const bool array = stream->is_array[stream->depth];
	const bool some = stream->has_some[stream->depth];
	stream->depth--;
	if (some)
		printf("\n%*s", stream->depth * INDENT, "");
	putchar(array ? ']' : '}');
	if (stream->depth == 0)
		putchar('\n');
}

struct document stream_value_begin(struct json_stream *stream)
{
	struct document value = {.root = json_object_new_object()};
	value.failed = !value.root;
	stream->failed |= value.failed;
	return value;
}

/* json-c begins lines at the left. */
static void print_indented(const struct json_stream *s, const char *text)
{
	for (;;) {
		const size_t length = strcspn(text, "\n");
		fwrite(text, 1, length, stdout);
		if (text[length] == '\0')
			return;
		printf("\n%*s", s->depth * INDENT, "");
		text += length + 1;
	}
}

static void print_value(struct json_stream *s, const char *key, struct json_object *value)
{
	const char *text = json_object_to_json_string_ext(
		value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	CLEANUP_FREE char *safe = text ? text_escaped(TEXT_FOR_DOCUMENT, text) : NULL;
	if (!safe) {
		s->failed = true;
		return;
	}
	lead_in(s, key);
	print_indented(s, safe);
}

void stream_value(struct json_stream *stream, const char *key, struct document *value)
{
	stream->failed |= value->failed;
	if (!value->failed)
		print_value(stream, key, value->root);
	json_object_put(value->root);
	value->root = NULL;
}

void stream_members(struct json_stream *stream, struct document *value)
{
	stream->failed |= value->failed;
	if (!value->failed) {
		json_object_object_foreach(value->root, key, member)
		{
			print_value(stream, key, member);
		}
	}
	json_object_put(value->root);
	value->root = NULL;
}

void stream_begin(struct json_stream *stream, const char *command)
{
	*stream = (struct json_stream){0};
	struct document head = document_begin(command);
	stream_object(stream, NULL);
	stream_members(stream, &head);
}

int stream_end(struct json_stream *stream, struct df_err *err)
{
	while (stream->depth > 0)
		stream_close(stream);
	return stream->failed ? df_fail_memory(err) : 0;
}
