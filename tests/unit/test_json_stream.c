/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/json_stream.c: what is printed in pieces is one document. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_image.h"
#include "json_stream.h"

static struct df_err err;

static void nothing_in_it(void *context)
{
	struct json_stream stream;
	(void)context;
	stream_begin(&stream, "audit");
	stream_array(&stream, "none");
	stream_close(&stream);
	stream_object(&stream, "empty");
	stream_close(&stream);
	cr_expect_eq(stream_end(&stream, &err), 0);
}

Test(json_stream, looks_like_other_documents)
{
	char *text = fake_image_output(nothing_in_it, NULL);
	cr_expect_str_eq(text, "{\n"
			       "  \"schema\":1,\n"
			       "  \"version\":\"" DFPATCH_VERSION "\",\n"
			       "  \"command\":\"audit\",\n"
			       "  \"none\":[],\n"
			       "  \"empty\":{}\n"
			       "}\n");
	free(text);
}

static void nested(void *context)
{
	struct json_stream stream;
	(void)context;
	stream_begin(&stream, "audit");
	stream_array(&stream, "list");
	for (uint64_t i = 0; i < 3; i++) {
		struct document value = stream_value_begin(&stream);
		cr_assert(!value.failed);
		doc_put_number(&value, value.root, "number", i);
		doc_put_text(&value, value.root, "text", "a\nb\x1b \xc3( \xe2\x80\xae");
		stream_value(&stream, NULL, &value);
	}
	stream_object(&stream, NULL);
	struct document members = stream_value_begin(&stream);
	doc_put_bool(&members, members.root, "yes", true);
	doc_put_bool(&members, members.root, "no", false);
	stream_members(&stream, &members);
	/* What is left open is closed. */
	cr_expect_eq(stream_end(&stream, &err), 0);
	cr_expect_eq(stream.depth, 0);
}

Test(json_stream, is_one_document)
{
	char *text = fake_image_output(nested, NULL);
	struct json_object *root = json_tokener_parse(text), *list, *member;
	cr_assert_not_null(root, "%s", text);
	cr_assert(json_object_object_get_ex(root, "list", &list));
	cr_assert_eq(json_object_array_length(list), 4);
	for (size_t i = 0; i < 3; i++) {
		struct json_object *value = json_object_array_get_idx(list, i);
		cr_assert(json_object_object_get_ex(value, "number", &member));
		cr_expect_eq(json_object_get_int(member), (int)i);
		cr_assert(json_object_object_get_ex(value, "text", &member));
		cr_expect_str_eq(json_object_get_string(member), "a\nb\x1b \\xc3( \xe2\x80\xae");
	}
	cr_assert(json_object_object_get_ex(json_object_array_get_idx(list, 3), "no", &member));
	cr_expect(!json_object_get_boolean(member));
	cr_expect(!strchr(text, '\x1b'), "a control character goes to the terminal");
	json_object_put(root);
	free(text);
}

static void failed(void *context)
{
	struct json_stream stream;
	(void)context;
	stream_begin(&stream, "audit");
	struct document value = stream_value_begin(&stream);
	value.failed = true; /* as where memory ran out */
	stream_value(&stream, "lost", &value);
	cr_expect_eq(stream_end(&stream, &err), -(int)DF_E_MEMORY);
}

Test(json_stream, says_that_something_is_missing)
{
	char *text = fake_image_output(failed, NULL);
	struct json_object *root = json_tokener_parse(text), *member;
	cr_assert_not_null(root, "%s", text);
	cr_expect(!json_object_object_get_ex(root, "lost", &member));
	json_object_put(root);
	free(text);
}
