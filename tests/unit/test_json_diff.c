/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/json_diff.c: a document that a JSON library reads back. */
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "fake_image.h"
#include "json_diff.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define SITE(NAME, FILE, LINE, DOC)                                                                \
	.kind = "k", .name = (NAME), .file = (FILE), .line = (LINE), .doc = (DOC), .style = 1

static const struct df_site old_sites[] = {
	{SITE("both", "a.c", 7, "old\xff doc"), .addr = 16},
	{SITE("gone", "a.c", 8, ""), .addr = 32, .flags = DF_SITE_HELD},
};
static const struct df_site new_sites[] = {
	{SITE("both", "b.c", 17, "new doc"), .addr = 16, .flags = DF_SITE_INVERTED,
	 .activation = 3},
	{SITE("come", "b.c", 18, ""), .addr = 48, .activation = 1},
};

static void print(void *diff)
{
	struct df_err err;
	cr_expect_eq(json_diff(diff, &err), 0, "%s", err.text);
}

static struct json_object *document(size_t old_count, size_t new_count)
{
	struct images images = {0};
	struct diff diff;
	struct df_err err;
	fake_image_add(&images, "/old", old_sites, old_count);
	fake_image_add(&images, "/new", new_sites, new_count);
	cr_assert_eq(diff_images(images.list[0], images.list[1], &diff, &err), 0);
	char *text = fake_image_output(print, &diff);
	struct json_object *root = json_tokener_parse(text);
	cr_assert(root, "'%s'", text);
	free(text);
	diff_free(&diff);
	images_free(&images);
	return root;
}

/* By a path of members and indices; "-" if there is nothing. */
static const char *at(struct json_object *root, const char *path)
{
	struct json_object *found = NULL;
	return json_pointer_get(root, path, &found) == 0 ? json_object_get_string(found) : "-";
}

static const struct {
	const char *path, *want;
} members[] = {
	{"/command", "diff"},
	{"/old/path", "/old"},
	{"/old/flags", "2"},
	{"/new/sites", "2"},
	{"/summary/alike", "0"},
	{"/summary/different", "3"},
	{"/summary/moved", "1"},
	{"/summary/added", "1"},
	{"/summary/sites", "0"},
	{"/differences/0/kind", "k"},
	{"/differences/0/name", "both"},
	{"/differences/0/changes", "[ \"moved\", \"default\", \"compiled\", \"doc\" ]"},
	{"/differences/0/old/full_name", "k:both@a.c:7"},
	{"/differences/0/old/doc", "old\\xff doc"},
	{"/differences/0/old/built", "off"},
	{"/differences/0/new/full_name", "k:both@b.c:17"},
	{"/differences/0/new/built", "on"},
	{"/differences/0/new/compiled_for", "on"},
	{"/differences/0/new/activation/max", "3"},
	{"/differences/1/changes", "[ \"added\" ]"},
	{"/differences/1/old", "-"},
	{"/differences/1/new/name", "come"},
	{"/differences/2/changes", "[ \"removed\" ]"},
	{"/differences/2/new", "-"},
	{"/differences/2/old/held_sites", "1"},
	{"/differences/3", "-"},
};

Test(json_diff, members)
{
	struct json_object *root = document(COUNT(old_sites), COUNT(new_sites));
	for (size_t i = 0; i < COUNT(members); i++)
		cr_expect_str_eq(at(root, members[i].path), members[i].want, "%s: '%s'",
				 members[i].path, at(root, members[i].path));
	json_object_put(root);
}

Test(json_diff, nothing)
{
	struct json_object *root = document(0, 0);
	cr_expect_str_eq(at(root, "/differences"), "[ ]");
	cr_expect_str_eq(at(root, "/summary/different"), "0");
	json_object_put(root);
}
