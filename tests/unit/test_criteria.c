/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/criteria.c: what criteria are, and which flags they mean. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "criteria.h"
#include "fake_image.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static struct criterion room[4];

static int add(struct criteria *criteria, enum criterion_by by, const char *text,
	       struct df_err *err)
{
	*criteria = (struct criteria){.list = room};
	*err = (struct df_err){0};
	return criteria_add(criteria, by, text, err);
}

static const struct {
	const char *text;
	const char *path;
	uint32_t first, last;
} places[] = {
	{"a.c", "a.c", 0, UINT32_MAX},	      {"a.c:41", "a.c", 41, 41},
	{"src/a.c:41-60", "src/a.c", 41, 60}, {"a.c:41-41", "a.c", 41, 41},
	{"a.c:41-", "a.c", 41, UINT32_MAX},   {"a.c:1-4294967295", "a.c", 1, UINT32_MAX},
	{"a:b.c", "a:b.c", 0, UINT32_MAX},    {"a:3:7", "a:3", 7, 7},
	{"a.c:", "a.c:", 0, UINT32_MAX},      {"*.c:x", "*.c:x", 0, UINT32_MAX},
};

Test(criteria, places)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		struct criteria c;
		struct df_err err;
		cr_assert_eq(add(&c, BY_PLACE, places[i].text, &err), 0, "%s", err.text);
		cr_expect_str_eq(room[0].path, places[i].path, "%s", places[i].text);
		cr_expect(room[0].first == places[i].first && room[0].last == places[i].last, "%s",
			  places[i].text);
		free(room[0].path);
	}
}

Test(criteria, what_makes_no_sense)
{
	static const char *const bad[] = {
		"a:0",		"a:-5", "a:5-4", "a:1-2-3",
		"a:4294967296", "a:--", ":5",	 "a:1-99999999999999999999"};
	struct criteria c;
	struct df_err err;
	for (size_t i = 0; i < COUNT(bad); i++) {
		cr_expect_eq(add(&c, BY_PLACE, bad[i], &err), -(int)DF_E_USAGE, "%s", bad[i]);
		cr_expect(strstr(err.text, bad[i]) && strstr(err.text, "FILE:41-60"), "%s",
			  err.text);
		cr_expect_eq(c.count, 0);
	}
	for (int by = 0; by < BY_COUNT; by++)
		cr_expect_eq(add(&c, (enum criterion_by)by, "", &err), -(int)DF_E_USAGE);
}

/* One flag, and what is and what is not said of it. */
static const struct {
	enum criterion_by by;
	const char *text;
	bool means;
} table[] = {
	{BY_KIND, "http", true},
	{BY_KIND, "http:", false},
	{BY_KIND, "htt", false},
	{BY_KIND, "HTTP", false},
	{BY_KIND, "h*", true},
	{BY_KIND, "?ttp", true},
	{BY_KIND, "[g-i]ttp", true},
	{BY_KIND, "[!h]ttp", false},
	{BY_KIND, "[", false},
	{BY_NAME, "fast_path", true},
	{BY_NAME, "fast", false},
	{BY_NAME, "*_path", true},
	{BY_NAME, "http:fast_path", false},
	{BY_PLACE, "conn.c", true},
	{BY_PLACE, "conn.c:41", true},
	{BY_PLACE, "conn.c:40", false},
	{BY_PLACE, "conn.c:42-", false},
	{BY_PLACE, "conn.c:1-41", true},
	{BY_PLACE, "conn.c:41-50", true},
	{BY_PLACE, "net/conn.c", true},
	{BY_PLACE, "src/net/conn.c", true},
	{BY_PLACE, "/build/src/net/conn.c", true},
	{BY_PLACE, "/src/net/conn.c", false},
	{BY_PLACE, "/conn.c", false},
	{BY_PLACE, "onn.c", false},
	{BY_PLACE, "*.c", true},
	{BY_PLACE, "net/*", true},
	{BY_PLACE, "./net/conn.c:41", true},
	{BY_PLACE, "././conn.c", true},
	{BY_PLACE, "../conn.c", false},
	{BY_PLACE, ".", false},
	{BY_PLACE, "src/*.c", false},
	{BY_PLACE, "src/*/conn.c:41", true},
	{BY_PLACE, "net", false},
	{BY_PLACE, "net/", false},
	{BY_PLACE, "a/b/c/d/e/conn.c", false},
	{BY_DOC, "from the", true},
	{BY_DOC, "CACHE", true},
	{BY_DOC, "owner=web", true},
	{BY_DOC, "ca*he", false},
	{BY_DOC, "caches", false},
	{BY_MODULE, "libconn.so.1", true},
	{BY_MODULE, "libconn.so*", true},
	{BY_MODULE, "lib/libconn.so.1", true},
	{BY_MODULE, "./libconn.so.1", true},
	{BY_MODULE, "/usr/lib/libconn.so.1", true},
	{BY_MODULE, "libconn", false},
	{BY_MODULE, "/lib/libconn.so.1", false},
};

static const struct df_site site = {
	.kind = "http",
	.name = "fast_path",
	.file = "/build/src/net/conn.c",
	.line = 41,
	.doc = "answer from the Cache (owner=web)",
};

Test(criteria, what_they_mean)
{
	struct images images = {0};
	const struct image *image = fake_image_add(&images, "/usr/lib/libconn.so.1", &site, 1);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct criteria c;
		struct df_err err;
		cr_assert_eq(add(&c, table[i].by, table[i].text, &err), 0, "%s", err.text);
		cr_expect_eq(criterion_matches(&room[0], image, &site), table[i].means, "%s",
			     table[i].text);
		free(room[0].path);
	}
	images_free(&images);
}

/* Names that a program made to hold us up: no more than some seconds for what is in a megabyte. */
Test(criteria, long_names, .timeout = 60)
{
	enum { LENGTH = 1 << 20 };
	static char path[LENGTH + 1], name[LENGTH + 1];
	const struct df_site hostile = {.kind = name, .name = name, .file = path, .doc = name};
	static const struct {
		enum criterion_by by;
		const char *text;
	} asked[] = {{BY_KIND, "*a*a*b"},	{BY_NAME, "?*a*a*a*a*ab"}, {BY_PLACE, "*/*a"},
		     {BY_PLACE, "?*/?*/[!/]*"}, {BY_DOC, "aaaaaaaab"},	   {BY_PLACE, "////////"}};
	memset(path, '/', LENGTH);
	memset(name, 'a', LENGTH);
	struct images images = {0};
	const struct image *image = fake_image_add(&images, path, &hostile, 1);
	for (size_t i = 0; i < COUNT(asked); i++) {
		struct criteria c;
		struct df_err err;
		cr_assert_eq(add(&c, asked[i].by, asked[i].text, &err), 0, "%s", err.text);
		criterion_matches(&room[0], image, &hostile);
		free(room[0].path);
	}
	images_free(&images);
}

Test(criteria, what_nobody_is)
{
	static const struct {
		enum criterion_by by;
		const char *says;
	} rows[] = {{BY_KIND, "--kind: no flag has the kind 'x'"},
		    {BY_NAME, "--name: no flag has the name 'x'"},
		    {BY_PLACE, "--at: no flag lies in 'x'"},
		    {BY_DOC, "--doc: no doc of a flag says 'x'"},
		    {BY_MODULE, "--module: no module with flags is named 'x'"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct images none = {0};
		struct criteria c;
		struct df_err err;
		cr_assert_eq(add(&c, rows[i].by, "x", &err), 0);
		cr_expect_eq(criterion_no_match(&room[0], &none, &err), -(int)DF_E_NO_MATCH);
		cr_expect(strstr(err.text, rows[i].says), "%s", err.text);
		free(room[0].path);
	}
}

Test(criteria, what_is_near)
{
	static const struct df_site sites[] = {
		{.kind = "http", .name = "fast_path", .file = "src/conn.c", .doc = "", .line = 1}};
	static const struct {
		enum criterion_by by;
		const char *text;
		const char *near; /* NULL: nothing */
	} rows[] = {{BY_KIND, "htpt", "http"},
		    {BY_KIND, "nothing", NULL},
		    {BY_NAME, "fastpath", "fast_path"},
		    {BY_PLACE, "src/con.c:1", "conn.c"},
		    {BY_PLACE, "conn.c:2", NULL}, /* it is there, but not in that line */
		    {BY_DOC, "http", NULL},
		    {BY_MODULE, "/bin/porgram", "program"}};
	struct images images = {0};
	fake_image_add(&images, "/usr/bin/program", sites, COUNT(sites));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct criteria c;
		struct df_err err;
		char says[80];
		snprintf(says, sizeof(says), "; did you mean '%s'?", rows[i].near ?: "");
		cr_assert_eq(add(&c, rows[i].by, rows[i].text, &err), 0);
		criterion_no_match(&room[0], &images, &err);
		cr_expect_eq(strstr(err.text, rows[i].near ? says : "did you mean") != NULL,
			     rows[i].near != NULL, "%s", err.text);
		free(room[0].path);
	}
	images_free(&images);
}

/* ---- states ---- */

/* One flag of two sites, counted twice as built, of which one is changed. */
static const struct {
	const char *row;
	struct df_count_v1 stored;
	bool active, changed, unhooked;
} states[] = {
	{"as built", {0, 0}, true, false, false},
	{"one site off", {2, 0}, true, true, false},
	{"one site unhooked", {0, 1}, true, true, true},
	{"more active", {1, 0}, true, true, false},
};

static bool in(const struct images *images, bool active, bool changed, bool unhooked)
{
	const struct criteria c = {.active = active, .changed = changed, .unhooked = unhooked};
	cr_expect_eq(criteria_any_state(&c), active || changed || unhooked);
	cr_expect_eq(criteria_any(&c), active || changed || unhooked);
	return criteria_in_state(&c, images->list[0], &images->list[0]->flags[0]);
}

Test(criteria, states)
{
	struct df_site two[2] = {site, site};
	two[0].activation = two[1].activation = 2;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct images images = {0};
		struct image *image = fake_image_add(&images, "/x", two, 2);
		image->states[1].current = states[i].stored;
		for (int asked = 0; asked < 8; asked++) {
			const bool active = asked & 1, changed = asked & 2, unhooked = asked & 4;
			cr_expect_eq(in(&images, active, changed, unhooked),
				     (!active || states[i].active) &&
					     (!changed || states[i].changed) &&
					     (!unhooked || states[i].unhooked),
				     "%s, asked %d", states[i].row, asked);
		}
		images_free(&images);
	}
}

Test(criteria, off_and_held)
{
	struct df_site opt = site;
	struct images images = {0};
	opt.flags = DF_SITE_HELD;
	struct image *image = fake_image_add(&images, "/x", &opt, 1);
	cr_expect(in(&images, true, false, false), "a held flag is on");
	image->states[0].current.unhook = DF_HOLD_RELEASED;
	cr_expect(!in(&images, true, false, false));
	cr_expect(in(&images, false, true, false), "nor is it as it was built");
	cr_expect(!in(&images, false, false, true));
	images_free(&images);
}

Test(criteria, nobody_is_in_them)
{
	static const struct {
		struct criteria criteria;
		const char *says;
	} rows[] = {
		{{.active = true}, "none of the flags is active"},
		{{.changed = true, .unhooked = true}, "is changed and unhooked"},
		{{.active = true, .unhooked = true}, "is active and unhooked"},
		{{.active = true, .changed = true, .unhooked = true},
		 "is active and changed and unhooked"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct df_err err;
		cr_expect_eq(criteria_no_state(&rows[i].criteria, &err), -(int)DF_E_NO_MATCH);
		cr_expect(strstr(err.text, rows[i].says), "%s", err.text);
	}
}
