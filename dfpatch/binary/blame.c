/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blame.c - what `git blame --porcelain` says.
 *
 * For each line of the file: "ID ORIGINAL-LINE LINE [LINES]"; then, the first time that the
 * commit is named, lines "KEY VALUE"; then a tab and the line itself.
 */
#include "blame.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* ---- commits ---- */

static int by_id(const void *x, const void *y)
{
	const struct commit *a = x, *b = y;
	return strcmp(a->id, b->id);
}

static void keep(void *commit)
{
	(void)commit; /* it is the list's */
}

void commits_free(struct commits *commits)
{
	tdestroy(commits->by_id, keep);
	for (size_t i = 0; i < commits->count; i++)
		free(commits->list[i]);
	free(commits->list);
	*commits = (struct commits){0};
}

static struct commit *commits_find(const struct commits *commits, const struct commit *like)
{
	void *const node = tfind(like, &commits->by_id, by_id);
	return node ? *(struct commit **)node : NULL;
}

/* NULL if memory runs out. */
static struct commit *commits_add(struct commits *commits, const struct commit *like)
{
	if (commits->count == commits->room) {
		const size_t room = commits->room ? 2 * commits->room : 64;
		struct commit **larger = realloc(commits->list, room * sizeof(*larger));
		if (!larger)
			return NULL;
		commits->list = larger;
		commits->room = room;
	}
	struct commit *commit = malloc(sizeof(*commit));
	if (!commit)
		return NULL;
	*commit = *like;
	if (!tsearch(commit, &commits->by_id, by_id)) {
		free(commit);
		return NULL;
	}
	commits->list[commits->count++] = commit;
	return commit;
}

/* ---- lines of the output ---- */

/* One line, without its newline; not terminated. */
struct line {
	const char *text;
	size_t size;
};

struct reader {
	const char *at, *end;
	size_t number; /* of the line last read */
	struct commits *commits;
	struct df_err *err;
};

static bool next_line(struct reader *reader, struct line *line)
{
	if (reader->at == reader->end)
		return false;
	const size_t left = (size_t)(reader->end - reader->at);
	const char *newline = memchr(reader->at, '\n', left);
	*line = (struct line){reader->at, newline ? (size_t)(newline - reader->at) : left};
	reader->at = newline ? newline + 1 : reader->end;
	reader->number++;
	return true;
}

static int fail(const struct reader *reader, const char *what)
{
	return df_fail(reader->err, DF_E_SYSTEM, "git blame: line %zu of its output %s",
		       reader->number, what);
}

static bool take_digits(struct line *line, uint64_t most, uint64_t *number)
{
	*number = 0;
	const char *const begin = line->text;
	while (line->size > 0 && *line->text >= '0' && *line->text <= '9') {
		*number = 10 * *number + (uint64_t)(*line->text - '0');
		if (*number > most)
			return false;
		line->text++;
		line->size--;
	}
	return line->text > begin;
}

static bool take_blank(struct line *line)
{
	if (line->size == 0 || *line->text != ' ')
		return false;
	line->text++;
	line->size--;
	return true;
}

/* A hash of 20 bytes, or of 32. */
static bool take_id(struct line *line, struct commit *commit)
{
	size_t length = 0;
	commit->recorded = false;
	while (length < line->size && ((line->text[length] >= '0' && line->text[length] <= '9') ||
				       (line->text[length] >= 'a' && line->text[length] <= 'f'))) {
		commit->recorded = commit->recorded || line->text[length] != '0';
		length++;
	}
	if (length != 40 && length != 64)
		return false;
	memcpy(commit->id, line->text, length);
	commit->id[length] = '\0';
	line->text += length;
	line->size -= length;
	return true;
}

static bool take_head(struct line line, struct commit *commit, uint32_t *of_file)
{
	uint64_t original, final;
	if (!take_id(&line, commit) || !take_blank(&line) ||
	    !take_digits(&line, UINT32_MAX, &original) || !take_blank(&line) ||
	    !take_digits(&line, UINT32_MAX, &final))
		return false;
	*of_file = (uint32_t) final;
	return final > 0 && (line.size == 0 || *line.text == ' ');
}

/* The value, if the line has this key. */
static bool take_key(const struct line *line, const char *key, struct line *value)
{
	const size_t length = strlen(key);
	if (line->size < length || memcmp(line->text, key, length) != 0)
		return false;
	*value = (struct line){line->text + length, line->size - length};
	return true;
}

static void take_author(struct commit *commit, const struct line *value)
{
	const size_t most = sizeof(commit->author) - 1;
	const size_t size = value->size < most ? value->size : most;
	memcpy(commit->author, value->text, size);
	commit->author[size] = '\0';
}

/* Up to the line of the file itself. */
static int take_details(struct reader *reader, struct commit *commit, bool *dated)
{
	struct line line, value;
	uint64_t time;
	*dated = false;
	while (next_line(reader, &line)) {
		if (line.size > 0 && *line.text == '\t')
			return 0;
		if (take_key(&line, "author ", &value))
			take_author(commit, &value);
		if (!take_key(&line, "author-time ", &value))
			continue;
		const bool before = value.size > 0 && *value.text == '-';
		value.text += before;
		value.size -= before;
		if (!take_digits(&value, INT64_MAX, &time) || value.size > 0)
			return fail(reader, "is no time");
		commit->time = before ? -(int64_t)time : (int64_t)time;
		*dated = true;
	}
	return fail(reader, "is the last, but a line of the file should follow");
}

int blame_read(const char *text, size_t size, struct commits *commits, blame_line *found,
	       void *context, struct df_err *err)
{
	struct reader reader = {.at = text, .end = text + size, .commits = commits, .err = err};
	struct line line;
	while (next_line(&reader, &line)) {
		struct commit told = {0};
		uint32_t of_file;
		bool dated;
		if (!take_head(line, &told, &of_file))
			return fail(&reader, "names no commit and line");
		if (take_details(&reader, &told, &dated) < 0)
			return -(int)err->code;
		struct commit *commit = commits_find(commits, &told);
		if (!commit && !dated)
			return fail(&reader, "ends what is told of a commit, but not its time");
		if (!commit)
			commit = commits_add(commits, &told);
		if (!commit)
			return df_fail_memory(err);
		found(context, of_file, commit);
	}
	return 0;
}
