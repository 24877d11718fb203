/* SPDX-License-Identifier: Apache-2.0 */
/* oracle.c - what the flags of `inside` must be, held against everything that tells. */
#include "oracle.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what must be ---- */

static void take_module(struct oracle_module *m)
{
	m->initialised = false;
	m->generation = 0;
	for (size_t i = 0; i < m->spots.count; i++) {
		const struct df_site_v1 *r = &m->spots.list[i].record;
		m->count[i] = (struct df_count){.activation = r->activation,
						.unhook = r->unhook,
						.held = (r->flags & DF_SITE_HELD) != 0};
	}
}

void oracle_begin(struct oracle *oracle, const struct live *live)
{
	oracle->live = live;
	oracle->count = 1;
	spots_open(&oracle->module[0].spots, live);
	take_module(&oracle->module[0]);
}

void oracle_load_plugin(struct oracle *oracle)
{
	struct oracle_module *m = &oracle->module[oracle->count++];
	talk_load_plugin(oracle->live, &m->spots);
	take_module(m);
}

void oracle_end(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++)
		spots_close(&oracle->module[i].spots);
}

void oracle_believe(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		struct oracle_module *m = &oracle->module[i];
		const struct df_control_v1 control = peek_control(&m->spots);
		m->initialised = control.initialised == DF_INITIALISED;
		m->generation = control.generation;
		for (size_t j = 0; j < m->spots.count; j++)
			m->count[j] = talk_count(&m->spots, &m->spots.list[j]);
	}
}

struct filter {
	const char *kind;
	const char *pattern;
	regex_t regex;
};

/* Patterns of tests say no more than kind, name and the at sign behind it. */
static bool passes(const struct filter *filter, const struct spot *spot)
{
	char name[160];
	regmatch_t match;
	snprintf(name, sizeof(name), "%s:%s@", spot->kind, spot->name);
	if (filter->kind && strcmp(filter->kind, spot->kind) != 0)
		return false;
	/* Anchored at the front: the leftmost match is the one that counts. */
	return !filter->pattern ||
	       (regexec(&filter->regex, name, 1, &match, 0) == 0 && match.rm_so == 0);
}

static void filter_begin(struct filter *filter, const char *kind, const char *pattern)
{
	*filter = (struct filter){.kind = kind, .pattern = pattern};
	if (pattern)
		cr_assert_eq(regcomp(&filter->regex, pattern, REG_EXTENDED), 0);
}

static void filter_end(struct filter *filter)
{
	if (filter->pattern)
		regfree(&filter->regex);
}

/* Whether an earlier site of the module bears the same name: sites of a flag share a line. */
static bool is_repeated(const struct spots *spots, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(spots->list[i].kind, spots->list[j].kind) == 0 &&
		    strcmp(spots->list[i].name, spots->list[j].name) == 0)
			return true;
	return false;
}

static bool differs(const struct df_count *a, const struct df_count *b)
{
	return a->activation != b->activation || a->unhook != b->unhook || a->held != b->held;
}

static bool do_in_module(struct oracle_module *m, enum df_op op, const struct filter *filter,
			 struct oracle_sum *sum)
{
	bool changed = false;
	for (size_t i = 0; i < m->spots.count; i++) {
		const struct df_count was = m->count[i];
		if (!passes(filter, &m->spots.list[i]))
			continue;
		const bool first = !is_repeated(&m->spots, i);
		sum->flags += first;
		sum->unhooked += df_rule(op, &m->count[i]) == DF_UNHOOKED && first;
		changed = changed || differs(&was, &m->count[i]);
	}
	return changed;
}

static struct oracle_sum do_everywhere(struct oracle *oracle, enum df_op op, const char *kind,
				       const char *pattern, bool commit)
{
	struct oracle_sum sum = {0};
	struct filter filter;
	filter_begin(&filter, kind, pattern);
	for (size_t i = 0; i < oracle->count; i++) {
		const bool changed = do_in_module(&oracle->module[i], op, &filter, &sum);
		oracle->module[i].generation += changed && commit;
	}
	filter_end(&filter);
	return sum;
}

struct oracle_sum oracle_do(struct oracle *oracle, enum df_op op, const char *kind,
			    const char *pattern)
{
	return do_everywhere(oracle, op, kind, pattern, true);
}

static struct df_count before_script[ORACLE_MODULES][SPOTS_MAX];

void oracle_script_begin(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++)
		memcpy(before_script[i], oracle->module[i].count, sizeof(before_script[i]));
}

int oracle_script_add(struct oracle *oracle, enum df_op op, const char *pattern)
{
	return do_everywhere(oracle, op, NULL, pattern, false).flags;
}

void oracle_script_end(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		struct oracle_module *m = &oracle->module[i];
		bool changed = false;
		for (size_t j = 0; j < m->spots.count; j++)
			changed = changed || differs(&before_script[i][j], &m->count[j]);
		m->generation += changed;
	}
}

void oracle_init(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		struct oracle_module *m = &oracle->module[i];
		if (m->initialised)
			continue;
		m->initialised = true;
		m->generation++;
		for (size_t j = 0; j < m->spots.count; j++)
			df_rule(DF_INIT, &m->count[j]);
	}
}

bool oracle_is_initialised(const struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++)
		if (!oracle->module[i].initialised)
			return false;
	return true;
}

/* ---- memory ---- */

void oracle_check_memory(const struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct oracle_module *m = &oracle->module[i];
		const struct df_control_v1 control = peek_control(&m->spots);
		talk_at_rest(&m->spots);
		cr_assert_eq(control.generation, m->generation,
			     "module %zu: generation %lu, not %lu", i,
			     (unsigned long)control.generation, (unsigned long)m->generation);
		cr_assert_eq(control.initialised, m->initialised ? DF_INITIALISED : 0);
		for (size_t j = 0; j < m->spots.count; j++) {
			const struct spot *spot = &m->spots.list[j];
			const struct df_count count = talk_count(&m->spots, spot);
			cr_assert_not(differs(&count, &m->count[j]),
				      "%s:%s has count %u, unhook %u, and not %u, %u", spot->kind,
				      spot->name, count.activation, count.unhook,
				      m->count[j].activation, m->count[j].unhook);
		}
	}
}

/* ---- what lists say ---- */

static const struct df_count *count_at(const struct oracle *oracle, uint64_t site)
{
	for (size_t i = 0; i < oracle->count; i++)
		for (size_t j = 0; j < oracle->module[i].spots.count; j++)
			if (oracle->module[i].spots.list[j].site == site)
				return &oracle->module[i].count[j];
	cr_assert_fail("a site is listed at %#lx where there is none", (unsigned long)site);
	return NULL;
}

static size_t sites_of(const struct oracle *oracle)
{
	size_t sites = 0;
	for (size_t i = 0; i < oracle->count; i++)
		sites += oracle->module[i].spots.count;
	return sites;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;
	cr_assert(json_object_object_get_ex(object, key, &value), "no member %s", key);
	return value;
}

static void check_json_site(const struct oracle *oracle, struct json_object *site)
{
	const char *address = json_object_get_string(member(site, "address"));
	const struct df_count *count = count_at(oracle, strtoull(address, NULL, 16));
	cr_assert_eq(json_object_get_uint64(member(site, "activation")), count->activation);
	cr_assert_eq(json_object_get_uint64(member(site, "unhook")), count->unhook);
	cr_assert_eq(json_object_get_boolean(member(site, "held")), count->held);
	cr_assert_eq(json_object_get_boolean(member(site, "active")), df_count_active(count));
}

/* Returns how many sites it lists. */
static size_t check_json_module(const struct oracle *oracle, struct json_object *module)
{
	struct json_object *flags = member(module, "flags");
	size_t listed = 0;
	for (size_t i = 0; i < json_object_array_length(flags); i++) {
		struct json_object *sites = member(json_object_array_get_idx(flags, i), "sites");
		for (size_t j = 0; j < json_object_array_length(sites); j++, listed++)
			check_json_site(oracle, json_object_array_get_idx(sites, j));
	}
	cr_assert_eq(json_object_get_uint64(member(module, "phase")), DF_PHASE_IDLE);
	return listed;
}

static const struct oracle_module *module_of_json(const struct oracle *oracle,
						  struct json_object *module)
{
	const char *path = json_object_get_string(member(module, "path"));
	return &oracle->module[strstr(path, "inside-plugin.so") ? 1 : 0];
}

void oracle_check_tool_list(const struct oracle *oracle)
{
	static struct tool tool;
	size_t listed = 0;
	cr_assert_eq(TOOL(&tool, "list", PID(oracle->live), "--json"), 0, "%s", tool.err);
	struct json_object *root = json_tokener_parse(tool.out);
	cr_assert(root, "%s", tool.out);
	struct json_object *modules = member(root, "modules");
	cr_assert_eq(json_object_array_length(modules), oracle->count);
	for (size_t i = 0; i < oracle->count; i++) {
		struct json_object *module = json_object_array_get_idx(modules, i);
		const struct oracle_module *m = module_of_json(oracle, module);
		listed += check_json_module(oracle, module);
		cr_assert_eq(json_object_get_uint64(member(module, "generation")), m->generation);
		cr_assert_eq(json_object_get_boolean(member(module, "initialised")),
			     m->initialised);
	}
	cr_assert_eq(listed, sites_of(oracle));
	json_object_put(root);
}

void oracle_check_df_list(const struct oracle *oracle, int library)
{
	const struct inside_box *box = inside_box(oracle->live->page, 0);
	cr_assert_gt(TALK(oracle->live, .command = INSIDE_LIST, .library = library), 0, "%s",
		     talk_error(oracle->live, 0));
	cr_assert_eq(box->listed, sites_of(oracle));
	for (uint32_t i = 0; i < box->listed; i++) {
		const struct inside_entry *entry = &box->list[i];
		const struct df_count *count = count_at(oracle, entry->site);
		cr_assert_eq(entry->activation, count->activation, "%s:%s", entry->kind,
			     entry->name);
		cr_assert_eq(entry->unhook, count->unhook, "%s:%s", entry->kind, entry->name);
		cr_assert_eq(entry->active, df_count_active(count), "%s:%s", entry->kind,
			     entry->name);
	}
}

/* ---- what sites say ---- */

static const struct {
	const char *kind, *name;
} names[INSIDE_VALUES] = {
#define NAME(EXPRESSION, KIND, NAME) {KIND, NAME},
	INSIDE_FLAGS(NAME) INSIDE_PLUGIN_FLAGS(NAME)};

static bool must_be_on(const struct oracle *oracle, int i)
{
	const struct oracle_module *m = &oracle->module[i < INSIDE_COUNT ? 0 : 1];
	const struct spot *spot = spots_find(&m->spots, names[i].kind, names[i].name);
	return df_count_active(&m->count[spot - m->spots.list]);
}

void oracle_check_values(const struct oracle *oracle)
{
	const struct inside_box *box = inside_box(oracle->live->page, 0);
	const struct oracle_module *m = &oracle->module[0];
	const struct spot *crowd = spots_find(&m->spots, "crowd", "many");
	const int many = df_count_active(&m->count[crowd - m->spots.list]) ? INSIDE_CROWD : 0;
	cr_assert_eq(TALK(oracle->live, .command = INSIDE_ASK), 0);
	for (int i = 0; i < (oracle->count > 1 ? INSIDE_VALUES : INSIDE_COUNT); i++)
		cr_assert_eq(box->values[i], must_be_on(oracle, i), "%s:%s is %d", names[i].kind,
			     names[i].name, box->values[i]);
	cr_assert_eq(box->crowd, many);
}

static void check_spinner(const struct oracle *oracle, int spinner)
{
	const struct target_page *page = oracle->live->page;
	const uint64_t end = now_ns() + 20000000000u;
	const int64_t beat = page->word[INSIDE_BEATS + spinner];
	while (page->word[INSIDE_BEATS + spinner] < beat + 2) {
		cr_assert(live_runs(oracle->live), "the target died");
		cr_assert(now_ns() < end, "spinner %d stands still", spinner);
		sleep_us(100);
	}
	for (int i = 0; i < INSIDE_COUNT; i++)
		cr_assert_eq((page->word[INSIDE_SEEN + spinner] >> i) & 1, must_be_on(oracle, i),
			     "spinner %d saw another value of %s:%s", spinner, names[i].kind,
			     names[i].name);
}

void oracle_check_spinners(const struct oracle *oracle, int spinners)
{
	for (int i = 0; i < spinners; i++)
		check_spinner(oracle, i);
	cr_assert_eq(oracle->live->page->broken, 0);
}
