/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_mentions.c - source text: a kind, a name and a line to look for, then the file. */
#include "fuzz.h"
#include "mentions.h"

static void look(const struct mentions *mentions, const char *kind, const char *name, uint32_t line)
{
	uint32_t now;
	const enum mentioned found = mentions_find(mentions, kind, name, line, &now);
	switch (found) {
	case MENTIONED_HERE:
		MUST(now == line && line >= 1);
		break;
	case MENTIONED_ELSEWHERE:
		MUST(now >= 1 && now <= mentions->line_count);
		break;
	case MENTIONED_NOWHERE:
	case MENTIONED_UNSURE:
		MUST(now == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct mentions mentions;
	struct df_err err;
	char *kind = input_text(&in), *name = input_text(&in);
	const uint32_t line = input_byte(&in);
	char *text = fuzz_room(in.size);
	if (in.size > 0)
		memcpy(text, in.data, in.size);
	MUST(mentions_read(text, in.size, &mentions, &err) == 0);
	MUST(mentions.line_count >= 1 && mentions.lines[0] == 0);
	for (uint32_t i = 1; i < mentions.line_count; i++)
		MUST(text[mentions.lines[i] - 1] == '\n' && mentions.lines[i] < in.size);
	look(&mentions, kind, name, line);
	look(&mentions, "k", "n", line);
	look(&mentions, "debug", "n", UINT32_MAX);
	mentions_free(&mentions);
	free(text);
	free(name);
	free(kind);
	return 0;
}
