/* SPDX-License-Identifier: Apache-2.0 */
/* test_pick.c - which sites an operation is about, and how many flags that are: pick, kinds, names.
 */
#include <criterion/criterion.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_loaded.h"
#include "kinds.h"
#include "names.h"
#include "pick.h"

TestSuite(pick);

/* A generator of our own: the same rows in every run. */
static uint32_t random_state = 1;

static uint32_t rnd(uint32_t below)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % below;
}

static const char *const kinds[] = {"http", "httpd", "h", "db", "db.index", "zz top", "a"};
static const char *const odd_kinds[] = {"http", "a:b", "a", "a:b:c"};
static const char *const stems[] = {"fast",    "fast_path", "f",       "slow",
				    "trace_0", "trace_00",  "\303\244"};
static const char *const files[] = {"a.c", "src/a.c", "src/b.c", "b/c+d.c"};

/* Flags of all kinds in no order, many of them with several sites. */
static struct fake_flag *make_flags(uint32_t count, bool odd)
{
	struct fake_flag *flags = calloc(count, sizeof(*flags));
	for (uint32_t i = 0; i < count; i++) {
		char *name = malloc(48);
		const uint32_t n = rnd(count / 2 + 1);
		snprintf(name, 48, odd && rnd(4) == 0 ? "%s@%u" : "%s%u", stems[n / 7 % 7], n / 49);
		flags[i] = (struct fake_flag){
			.kind = odd ? odd_kinds[n % 4] : kinds[n % 7],
			.name = name,
			.file = files[n % 4],
			.line = n % 13 + 1,
		};
	}
	return flags;
}

static void free_flags(struct fake_flag *flags, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free((char *)flags[i].name);
	free(flags);
}

static void spell(const struct fake_flag *f, char *text, size_t size)
{
	snprintf(text, size, "%s:%s@%s:%u", f->kind, f->name, f->file, f->line);
}

/* What must be picked, by regexec alone. */
static bool wanted(const struct fake_flag *f, const char *kind, const regex_t *regex)
{
	char text[256];
	regmatch_t match;
	spell(f, text, sizeof(text));
	if (kind && strcmp(kind, f->kind) != 0)
		return false;
	return !regex || (regexec(regex, text, 1, &match, 0) == 0 && match.rm_so == 0);
}

static uint32_t count_names(const struct fake_flag *flags, const bool *picked, uint32_t count)
{
	uint32_t names = 0;
	for (uint32_t i = 0; i < count; i++) {
		char text[256], other[256];
		bool is_new = picked[i];
		spell(&flags[i], text, sizeof(text));
		for (uint32_t j = 0; j < i && is_new; j++) {
			spell(&flags[j], other, sizeof(other));
			is_new = !picked[j] || strcmp(text, other) != 0;
		}
		names += is_new;
	}
	return names;
}

static void check(struct loaded *m, const struct fake_flag *flags, const char *kind,
		  const char *text)
{
	struct df_pattern *pattern = NULL;
	struct picks picks;
	struct df_err err;
	regex_t regex;
	uint32_t found, at = 0;
	bool *picked = calloc(m->count, sizeof(*picked));
	if (text) {
		cr_assert_eq(df_pattern_compile(text, &pattern, &err), 0, "%s", err.text);
		cr_assert_eq(regcomp(&regex, text, REG_EXTENDED), 0);
	}
	cr_assert_eq(pick(m, kind, pattern, &picks, &err), 0, "%s", err.text);
	for (uint32_t i = 0; i < m->count; i++) {
		picked[i] = wanted(&flags[i], kind, text ? &regex : NULL);
		if (!picked[i])
			continue;
		cr_assert(at < picks.count && pick_at(&picks, at) == i,
			  "kind %s, pattern %s: site %u (%s:%s) is missing", kind, text, i,
			  flags[i].kind, flags[i].name);
		at++;
	}
	cr_assert_eq(at, picks.count, "kind %s, pattern %s: %u too many", kind, text,
		     picks.count - at);
	cr_assert_eq(picks_flags(m, &picks, &found, &err), 0);
	cr_assert_eq(found, count_names(flags, picked, m->count), "kind %s, pattern %s: %u", kind,
		     text, found);
	picks_free(&picks);
	df_pattern_free(pattern);
	if (text)
		regfree(&regex);
	free(picked);
}

static const char *const patterns[] = {
	NULL,
	"",
	".*",
	"http",
	"http:",
	"http:f",
	"http:fast",
	"h",
	"h:",
	"a:b",
	"a:b:",
	"a:b:c:",
	"db",
	"db:",
	"db.",
	"db.index:",
	"zz top:",
	"nothing",
	"http:fast_path1@",
	"a|http:f.*2",
	".*trace_0.*:[1-4]$",
	"http:fast[0-9]+@src",
	"db:f0@a",
	"db:f0@",
	"(h|db):",
	"[a-h]",
	"httpd:\303\244",
	"http:@",
	"@",
	":",
	"a:f@",
	"a:fast@1",
	"a:b:fast@",
	"^http:fast0@a.c",
};

static void check_all(uint32_t count, bool odd, bool merged)
{
	struct fake_flag *flags = make_flags(count, odd);
	struct loaded *m = fake_loaded(flags, count, 16, merged);
	/* The second time round, names are searched and not scanned. */
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
			check(m, flags, NULL, patterns[i]);
			check(m, flags, "http", patterns[i]);
			check(m, flags, "a:b", patterns[i]);
			check(m, flags, "none", patterns[i]);
		}
	/* Every full name, as it stands: its dots are any character's. */
	for (uint32_t i = 0; i < count && i < 40; i++) {
		char text[256], *plus;
		spell(&flags[i], text, sizeof(text));
		while ((plus = strchr(text, '+')))
			*plus = '.';
		check(m, flags, NULL, text);
	}
	fake_loaded_free(m);
	free_flags(flags, count);
}

Test(pick, agrees_with_regexec_on_tables_of_all_sizes)
{
	static const uint32_t sizes[] = {1, 2, 15, 16, 17, 63, 64, 65, 400};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		check_all(sizes[i], false, true);
		check_all(sizes[i], false, false);
	}
}

Test(pick, agrees_where_kinds_have_colons_and_names_have_ats)
{
	check_all(70, true, true);
	check_all(300, true, false);
}

Test(pick, leaves_most_of_a_sorted_table_alone)
{
	struct fake_flag *flags = make_flags(4000, false);
	struct loaded *m = fake_loaded(flags, 4000, 16, true);
	uint32_t from, to;
	struct df_err err;
	cr_assert_eq(names_sort(m, &err), 0);
	names_range(m, "http:fast_path1@", 16, &from, &to);
	for (uint32_t i = 0; i < m->count; i++) {
		const struct df_site site = record_site(&m->records[m->names->order[i]]);
		const bool inside = i >= from && i < to;
		cr_assert_eq(inside, strcmp(site.kind, "http") == 0 &&
					     strcmp(site.name, "fast_path1") == 0);
	}
	fake_loaded_free(m);
	free_flags(flags, 4000);
}

Test(pick, sorts_by_kind_name_file_and_line_as_a_number)
{
	struct fake_flag *flags = make_flags(500, false);
	struct loaded *m = fake_loaded(flags, 500, 16, false);
	struct df_err err;
	char text[256];
	cr_assert_eq(names_spell(m, &err), 0);
	for (uint32_t i = 0; i < m->count; i++) {
		const struct fake_flag *b = &flags[m->names->order[i]];
		spell(b, text, sizeof(text));
		cr_assert_str_eq(m->names->text + m->names->text_at[i], text);
		if (i == 0)
			continue;
		const struct fake_flag *a = &flags[m->names->order[i - 1]];
		int order = strcmp(a->kind, b->kind);
		order = order != 0 ? order : strcmp(a->name, b->name);
		order = order != 0 ? order : strcmp(a->file, b->file);
		order = order != 0 ? order : (int)a->line - (int)b->line;
		cr_assert(order < 0 || (order == 0 && a < b), "%u: %s", i, text);
	}
	fake_loaded_free(m);
	free_flags(flags, 500);
}

Test(pick, does_without_lists_of_kinds_where_there_are_too_many)
{
	enum { COUNT = 5000 };
	static struct fake_flag flags[COUNT];
	static char names[COUNT][16];
	for (uint32_t i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof(names[i]), "k%u", i);
		flags[i] = (struct fake_flag){
			.kind = names[i], .name = "n", .file = "f", .line = i + 1};
	}
	struct loaded *m = fake_loaded(flags, COUNT, 16, false);
	struct df_err err;
	check(m, flags, "k4999", NULL);
	check(m, flags, "k17", "k17:n");
	check(m, flags, "k1", ".*x");
	cr_assert_eq(names_sort(m, &err), 0);
	cr_expect(m->kinds->too_many);
	for (uint32_t i = 1; i < COUNT; i++)
		cr_assert_lt(
			strcmp(flags[m->names->order[i - 1]].kind, flags[m->names->order[i]].kind),
			0);
	fake_loaded_free(m);
}

Test(pick, looks_closer_at_few_records_for_few_flags)
{
	struct fake_flag *flags = make_flags(1000, false);
	struct loaded *m = fake_loaded(flags, 1000, 16, true);
	struct df_pattern *pattern;
	struct picks picks;
	struct df_err err;
	cr_assert_eq(df_pattern_compile("zz top:f", &pattern, &err), 0);
	fake_loaded_looks();
	cr_assert_eq(pick(m, NULL, pattern, &picks, &err), 0);
	cr_expect_gt(picks.count, 0);
	cr_expect_lt(fake_loaded_looks(), 600);
	picks_free(&picks);
	df_pattern_free(pattern);
	fake_loaded_free(m);
	free_flags(flags, 1000);
}

Test(pick, says_which_record_is_damaged_and_picks_nothing)
{
	struct fake_flag *flags = make_flags(100, false);
	flags[40].line = UINT32_MAX;
	struct loaded *m = fake_loaded(flags, 100, 16, true);
	struct df_pattern *pattern;
	struct picks picks;
	struct df_err err;
	char text[256];
	cr_assert_eq(df_pattern_compile("[a-z]", &pattern, &err), 0);
	cr_expect_eq(pick(m, NULL, pattern, &picks, &err), -(int)DF_E_TABLE);
	cr_expect_str_eq(err.text, "record 40 is damaged");
	cr_expect_eq(picks.count, 0);
	cr_expect_null(picks.owned);
	snprintf(text, sizeof(text), "%s", flags[40].kind);
	cr_expect_eq(pick(m, text, NULL, &picks, &err), -(int)DF_E_TABLE);
	cr_expect_eq(names_sort(m, &err), -(int)DF_E_TABLE);
	cr_expect_eq(names_count(m, &err), -(int)DF_E_TABLE);
	df_pattern_free(pattern);
	fake_loaded_free(m);
	flags[40].line = 1;
	free_flags(flags, 100);
}
