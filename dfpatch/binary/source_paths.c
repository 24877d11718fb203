/* SPDX-License-Identifier: Apache-2.0 */
/* source_paths.c - from the file that a compiler wrote down to a file of a checkout. */
#include "source_paths.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

void source_paths_free(struct source_paths *paths)
{
	free(paths->list);
	free(paths->names);
	*paths = (struct source_paths){0};
}

/*
 * From the end on, with the end of a path before a slash and that before all others, so
 * that paths with the same last components stand together, the shortest first.
 */
static int compare_backwards(const char *a, const char *b)
{
	size_t i = strlen(a), j = strlen(b);
	while (i > 0 && j > 0 && a[i - 1] == b[j - 1]) {
		i--;
		j--;
	}
	const int p = i == 0 ? -2 : a[i - 1] == '/' ? -1 : (unsigned char)a[i - 1];
	const int q = j == 0 ? -2 : b[j - 1] == '/' ? -1 : (unsigned char)b[j - 1];
	return (p > q) - (p < q);
}

static int by_end(const void *x, const void *y)
{
	return compare_backwards(*(const char *const *)x, *(const char *const *)y);
}

int source_paths_take(char *names, size_t size, struct source_paths *paths, struct df_err *err)
{
	size_t room = 0;
	*paths = (struct source_paths){.names = names};
	for (size_t i = 0; i < size; i++)
		room += names[i] == '\0';
	paths->list = calloc(room + 1, sizeof(*paths->list));
	if (!paths->list)
		return df_fail_memory(err);
	for (const char *at = names; paths->count < room; at += strlen(at) + 1)
		paths->list[paths->count++] = at;
	qsort(paths->list, paths->count, sizeof(*paths->list), by_end);
	return 0;
}

/* Without empty components, "." and "..", into memory of its own; NULL if there is none. */
static char *plain(const char *file)
{
	char *path = malloc(strlen(file) + 2);
	size_t length = 0;
	if (!path)
		return NULL;
	while (*file != '\0') {
		const size_t part = strcspn(file, "/");
		if (part == 2 && memcmp(file, "..", 2) == 0) {
			while (length > 0 && path[--length] != '/')
				;
		} else if (part > 0 && !(part == 1 && *file == '.')) {
			if (length > 0)
				path[length++] = '/';
			memcpy(path + length, file, part);
			length += part;
		}
		file += part + (file[part] == '/');
	}
	path[length] = '\0';
	return path;
}

/* How many components at their ends are the same. */
static size_t common_components(const char *a, const char *b)
{
	size_t i = strlen(a), j = strlen(b), count = 0;
	while (i > 0 && j > 0 && a[i - 1] == b[j - 1]) {
		i--;
		j--;
		count += a[i] == '/';
	}
	/* The last one counts only if it ends here in both. */
	return count + ((i == 0 || a[i - 1] == '/') && (j == 0 || b[j - 1] == '/') &&
			(i > 0 || j > 0 || *a != '\0'));
}

/* The first that does not stand before `path`. */
static size_t place_of(const struct source_paths *paths, const char *path)
{
	size_t low = 0, high = paths->count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (compare_backwards(paths->list[middle], path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t common_at(const struct source_paths *paths, size_t i, const char *path)
{
	return i < paths->count ? common_components(paths->list[i], path) : 0;
}

/* Where the last `count` components begin. */
static const char *last_components(const char *path, size_t count)
{
	const char *at = path + strlen(path);
	for (; at > path; at--)
		if (at[-1] == '/' && --count == 0)
			break;
	return at;
}

enum source_path source_paths_find(const struct source_paths *paths, const char *file,
				   const char **path)
{
	CLEANUP_FREE char *wanted = plain(file);
	*path = NULL;
	if (!wanted || *wanted == '\0')
		return SOURCE_PATH_NONE;
	const size_t at = place_of(paths, wanted);
	const size_t above = common_at(paths, at, wanted);
	const size_t below = at > 0 ? common_at(paths, at - 1, wanted) : 0;
	const size_t most = above > below ? above : below;
	if (most == 0)
		return SOURCE_PATH_NONE;
	/* Those with as many in common stand together, the one with no others at their head. */
	const char *suffix = last_components(wanted, most);
	const size_t first = place_of(paths, suffix);
	*path = paths->list[first];
	if (strcmp(*path, suffix) == 0 || common_at(paths, first + 1, wanted) < most)
		return SOURCE_PATH_FOUND;
	return SOURCE_PATH_AMBIGUOUS;
}
