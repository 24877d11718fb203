/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/source_paths.c: which file of a checkout a compiler meant. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "source_paths.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static const char *const tree[] = {
	"Makefile",    "main.c",       "src/conn.c",   "src/http/conn.c", "src/http/parse.c",
	"lib/parse.c", "tools/main.c", "tools/deep/a", "src/xconn.c",	  "odd dir/we ird\n.c",
	"b/only.c",    "x/src/conn.h", "y/src/conn.h",
};

static void take(struct source_paths *paths, const char *const *list, size_t count)
{
	char *names = NULL;
	size_t size = 0;
	struct df_err err;
	FILE *to = open_memstream(&names, &size);
	for (size_t i = 0; i < count; i++)
		fwrite(list[i], 1, strlen(list[i]) + 1, to);
	fclose(to);
	cr_assert_eq(source_paths_take(names, size, paths, &err), 0);
	cr_assert_eq(paths->count, count);
}

static const struct {
	const char *file;
	enum source_path found;
	const char *path; /* NULL: any */
} cases[] = {
	{"src/conn.c", SOURCE_PATH_FOUND, "src/conn.c"},
	{"/build/server/src/conn.c", SOURCE_PATH_FOUND, "src/conn.c"},
	{"../src/conn.c", SOURCE_PATH_FOUND, "src/conn.c"},
	{"../../../src/http/conn.c", SOURCE_PATH_FOUND, "src/http/conn.c"},
	{"./src/./conn.c", SOURCE_PATH_FOUND, "src/conn.c"},
	{"src//conn.c", SOURCE_PATH_FOUND, "src/conn.c"},
	{"build/../src/conn.c", SOURCE_PATH_FOUND, "src/conn.c"},
	{"/a/b/../../src/http/../conn.c", SOURCE_PATH_FOUND, "src/conn.c"},
	/* Mapped to another prefix: the last components tell. */
	{"/usr/src/server/http/conn.c", SOURCE_PATH_FOUND, "src/http/conn.c"},
	{"/usr/src/server/http/parse.c", SOURCE_PATH_FOUND, "src/http/parse.c"},
	{"http/parse.c", SOURCE_PATH_FOUND, "src/http/parse.c"},
	{"only.c", SOURCE_PATH_FOUND, "b/only.c"},
	{"/elsewhere/only.c", SOURCE_PATH_FOUND, "b/only.c"},
	{"xconn.c", SOURCE_PATH_FOUND, "src/xconn.c"},
	{"odd dir/we ird\n.c", SOURCE_PATH_FOUND, "odd dir/we ird\n.c"},
	/* The one that has no others. */
	{"main.c", SOURCE_PATH_FOUND, "main.c"},
	{"/build/main.c", SOURCE_PATH_FOUND, "main.c"},
	{"/build/tools/main.c", SOURCE_PATH_FOUND, "tools/main.c"},
	/* Several that fit as well. */
	{"parse.c", SOURCE_PATH_AMBIGUOUS, NULL},
	{"/build/other/parse.c", SOURCE_PATH_AMBIGUOUS, NULL},
	{"conn.c", SOURCE_PATH_AMBIGUOUS, NULL},
	{"src/conn.h", SOURCE_PATH_AMBIGUOUS, NULL},
	{"z/src/conn.h", SOURCE_PATH_AMBIGUOUS, NULL},
	{"/z/y/src/conn.h", SOURCE_PATH_FOUND, "y/src/conn.h"},
	/* None. */
	{"", SOURCE_PATH_NONE, NULL},
	{"/", SOURCE_PATH_NONE, NULL},
	{".", SOURCE_PATH_NONE, NULL},
	{"..", SOURCE_PATH_NONE, NULL},
	{"src/..", SOURCE_PATH_NONE, NULL},
	{"src/gone.c", SOURCE_PATH_NONE, NULL},
	{"onn.c", SOURCE_PATH_NONE, NULL},
	{"my-conn.c", SOURCE_PATH_NONE, NULL},
	{"src", SOURCE_PATH_NONE, NULL},
	{"main.c/", SOURCE_PATH_FOUND, "main.c"},
	{"\xff\n", SOURCE_PATH_NONE, NULL},
};

Test(source_paths, cases)
{
	struct source_paths paths;
	take(&paths, tree, COUNT(tree));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *path;
		const enum source_path found = source_paths_find(&paths, cases[i].file, &path);
		cr_expect_eq(found, cases[i].found, "'%s': %d, %s", cases[i].file, found,
			     path ? path : "-");
		cr_expect(!cases[i].path || (path && strcmp(path, cases[i].path) == 0), "'%s': %s",
			  cases[i].file, path ? path : "-");
		cr_expect_eq(path == NULL, cases[i].found == SOURCE_PATH_NONE, "'%s'",
			     cases[i].file);
	}
	source_paths_free(&paths);
}

Test(source_paths, empty_checkout)
{
	struct source_paths paths;
	const char *path;
	take(&paths, NULL, 0);
	cr_expect_eq(source_paths_find(&paths, "a.c", &path), SOURCE_PATH_NONE);
	source_paths_free(&paths);
}

/* What is slow and simple must agree: count common components with each. */
static size_t common(const char *a, const char *b)
{
	size_t count = 0;
	for (;;) {
		const char *p = strrchr(a, '/'), *q = strrchr(b, '/');
		if (strcmp(p ? p + 1 : a, q ? q + 1 : b) != 0)
			return count;
		count++;
		if (!p || !q)
			return count;
		a = strndupa(a, (size_t)(p - a));
		b = strndupa(b, (size_t)(q - b));
	}
}

static void make_path(unsigned *seed, char path[64])
{
	static const char *const parts[] = {"a", "b", "ab", "a.c", "b.c"};
	path[0] = '\0';
	for (int i = (int)(rand_r(seed) % 4); i >= 0; i--) {
		strcat(path, parts[(size_t)rand_r(seed) % COUNT(parts)]);
		if (i > 0)
			strcat(path, "/");
	}
}

Test(source_paths, as_by_looking_at_each)
{
	unsigned seed = 5;
	for (int round = 0; round < 300; round++) {
		char text[12][64], file[64];
		const char *list[12], *path;
		struct source_paths paths;
		for (size_t i = 0; i < COUNT(list); i++) {
			make_path(&seed, text[i]);
			list[i] = text[i];
		}
		make_path(&seed, file);
		take(&paths, list, COUNT(list));
		size_t most = 0, many = 0;
		const char *alone = NULL;
		for (size_t i = 0; i < COUNT(list); i++) {
			const size_t same = common(list[i], file);
			const size_t parts = same > 0 ? common(list[i], list[i]) : 0;
			many = same > most ? 1 : many + (same == most);
			alone = same > most ? NULL : alone;
			most = same > most ? same : most;
			if (same == most && same > 0 && parts == same)
				alone = list[i];
		}
		const enum source_path found = source_paths_find(&paths, file, &path);
		if (most == 0)
			cr_assert_eq(found, SOURCE_PATH_NONE, "%s", file);
		else if (alone)
			cr_assert(found == SOURCE_PATH_FOUND && strcmp(path, alone) == 0,
				  "%s: %s, not %s", file, path, alone);
		else
			cr_assert(found == (many > 1 ? SOURCE_PATH_AMBIGUOUS : SOURCE_PATH_FOUND) &&
					  common(path, file) == most,
				  "%s: %s", file, path);
		source_paths_free(&paths);
	}
}
