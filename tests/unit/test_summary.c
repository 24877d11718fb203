/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/summary.c: from sites to what a flag and a change come to. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fake_image.h"
#include "summary.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define FLAG(NAME) .kind = "k", .name = (NAME), .file = "a.c", .doc = "", .line = 1, .style = 1

static const struct df_site sites[] = {
	{FLAG("feature")},
	{FLAG("default"), .flags = DF_SITE_INVERTED, .activation = 1},
	{FLAG("opt"), .flags = DF_SITE_HELD},
	{FLAG("many")},
	{FLAG("many")},
	{FLAG("many")},
};
enum { FEATURE, DEFAULT, OPT, MANY, SITES = COUNT(sites) };

static const struct df_flag *flag_named(const struct image *image, const char *name)
{
	for (size_t i = 0; i < image->flag_count; i++)
		if (strcmp(image->sites[image->order[image->flags[i].first]].name, name) == 0)
			return &image->flags[i];
	cr_assert_fail("no flag %s", name);
	return NULL;
}

static const char *state_of(const struct image *image, const char *name)
{
	const struct flag_counts counts = flag_counts_now(image, flag_named(image, name));
	return flag_state(&counts);
}

Test(summary, states)
{
	struct images images = {0};
	struct image *image = fake_image_add(&images, "/x", sites, SITES);
	cr_expect_str_eq(state_of(image, "feature"), "off");
	cr_expect_str_eq(state_of(image, "default"), "on");
	cr_expect_str_eq(state_of(image, "opt"), "held");
	cr_expect_str_eq(state_of(image, "many"), "off");
	image->states[MANY + 1].current.activation = 1;
	cr_expect_str_eq(state_of(image, "many"), "mixed");
	image->states[MANY].current.activation = 1;
	image->states[MANY + 2].current.activation = 5;
	cr_expect_str_eq(state_of(image, "many"), "on");
	image->states[OPT].current.unhook = DF_HOLD_RELEASED;
	cr_expect_str_eq(state_of(image, "opt"), "off");
	image->states[OPT].current = (struct df_count_v1){.activation = 1};
	cr_expect_str_eq(state_of(image, "opt"), "on", "a held flag that is active on its own");
	image->states[DEFAULT].current.activation = 1; /* XOR the 1 as built */
	cr_expect_str_eq(state_of(image, "default"), "off");
	const struct flag_counts built = flag_counts_built(image, flag_named(image, "default"));
	cr_expect_str_eq(flag_state(&built), "on");
	images_free(&images);
}

Test(summary, ranges)
{
	struct images images = {0};
	struct image *image = fake_image_add(&images, "/x", sites, SITES);
	image->states[MANY].current = (struct df_count_v1){7, 2};
	image->states[MANY + 1].current = (struct df_count_v1){3, 0};
	image->states[MANY + 2].current = (struct df_count_v1){4, 9};
	const struct flag_counts counts = flag_counts_now(image, flag_named(image, "many"));
	cr_expect(counts.activation_min == 3 && counts.activation_max == 7);
	cr_expect(counts.unhook_min == 0 && counts.unhook_max == 9);
	cr_expect(counts.sites == 3 && counts.active == 3 && counts.held == 0);
	images_free(&images);
}

Test(summary, selection_of_a_flag)
{
	struct images images = {0};
	struct image *image = fake_image_add(&images, "/x", sites, SITES);
	bool selected[SITES] = {0};
	selected[FEATURE] = true;
	cr_expect(flag_selected(image, flag_named(image, "feature"), selected));
	cr_expect(!flag_selected(image, flag_named(image, "many"), selected));
	images_free(&images);
}

/* One change over two modules; the second is as the first, with `many` unhooked. */
static void change(struct change_result *result, enum df_op op)
{
	static const bool selected[SITES] = {true, true, false, true, true, true};
	static const uint8_t opcodes[SITES] = {0xa9, 0xa9, 0xe9, 0xa9, 0xa9, 0xa9};
	struct df_err err;
	*result = (struct change_result){0};
	fake_image_add(&result->images, "/x", sites, SITES);
	struct image *second = fake_image_add(&result->images, "/y", sites, SITES);
	for (size_t i = MANY; i < SITES; i++)
		second->states[i].current.unhook = 1;
	result->plans = calloc(2, sizeof(*result->plans));
	for (size_t i = 0; i < 2; i++) {
		struct image *image = result->images.list[i];
		cr_assert_eq(df_plan_begin(&result->plans[i], image->sites, SITES, image->states,
					   &image->control, &err),
			     0);
		df_plan_do(&result->plans[i], op, selected);
		cr_assert_eq(df_plan_close(&result->plans[i], opcodes, &err), 0);
	}
}

static void end(struct change_result *result)
{
	for (size_t i = 0; i < 2; i++)
		df_plan_free(&result->plans[i]);
	free(result->plans);
	images_free(&result->images);
}

static void expect_tally(const struct tally *tally, size_t flags, size_t count, const char *what)
{
	cr_expect(tally->flags == flags && tally->sites == count, "%s: %zu flags, %zu sites", what,
		  tally->flags, tally->sites);
}

Test(summary, totals_of_a_change)
{
	struct change_result result;
	change(&result, DF_ENABLE);
	const struct totals totals = totals_of(&result);
	expect_tally(&totals.matched, 6, 10, "matched");
	expect_tally(&totals.changed, 3, 5, "changed");	  /* feature twice, many once */
	expect_tally(&totals.already, 2, 2, "already");	  /* default twice */
	expect_tally(&totals.unhooked, 1, 3, "unhooked"); /* many of the second */
	expect_tally(&totals.saturated, 0, 0, "saturated");
	cr_expect_eq(totals.strayed, 0);
	end(&result);
}

Test(summary, a_flag_in_a_change)
{
	struct change_result result;
	change(&result, DF_ACTIVATE);
	const struct image *first = result.images.list[0], *second = result.images.list[1];
	struct flag_change c = flag_change_of(first, flag_named(first, "many"), &result.plans[0]);
	cr_expect(c.outcome == DF_CHANGED && c.sites == 3 && c.sites_changed == 3);
	cr_expect_str_eq(flag_state(&c.before), "off");
	cr_expect_str_eq(flag_state(&c.after), "on");
	c = flag_change_of(second, flag_named(second, "many"), &result.plans[1]);
	cr_expect(c.outcome == DF_UNHOOKED && c.sites_changed == 0);
	cr_expect_str_eq(flag_state(&c.after), "off");
	c = flag_change_of(first, flag_named(first, "opt"), &result.plans[0]);
	cr_expect_eq(c.outcome, DF_NOT_SELECTED);
	end(&result);
}

Test(summary, modules_that_were_changed)
{
	struct change_result result;
	change(&result, DF_ENABLE);
	cr_expect(!module_was_changed(&result, 0) && !module_was_changed(&result, 1));
	cr_expect(!change_was_written(&result));
	cr_expect_str_eq(mode_used(&result), "none");
	result.committed = 1;
	cr_expect(module_was_changed(&result, 0) && !module_was_changed(&result, 1));
	cr_expect_str_eq(mode_used(&result), "quiet");
	result.stopped = true;
	result.committed = 2;
	cr_expect(module_was_changed(&result, 0) && module_was_changed(&result, 1));
	cr_expect_str_eq(mode_used(&result), "stop");
	result.committed = 0;
	result.recovered = 1;
	cr_expect(change_was_written(&result));
	end(&result);
}

/* The first has nothing to do, so the one that was changed is the second. */
Test(summary, a_module_with_nothing_to_do_was_not_changed)
{
	static const bool none[SITES];
	struct change_result result;
	struct df_err err;
	change(&result, DF_ENABLE);
	struct image *first = result.images.list[0];
	static const uint8_t opcodes[SITES] = {0xa9, 0xa9, 0xe9, 0xa9, 0xa9, 0xa9};
	df_plan_free(&result.plans[0]);
	cr_assert_eq(df_plan_begin(&result.plans[0], first->sites, SITES, first->states,
				   &first->control, &err),
		     0);
	df_plan_do(&result.plans[0], DF_ENABLE, none);
	cr_assert_eq(df_plan_close(&result.plans[0], opcodes, &err), 0);
	result.committed = 1;
	cr_expect(!module_was_changed(&result, 0) && module_was_changed(&result, 1));
	end(&result);
}

/* Nothing is called the whole change that is not. */
Test(summary, a_change_in_words)
{
	struct change_result result;
	change(&result, DF_UNHOOK);
	cr_expect_null(change_in_words(&result, false));
	cr_expect_null(change_in_words(&result, true));
	result.committed = 1;
	cr_expect_str_eq(change_in_words(&result, true), "a part of the change was made");
	cr_expect_str_eq(change_in_words(&result, false), "the change was made");
	result.committed = 0;
	result.recovered = 1;
	cr_expect_str_eq(change_in_words(&result, true),
			 "work that was left half done was put right");
	cr_expect_str_eq(change_in_words(&result, false), "the change was made");
	end(&result);
	change(&result, DF_ENABLE);
	result.committed = 1;
	cr_expect_str_eq(change_in_words(&result, false), "a part of the change was made");
	end(&result);
}

Test(summary, what_became_of_a_target)
{
	struct change_result result;
	change(&result, DF_ENABLE);
	cr_expect_eq(target_how_of(&result), TARGET_UNHOOKED);
	end(&result);
	change(&result, DF_UNHOOK);
	cr_expect_eq(target_how_of(&result), TARGET_CHANGED, "or would be");
	end(&result);
	result = (struct change_result){0};
	cr_expect_eq(target_how_of(&result), TARGET_ALREADY);
	result.committed = 1;
	cr_expect_eq(target_how_of(&result), TARGET_CHANGED, "a module was initialised");
}
