/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_blame.c - the output of git blame: two of them, which share their commits. */
#include "blame.h"
#include "fuzz.h"

static void tell(void *context, uint32_t line, const struct commit *commit)
{
	size_t *lines = context;
	const size_t length = strlen(commit->id);
	MUST(line > 0);
	MUST(length == 40 || length == 64);
	MUST(strspn(commit->id, "0123456789abcdef") == length);
	MUST(commit->recorded == (strspn(commit->id, "0") != length));
	MUST(strnlen(commit->author, sizeof(commit->author)) < sizeof(commit->author));
	++*lines;
}

static void read_one(const uint8_t *data, size_t size, struct commits *commits, size_t *lines)
{
	struct df_err err = {0};
	char *text = fuzz_room(size);
	if (size > 0)
		memcpy(text, data, size);
	const int status = blame_read(text, size, commits, tell, lines, &err);
	MUST(status == 0 || status == -(int)DF_E_SYSTEM);
	MUST((status == 0) == (err.code == DF_E_NONE));
	MUST(commits->count <= *lines);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct commits commits = {0};
	const uint8_t *end = size > 0 ? memchr(data, '\0', size) : NULL;
	const size_t first = end ? (size_t)(end - data) : size;
	size_t lines = 0;
	read_one(data, first, &commits, &lines);
	if (end)
		read_one(end + 1, size - first - 1, &commits, &lines);
	for (size_t i = 0; i < commits.count; i++)
		for (size_t j = 0; j < i && i < 100; j++)
			MUST(strcmp(commits.list[i]->id, commits.list[j]->id) != 0);
	commits_free(&commits);
	return 0;
}
