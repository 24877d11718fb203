/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_match.c - patterns against names, and held against regexec(3) on the whole name.
 *
 * input: pattern 0 kind 0 name 0 file 0 line
 */
#include <regex.h>

#include "fuzz.h"
#include "match.h"

/*
 * What takes the C library's time beyond all bounds, which the pattern's author answers
 * for: back-references in more than a few bytes.
 */
static int is_heavy(const char *pattern, size_t name)
{
	size_t references = 0, stars = 0;
	for (const char *c = pattern; *c != '\0'; c++) {
		references += *c == '\\' && c[1] >= '1' && c[1] <= '9';
		stars += strchr("*+?{", *c) != NULL;
	}
	return strlen(pattern) > 128 || name > 4096 ||
	       (references > 0 && (name > 24 || stars > 3 || references > 2));
}

/* 1 if the leftmost, longest match of the whole expression begins at the start; -1: no telling. */
static int plainly(const char *pattern, const char *name)
{
	regex_t regex;
	regmatch_t match;
	if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
		return -1;
	const int code = regexec(&regex, name, 1, &match, 0);
	regfree(&regex);
	return code == 0 ? match.rm_so == 0 : code == REG_NOMATCH ? 0 : -1;
}

static void learn(const char *text, const struct df_site *site)
{
	struct df_pattern *words;
	struct df_err err = {0};
	if (df_pattern_words(text, &words, &err) < 0)
		return;
	df_pattern_learn(words, site, 1);
	const int status = df_pattern_match(words, site, &err);
	MUST(status <= 1);
	if (df_pattern_check(words, &err) < 0)
		MUST(status < 0 && err.text[0] != '\0');
	df_pattern_free(words);
}

static void match(const char *text, const struct df_site *site, const char *name)
{
	struct df_pattern *pattern;
	struct df_err err = {0};
	const int status = df_pattern_compile(text, &pattern, &err);
	if (status < 0) {
		MUST(status == -(int)err.code && err.text[0] != '\0');
		return;
	}
	const int found = df_pattern_match(pattern, site, &err);
	const int plain = plainly(text, name);
	MUST(found < 0 || plain < 0 || found == plain);
	if (df_pattern_is_all(pattern))
		MUST(found == 1);
	df_pattern_free(pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	char *pattern = input_text(&in), *kind = input_text(&in), *name = input_text(&in),
	     *file = input_text(&in);
	const struct df_site site = {
		.kind = kind, .name = name, .file = file, .doc = "", .line = input_short(&in)};
	const size_t length = df_full_name_length(&site);
	char *full = fuzz_room(length + 1);
	MUST(df_full_name(&site, full, length + 1) == length && strlen(full) == length);
	if (!is_heavy(pattern, length)) {
		learn(pattern, &site);
		match(pattern, &site, full);
	}
	free(full);
	free(file);
	free(name);
	free(kind);
	free(pattern);
	return 0;
}
