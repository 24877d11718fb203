/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_script.c - operations as text, and which flags their patterns mean. */
#include "fuzz.h"
#include "script.h"

static const struct df_site site = {.kind = "http", .name = "log", .file = "src/a.c", .line = 7};

/* As fuzz_match.c has it: back-references may take any time. */
static int is_heavy(const char *text)
{
	return strchr(text, '\\') || strlen(text) > 512;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ends[] = {"", ";", ",;"};
	struct input in = {data, size};
	struct df_script script, more;
	struct df_err err = {0};
	const char *end = ends[input_byte(&in) % 3];
	char *text = input_text(&in);
	if (is_heavy(text)) {
		free(text);
		return 0;
	}
	const int status = df_script_parse(text, end, &script, &err);
	MUST(status == 0 || (status == -(int)err.code && script.count == 0 && err.text[0] != '\0'));
	for (size_t i = 0; i < script.count; i++) {
		MUST(script.lines[i].op <= DF_REHOOK);
		MUST(df_pattern_text(script.lines[i].pattern)[0] != '\0');
		MUST(df_pattern_match(script.lines[i].pattern, &site, &err) <= 1);
	}
	const size_t count = script.count;
	if (df_script_parse(text, end, &more, &err) == 0)
		MUST(df_script_append(&script, &more, &err) == 0 && script.count == 2 * count);
	df_script_free(&more);
	df_script_free(&script);
	free(text);
	return 0;
}
