/* SPDX-License-Identifier: Apache-2.0 */
/* What operations do to counts and values: against the rules said a second time, in one line each.
 */
#include <criterion/criterion.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flags.h"
#include "inside.h"

static void expect_lamp(const char *name, int on, uint32_t activation, uint32_t unhook)
{
	const struct df_flag_info flag = flag_of(name);
	const struct lamp *lamp = lamp_named(flag.full_name);
	cr_assert(lamp, "%s", flag.full_name);
	cr_expect_eq(lamp->read(), on, "%s is %d", name, lamp->read());
	cr_expect_eq(flag.active, on, "%s is said to be %d", name, flag.active);
	cr_expect_eq(flag.activation, activation, "%s: activation %u", name, flag.activation);
	cr_expect_eq(flag.unhook, unhook, "%s: unhook %u", name, flag.unhook);
}

/* ---- before and after a controller ---- */

Test(opt, is_on_until_anything_is_called)
{
	cr_expect_eq(lamp_named("lamp:opt@lamps.c:103")->read(), 1);
	cr_expect_eq(lamp_named("many:opt_twin@twins.c:210")->read(), 1);
	cr_expect_str_eq(df_error(), "");
	cr_expect_eq(lamp_named("lamp:opt@lamps.c:103")->read(), 1, "df_error() initialises");
	df_set_write_policy(DF_WRITE_BY_COST);
	cr_expect_eq(df_init(), 0);
	expect_lamp("lamp:opt@", 0, 0, 0);
	expect_lamp("many:opt_twin", 0, 0, 0);
}

/* The first call loses the hold and then does what it says: no more, no less. */
Test(opt, activated_first_is_on)
{
	cr_expect_eq(df_activate("lamp:opt@"), 1);
	expect_lamp("lamp:opt@", 1, 1, 0);
	expect_lamp("lamp:opt_two", 0, 0, 0);
	df_deactivate("lamp:opt@");
	expect_lamp("lamp:opt@", 0, 0, 0);
}

Test(opt, deactivated_first_is_off)
{
	cr_expect_eq(df_deactivate("lamp:opt@"), 1);
	expect_lamp("lamp:opt@", 0, 0, 0);
	df_activate("lamp:opt@");
	expect_lamp("lamp:opt@", 1, 1, 0);
}

Test(opt, unhooked_first_is_off)
{
	cr_expect_eq(df_unhook("lamp:opt@"), 1);
	expect_lamp("lamp:opt@", 0, 0, 1);
	df_activate("lamp:opt@");
	expect_lamp("lamp:opt@", 0, 0, 1);
}

Test(opt, stays_off_after_listing_first)
{
	struct listing l = listing_of("lamp:opt@");
	cr_assert_eq(l.count, (size_t)1);
	cr_expect_eq(l.entries[0].active, 0);
	cr_expect_eq(lamp_named(l.entries[0].full_name)->read(), 0);
	listing_free(&l);
}

/* Someone, say a controller outside, raised the count before anybody initialised. */
Test(opt, activated_by_others_before_init_survives_it)
{
	const struct df_site_v1 *record = NULL;
	extern const struct df_site_v1 __start_df_sites_v1[] __attribute__((visibility("hidden")));
	for (record = __start_df_sites_v1; !(record->flags & DF_SITE_HELD);)
		record++;
	struct df_state_v1 *state = (struct df_state_v1 *)((uintptr_t)&record->state +
							   (uintptr_t)(intptr_t)record->state);
	state->current.activation = state->next.activation = 3;
	cr_assert_eq(df_init(), 0);
	cr_expect_eq(state->current.activation, 3u);
	cr_expect_eq(state->current.unhook, DF_HOLD_RELEASED);
	struct listing l = listing_of(NULL);
	for (size_t i = 0; i < l.count; i++) {
		const void *site = (const char *)&record->site + record->site;
		if (l.entries[i].site == site) {
			cr_expect_eq(l.entries[i].active, 1);
			cr_expect_eq(l.entries[i].activation, 3u);
		}
	}
	listing_free(&l);
}

/* ---- the ends of counts ---- */

Test(ends, zero)
{
	for (int i = 0; i < 3; i++)
		cr_expect_eq(df_deactivate("lamp:(feature|standard)"), 2);
	expect_lamp("lamp:feature", 0, 0, 0);
	expect_lamp("lamp:standard", 0, 0, 0);
	for (int i = 0; i < 2; i++)
		cr_expect_eq(df_rehook("lamp:feature"), 1);
	expect_lamp("lamp:feature", 0, 0, 0);
	df_activate("lamp:(feature|standard)");
	expect_lamp("lamp:feature", 1, 1, 0);
	expect_lamp("lamp:standard", 1, 1, 0);
}

Test(ends, top_of_activation)
{
	static const char *const names[] = {"lamp:feature", "lamp:standard", "lamp:slow",
					    "lamp:opt@", "many:twin"};
	cr_assert_eq(df_init(), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		df_enable(names[i]);
		store_counts(names[i], UINT32_MAX - 1, 0);
		expect_lamp(names[i], 1, UINT32_MAX - 1, 0);
		for (int round = 0; round < 3; round++)
			cr_expect_eq(df_activate(names[i]), 1);
		expect_lamp(names[i], 1, UINT32_MAX, 0);
		cr_expect_eq(df_enable(names[i]), 1);
		expect_lamp(names[i], 1, UINT32_MAX, 0);
		df_deactivate(names[i]);
		expect_lamp(names[i], 1, UINT32_MAX - 1, 0);
		df_disable(names[i]);
		expect_lamp(names[i], 0, 0, 0);
	}
}

Test(ends, top_of_unhook)
{
	static const char *const names[] = {"lamp:feature", "lamp:opt@"};
	cr_assert_eq(df_init(), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		store_counts(names[i], 0, INT32_MAX - 1);
		for (int round = 0; round < 3; round++)
			cr_expect_eq(df_unhook(names[i]), 1);
		expect_lamp(names[i], 0, 0, INT32_MAX);
		df_activate(names[i]);
		expect_lamp(names[i], 0, 0, INT32_MAX);
		df_rehook(names[i]);
		expect_lamp(names[i], 0, 0, INT32_MAX - 1);
		store_counts(names[i], 0, 1);
		df_apply("?.*\n+.*");
		expect_lamp(names[i], 1, 1, 0);
		df_disable(names[i]);
	}
}

/* A script goes through the top and back as calls one by one would. */
Test(ends, top_within_a_script)
{
	df_enable("lamp:feature");
	store_counts("lamp:feature", UINT32_MAX, 0);
	cr_expect_eq(df_apply("+lamp:feature\n+lamp:feature\n-lamp:feature"), 3);
	expect_lamp("lamp:feature", 1, UINT32_MAX - 1, 0);
}

/* ---- the rules ---- */

Test(rules, enable_and_disable_twice_are_the_same_as_once)
{
	cr_assert_eq(df_init(), 0);
	for (int i = 0; i < 2; i++) {
		df_enable(NULL);
		for (size_t k = 0; k < lamp_count; k++)
			expect_lamp(lamps[k].full_name, 1, 1, 0);
	}
	for (int i = 0; i < 2; i++) {
		df_disable(NULL);
		for (size_t k = 0; k < lamp_count; k++)
			expect_lamp(lamps[k].full_name, 0, 0, 0);
	}
}

/* What changes nothing writes nothing. */
Test(rules, that_change_nothing_commit_nothing)
{
	cr_assert_eq(df_enable("lamp:"), 5);
	cr_assert_eq(df_unhook("many:"), 3);
	struct snapshot before = snapshot_take();
	cr_expect_eq(df_enable("lamp:"), 5);
	cr_expect_eq(df_rehook("lamp:"), 5);
	cr_expect_eq(df_activate("many:"), 3);
	cr_expect_eq(df_enable("many:"), 3);
	cr_expect_eq(df_deactivate("lines:"), 2);
	cr_expect_eq(df_disable("lines:"), 2);
	cr_expect_eq(df_apply("+lamp:\n-lamp:\n+many:"), 13);
	cr_expect(snapshot_is_same(&before));
}

/* Sites of one flag whose counts were made to differ each follow the rules for themselves. */
Test(rules, hold_for_each_site)
{
	cr_assert_eq(df_init(), 0);
	struct listing l = listing_of("many:twin");
	cr_assert_geq(l.count, (size_t)3);
	struct df_state_v1 *first = state_of(l.entries[0].site);
	first->current.activation = first->next.activation = 5;
	listing_free(&l);
	cr_expect_eq(df_enable("many:twin"), 1);
	cr_expect_eq(lamp_named("many:twin@twins.c:200")->read(), 1);
	cr_expect_eq(first->current.activation, 5u);
	df_deactivate("many:twin");
	cr_expect_eq(lamp_named("many:twin@twins.c:200")->read(), -1, "one site is still on");
	df_disable("many:twin");
	cr_expect_eq(lamp_named("many:twin@twins.c:200")->read(), 0);
}

/* ---- many operations at random ---- */

enum op { ACTIVATE, DEACTIVATE, ENABLE, DISABLE, UNHOOK, REHOOK, OPS };

static const char *const words[OPS] = {"activate ", "-", "enable\t", "disable  ", "!", " ? "};
static int (*const calls[OPS])(const char *) = {df_activate, df_deactivate, df_enable,
						df_disable,  df_unhook,	    df_rehook};
static int (*const kind_calls[OPS])(const char *, const char *) = {
	df_activate_kind, df_deactivate_kind, df_enable_kind,
	df_disable_kind,  df_unhook_kind,     df_rehook_kind};

static const char *const patterns[] = {"",
				       "lamp:",
				       "lamp:opt",
				       "many:",
				       ".*opt",
				       "(ht|https):",
				       "lines:same@lines.c:310",
				       "http",
				       ".*:s",
				       "lamp:(f|s)",
				       ".*@[kl].*\\.c:",
				       "x",
				       "ht:",
				       "debug:trace@deb.c:500$"};
static const char *const kinds[] = {"lamp", "many", "http", "ht", "no"};

static struct {
	uint32_t activation, unhook;
} model[32];

static void follow_rule(enum op op, size_t lamp)
{
	uint32_t *on = &model[lamp].activation, *off = &model[lamp].unhook;
	if (op == ACTIVATE && *off == 0)
		++*on;
	if (op == ENABLE && *off == 0 && *on == 0)
		*on = 1;
	if (op == DEACTIVATE && *on > 0)
		--*on;
	if (op == DISABLE)
		*on = 0;
	if (op == UNHOOK)
		++*off;
	if (op == REHOOK && *off > 0)
		--*off;
}

/* Does it in the model; returns how many flags matched. */
static int follow(enum op op, const char *kind, const char *pattern)
{
	regex_t regex;
	regmatch_t match;
	int flags = 0;
	cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED), 0);
	for (size_t i = 0; i < lamp_count; i++) {
		if (kind && strcmp(kind, lamps[i].kind) != 0)
			continue;
		if (regexec(&regex, lamps[i].full_name, 1, &match, 0) != 0 || match.rm_so != 0)
			continue;
		follow_rule(op, i);
		flags++;
	}
	regfree(&regex);
	return flags;
}

static void expect_model(const char *after)
{
	struct listing l = listing_of(NULL);
	for (size_t i = 0; i < l.count; i++) {
		const struct df_flag_info *e = &l.entries[i];
		const struct lamp *lamp = lamp_named(e->full_name);
		cr_assert(lamp, "%s", e->full_name);
		const size_t k = (size_t)(lamp - lamps);
		cr_assert_eq(e->activation, model[k].activation,
			     "%s: activation %u for %u after %s", e->full_name, e->activation,
			     model[k].activation, after);
		cr_assert_eq(e->unhook, model[k].unhook, "%s: unhook %u for %u after %s",
			     e->full_name, e->unhook, model[k].unhook, after);
		cr_assert_eq(e->active, model[k].activation > 0, "%s after %s", e->full_name,
			     after);
		cr_assert_eq(lamp->read(), e->active, "%s reads %d after %s", e->full_name,
			     lamp->read(), after);
	}
	listing_free(&l);
}

static unsigned pick(unsigned *seed, size_t count)
{
	return (unsigned)rand_r(seed) % (unsigned)count;
}

static void call_one(unsigned *seed)
{
	char after[128];
	const enum op op = (enum op)pick(seed, OPS);
	const char *pattern = patterns[pick(seed, COUNT(patterns))];
	const char *kind = pick(seed, 3) == 0 ? kinds[pick(seed, COUNT(kinds))] : NULL;
	const int wanted = follow(op, kind, pattern);
	const int got = kind ? kind_calls[op](kind, pattern) : calls[op](pattern);
	snprintf(after, sizeof(after), "%s'%s' of %s", words[op], pattern, kind ? kind : "any");
	cr_assert_eq(got, wanted, "%s: %d for %d", after, got, wanted);
	expect_model(after);
}

static void apply_several(unsigned *seed)
{
	char script[1024] = "";
	size_t used = 0;
	int wanted = 0;
	for (unsigned lines = pick(seed, 8); lines > 0; lines--) {
		const enum op op = (enum op)pick(seed, OPS);
		const char *pattern = patterns[1 + pick(seed, COUNT(patterns) - 1)];
		wanted += follow(op, NULL, pattern);
		used += (size_t)snprintf(script + used, sizeof(script) - used, "%s%s\n", words[op],
					 pattern);
	}
	const int got = df_apply(script);
	cr_assert_eq(got, wanted, "%d for %d of\n%s", got, wanted, script);
	expect_model(script);
}

Test(rules, at_random)
{
	unsigned seed = 20;
	cr_assert_leq(lamp_count, COUNT(model));
	for (size_t i = 0; i < lamp_count; i++)
		model[i].activation = lamps[i].activation;
	for (int round = 0; round < 1500; round++)
		if (pick(&seed, 3) == 0)
			apply_several(&seed);
		else
			call_one(&seed);
}
