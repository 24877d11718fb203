/* SPDX-License-Identifier: Apache-2.0 */
/* What a program written for dynamic_flag.h may count on. Each test runs in a process of its own.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flags.h"
#include "support.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static void expect_lamps(const char *when, int feature, int normal, int slow, int opt)
{
	const struct lamps lamps = read_lamps();

	cr_expect_eq(lamps.feature, feature, "%s: lamp:feature is %d", when, lamps.feature);
	cr_expect_eq(lamps.normal, normal, "%s: lamp:normal is %d", when, lamps.normal);
	cr_expect_eq(lamps.slow, slow, "%s: lamp:slow is %d", when, lamps.slow);
	cr_expect_eq(lamps.opt, opt, "%s: lamp:opt is %d", when, lamps.opt);
}

Test(values, before_and_after_init)
{
	expect_lamps("as built", 0, 1, 1, 1);
	dynamic_flag_init_lib();
	expect_lamps("initialised", 0, 1, 1, 0);
	cr_expect_eq(dynamic_flag_activate("lamp:opt"), 1);
	dynamic_flag_init_lib();
	expect_lamps("initialised twice", 0, 1, 1, 1);
}

Test(values, debug_flags_follow_ndebug)
{
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(read_debug_on(), 1);
		cr_expect_eq(read_debug_off(), 0);
		dynamic_flag_init_lib();
	}
	cr_expect_eq(dynamic_flag_deactivate("debug:built_on@"), 1);
	cr_expect_eq(dynamic_flag_activate_kind(debug, "debug:built_off@"), 1);
	cr_expect_eq(read_debug_on(), 0);
	cr_expect_eq(read_debug_off(), 1);
}

/* Patterns begin at the first character; the digits are those of read_anchors(). */
static const struct {
	const char *pattern;
	int matched, values;
} anchored[] = {
	{"anchor:foo", 1, 100},
	{"anchor:f", 1, 100},
	{"anchor:", 2, 110},
	{"^anchor:", 2, 110},
	{"nchor:", 0, 0},
	{"bar", 0, 0},
	{".*anchor:bar", 2, 11},
	{"x?anchor:bar", 2, 11},
	{"^x", 1, 1},
	{"anchor:(foo|bar)", 2, 110},
	{"anchor:foo|xanchor:bar", 2, 101},
	{"anchor:foo@anchors\\.c:", 1, 100},
	{"anchor:foo@anchors.c:202$", 1, 100},
	{"anchor:foo$", 0, 0},
	{"anchor:.*:20[34]", 1, 10},
	{"(x)?anchor:[^:]*:204$", 1, 1},
	{"anchor:bar@other.c", 0, 0},
};

Test(patterns, begin_at_the_first_character)
{
	for (size_t i = 0; i < COUNT(anchored); i++) {
		const char *pattern = anchored[i].pattern;

		cr_expect_eq(dynamic_flag_activate(pattern), anchored[i].matched, "%s", pattern);
		cr_expect_eq(read_anchors(), anchored[i].values, "%s", pattern);
		cr_expect_eq(listing_of(pattern).answer, anchored[i].matched, "%s", pattern);
		cr_expect_eq(dynamic_flag_deactivate(pattern), anchored[i].matched, "%s", pattern);
		cr_expect_eq(read_anchors(), 0, "%s", pattern);
	}
}

Test(patterns, an_empty_one_takes_all)
{
	ssize_t flags = 0;
	const struct listing all = listing_of("");

	for (size_t i = 0; i < all.count; i++)
		flags += !all.states[i].duplicate;
	cr_assert_gt(flags, 10);
	cr_expect_eq(dynamic_flag_deactivate(""), flags);
	cr_expect_eq(dynamic_flag_deactivate(".*"), flags);
	expect_lamps("all deactivated twice", 0, 0, 0, 0);
}

static ssize_t through_kind(const char *pattern)
{
	return dynamic_flag_activate_kind(lamp, pattern);
}

static ssize_t through_kind_off(const char *pattern)
{
	return dynamic_flag_deactivate_kind(lamp, pattern);
}

static ssize_t through_list(const char *pattern)
{
	return listing_of(pattern).answer;
}

Test(patterns, a_bad_one_is_an_error_and_changes_nothing)
{
	static ssize_t (*const calls[])(const char *) = {
		dynamic_flag_activate, dynamic_flag_deactivate,
		dynamic_flag_unhook,   dynamic_flag_rehook,
		through_kind,	       through_kind_off,
		through_list};
	static const char *const bad[] = {"lamp:(", "[", "lamp:[[:nothing:]]", "a{2,1}", "\\"};

	dynamic_flag_init_lib();
	for (size_t i = 0; i < COUNT(calls); i++)
		for (size_t k = 0; k < COUNT(bad); k++) {
			cr_expect_lt(calls[i](bad[k]), 0, "call %zu takes '%s'", i, bad[k]);
			cr_expect_str_neq(df_error(), "");
		}
	cr_expect_eq(dynamic_flag_list_state("(", NULL, NULL), -1);
	expect_lamps("after errors", 0, 1, 1, 0);
	cr_expect_eq(state_of("lamp:slow").unhook, (uint64_t)0);
}

Test(counts, saturate_at_zero)
{
	for (int i = 0; i < 3; i++)
		cr_expect_eq(dynamic_flag_deactivate("lamp:(feature|normal)"), 2);
	expect_lamps("deactivated thrice", 0, 0, 1, 0);
	cr_expect_eq(dynamic_flag_activate("lamp:(feature|normal)"), 2);
	expect_lamps("activated once", 1, 1, 1, 0);
	cr_expect_eq(state_of("lamp:normal").activation, (uint64_t)1);
}

Test(counts, are_added_up)
{
	for (int i = 0; i < 3; i++)
		dynamic_flag_activate("lamp:(feature|normal)");
	cr_expect_eq(state_of("lamp:feature").activation, (uint64_t)3);
	cr_expect_eq(state_of("lamp:normal").activation, (uint64_t)4);
	for (int left = 2; left >= 0; left--) {
		dynamic_flag_deactivate("lamp:feature");
		expect_lamps("counted down", left > 0, 1, 1, 0);
	}
}

Test(unhooking, holds_activations_off)
{
	cr_expect_eq(dynamic_flag_unhook("lamp:(feature|slow)"), 2);
	expect_lamps("unhooked, still on", 0, 1, 1, 0);
	cr_expect_eq(dynamic_flag_activate("lamp:"), 4);
	expect_lamps("activation is ignored", 0, 1, 1, 1);
	cr_expect_eq(state_of("lamp:slow").activation, (uint64_t)1);
	cr_expect_eq(dynamic_flag_deactivate("lamp:slow"), 1);
	expect_lamps("deactivation is not", 0, 1, 0, 1);
	cr_expect_eq(dynamic_flag_rehook("lamp:"), 4);
	expect_lamps("rehooked, nothing is made up for", 0, 1, 0, 1);
	cr_expect_eq(dynamic_flag_activate("lamp:feature"), 1);
	expect_lamps("hooked again", 1, 1, 0, 1);
}

Test(unhooking, is_counted_and_saturates_at_zero)
{
	dynamic_flag_rehook("lamp:feature");
	cr_expect_eq(state_of("lamp:feature").unhook, (uint64_t)0);
	dynamic_flag_unhook("lamp:feature");
	dynamic_flag_unhook("lamp:feature");
	dynamic_flag_rehook("lamp:feature");
	cr_expect_eq(state_of("lamp:feature").unhook, (uint64_t)1);
	dynamic_flag_activate("lamp:feature");
	expect_lamps("unhooked once more than rehooked", 0, 1, 1, 0);
	dynamic_flag_rehook("lamp:feature");
	dynamic_flag_activate("lamp:feature");
	expect_lamps("even", 1, 1, 1, 0);
}

Test(kinds, are_taken_whole_or_by_pattern)
{
	cr_expect_eq(dynamic_flag_activate_kind(anchor, NULL), 2);
	cr_expect_eq(read_anchors(), 110);
	cr_expect_eq(dynamic_flag_deactivate_kind(anchor, "anchor:foo"), 1);
	cr_expect_eq(read_anchors(), 10);
	cr_expect_eq(dynamic_flag_deactivate_kind(anchor, ".*bar"), 1);
	cr_expect_eq(read_anchors(), 0);
	cr_expect_eq(dynamic_flag_activate_kind(anchor, "bar"), 0, "a pattern is for full names");
	cr_expect_eq(dynamic_flag_activate_kind(anchor, ".*anchor:bar"), 1);
	cr_expect_eq(dynamic_flag_activate_kind(anch, NULL), 0, "a kind is no prefix");
	cr_expect_eq(read_anchors(), 10);
	hold_dummy();
	cr_expect_eq(dynamic_flag_activate_kind(unix, "unix:dummy@odd.c:507: "), 0);
	cr_expect_eq(dynamic_flag_activate_kind(unix, "unix:dummy@odd.c:507$"), 1);
}

static const char *const ordered[] = {"order:a@a.c:9", "order:a@a.c:10", "order:a@a.c:100",
				      "order:a@b.c:2", "order:b@a.c:1",	 "order2:a@a.c:1"};

Test(listing, is_sorted_by_kind_name_file_and_line)
{
	const struct listing listing = listing_of("order");

	cr_assert_eq(listing.count, COUNT(ordered));
	cr_expect_eq(listing.answer, (ssize_t)COUNT(ordered));
	for (size_t i = 0; i < COUNT(ordered); i++) {
		cr_expect_str_eq(listing.states[i].name, ordered[i]);
		cr_expect_not(listing.states[i].duplicate);
	}
}

Test(listing, tells_all_of_a_flag)
{
	dynamic_flag_activate("lamp:feature");
	dynamic_flag_unhook("lamp:feature");
	dynamic_flag_unhook("lamp:feature");
	const struct dynamic_flag_state state = state_of("lamp:feature");

	cr_expect_str_eq(state.name, "lamp:feature@lamps.c:104");
	cr_expect_str_eq(state.doc, "off until asked for");
	cr_expect_eq(state.activation, (uint64_t)1);
	cr_expect_eq(state.unhook, (uint64_t)2);
	cr_expect_not(state.duplicate);
	cr_expect_str_eq(state_of("lamp:slow").doc, "");
}

/* hook is the instruction, destination where it jumps to when the cold path is taken. */
Test(listing, leads_to_the_code)
{
	const struct dynamic_flag_state before = state_of("lamp:feature");
	const unsigned char *code = before.hook;
	const unsigned char straight = code[0];
	int32_t distance;

	if (before.destination == NULL) {
		cr_expect_eq(straight, 0xf8, "there is a clc where there is no destination");
	} else {
		memcpy(&distance, code + 1, sizeof(distance));
		cr_expect_eq(before.destination, (const void *)(code + 5 + distance));
		cr_expect_eq(straight, 0xa9);
	}
	dynamic_flag_activate("lamp:feature");
	cr_expect_neq(code[0], straight);
	cr_expect_eq(state_of("lamp:feature").hook, before.hook);
	cr_expect_eq(state_of("lamp:feature").destination, before.destination);
}

Test(listing, has_an_entry_for_each_site)
{
	dynamic_flag_activate("twin:");
	const struct listing twins = listing_of("twin:");

	cr_expect_eq(read_twins(), 11);
	cr_assert_eq(twins.count, (size_t)2);
	cr_expect_eq(twins.answer, 2);
	cr_expect_not(twins.states[0].duplicate);
	cr_expect(twins.states[1].duplicate);
	cr_expect_str_eq(twins.states[0].name, "twin:twin@twins.c:402");
	cr_expect_str_eq(twins.states[1].name, "twin:twin@twins.c:402");
	cr_expect_neq(twins.states[0].hook, twins.states[1].hook);
	cr_expect_eq(twins.states[1].activation, (uint64_t)1);
}

struct stopper {
	int calls;
	ssize_t answer; /* from the second call on */
};

static ssize_t stop(void *context, const struct dynamic_flag_state *state)
{
	struct stopper *stopper = context;

	(void)state;
	return ++stopper->calls >= 2 ? stopper->answer : 0;
}

Test(listing, ends_where_the_callback_says)
{
	static const ssize_t answers[] = {1, -1, -7, (ssize_t)1 << 40};

	for (size_t i = 0; i < COUNT(answers); i++) {
		struct stopper stopper = {0, answers[i]};

		cr_expect_eq(dynamic_flag_list_state("order", stop, &stopper), answers[i]);
		cr_expect_eq(stopper.calls, 2);
	}
	struct stopper never = {0, 0};
	cr_expect_eq(dynamic_flag_list_state("order", stop, &never), (ssize_t)COUNT(ordered));
	cr_expect_eq(never.calls, (int)COUNT(ordered));
	cr_expect_eq(dynamic_flag_list_state("no such flag", stop, &never), 0);
	cr_expect_eq(never.calls, (int)COUNT(ordered));
}

/* Strings that were handed out stay: a program may keep them. */
Test(listing, has_strings_for_good)
{
	const struct listing first = listing_of("lamp:|order");

	for (int i = 0; i < 3; i++)
		dynamic_flag_activate("lamp:");
	const struct listing second = listing_of("lamp:|order");
	cr_assert_eq(first.count, second.count);
	cr_assert_eq(first.count, (size_t)10);
	for (size_t i = 0; i < first.count; i++) {
		cr_expect_str_eq(first.states[i].name, second.states[i].name);
		cr_expect_str_eq(first.states[i].doc, second.states[i].doc);
	}
	cr_expect_str_eq(first.states[0].name, "lamp:feature@lamps.c:104");
}

static void expect_print(const char *pattern, const char *wanted)
{
	char *text = print_of(pattern);

	cr_expect_str_eq(text, wanted, "%s prints\n%s", pattern, text);
	free(text);
}

Test(printing, is_one_line_for_each_name)
{
	dynamic_flag_init_lib();
	expect_print("lamp:", "lamp:feature@lamps.c:104 (off): off until asked for\n"
			      "lamp:normal@lamps.c:105 (1): on until told otherwise\n"
			      "lamp:opt@lamps.c:107 (off)\n"
			      "lamp:slow@lamps.c:106 (1)\n");
	dynamic_flag_activate("lamp:(opt|slow)");
	dynamic_flag_activate("lamp:slow");
	dynamic_flag_unhook("lamp:(f|n|s)");
	dynamic_flag_unhook("lamp:feature");
	expect_print("lamp:", "lamp:feature@lamps.c:104 (off, unhook=2): off until asked for\n"
			      "lamp:normal@lamps.c:105 (1, unhook=1): on until told otherwise\n"
			      "lamp:opt@lamps.c:107 (1)\n"
			      "lamp:slow@lamps.c:106 (3, unhook=1)\n");
	expect_print("twin:", "twin:twin@twins.c:402 (off): there are two of me\n");
	expect_print("no such flag", "");
}

Test(printing, takes_a_state_of_the_programs_own)
{
	struct dynamic_flag_state state = {.name = "kind:name@file.c:1", .doc = ""};
	char *text = print_of_state(&state);

	cr_expect_str_eq(text, "kind:name@file.c:1 (off)\n");
	free(text);
	state.activation = 4000000000u;
	state.doc = "doc";
	text = print_of_state(&state);
	cr_expect_str_eq(text, "kind:name@file.c:1 (4000000000): doc\n");
	free(text);
	state.duplicate = true;
	text = print_of_state(&state);
	cr_expect_str_eq(text, "");
	free(text);
}

Test(printing, goes_to_standard_error_by_itself)
{
	char read[128] = "";
	FILE *file = tmpfile();
	const int saved = dup(STDERR_FILENO);

	cr_assert_not_null(file);
	cr_assert_geq(saved, 0);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	const ssize_t answer =
		dynamic_flag_list_state("lamp:slow", dynamic_flag_list_fprintf_cb, NULL);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	cr_expect_eq(answer, 1);
	rewind(file);
	cr_expect_not_null(fgets(read, sizeof(read), file));
	cr_expect_str_eq(read, "lamp:slow@lamps.c:106 (1)\n");
	fclose(file);
}
