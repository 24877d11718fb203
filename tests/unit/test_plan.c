/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/plan.c: the rules of state, and what they come to in counts and bytes. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"
#include "plan.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define TOP DF_ACTIVATION_MAX
#define UTOP DF_UNHOOK_MAX

/* The rule table of the specification: operation, counts before, counts after, outcome. */
static const struct {
	const char *row;
	enum df_op op;
	struct df_count was, will; /* activation, unhook, held */
	enum df_outcome outcome;
} rules[] = {
	{"activate: one more", DF_ACTIVATE, {0, 0, 0}, {1, 0, 0}, DF_CHANGED},
	{"activate: and one more", DF_ACTIVATE, {1, 0, 0}, {2, 0, 0}, DF_CHANGED},
	{"activate: keeps the hold", DF_ACTIVATE, {0, 0, 1}, {1, 0, 1}, DF_CHANGED},
	{"activate: to the top", DF_ACTIVATE, {TOP - 1, 0, 0}, {TOP, 0, 0}, DF_CHANGED},
	{"activate: no further", DF_ACTIVATE, {TOP, 0, 0}, {TOP, 0, 0}, DF_SATURATED},
	{"activate: no further, held", DF_ACTIVATE, {TOP, 0, 1}, {TOP, 0, 1}, DF_SATURATED},
	{"activate: nothing if unhooked", DF_ACTIVATE, {0, 1, 0}, {0, 1, 0}, DF_UNHOOKED},
	{"activate: nothing if unhooked often",
	 DF_ACTIVATE,
	 {3, UTOP, 0},
	 {3, UTOP, 0},
	 DF_UNHOOKED},
	{"activate: unhooked and held", DF_ACTIVATE, {0, 1, 1}, {0, 1, 1}, DF_UNHOOKED},
	{"activate: unhooked at the top", DF_ACTIVATE, {TOP, 1, 0}, {TOP, 1, 0}, DF_UNHOOKED},

	{"deactivate: one less", DF_DEACTIVATE, {1, 0, 0}, {0, 0, 0}, DF_CHANGED},
	{"deactivate: one less of many", DF_DEACTIVATE, {TOP, 0, 0}, {TOP - 1, 0, 0}, DF_CHANGED},
	{"deactivate: not below 0", DF_DEACTIVATE, {0, 0, 0}, {0, 0, 0}, DF_SAME},
	{"deactivate: at 0 the hold goes", DF_DEACTIVATE, {0, 0, 1}, {0, 0, 0}, DF_CHANGED},
	{"deactivate: the count goes first", DF_DEACTIVATE, {1, 0, 1}, {0, 0, 1}, DF_CHANGED},
	{"deactivate: unhooked all the same", DF_DEACTIVATE, {2, 1, 0}, {1, 1, 0}, DF_CHANGED},
	{"deactivate: unhooked and held", DF_DEACTIVATE, {0, 1, 1}, {0, 1, 0}, DF_CHANGED},

	{"enable: on", DF_ENABLE, {0, 0, 0}, {1, 0, 0}, DF_CHANGED},
	{"enable: twice is once", DF_ENABLE, {1, 0, 0}, {1, 0, 0}, DF_SAME},
	{"enable: leaves higher counts", DF_ENABLE, {7, 0, 0}, {7, 0, 0}, DF_SAME},
	{"enable: at the top is no excess", DF_ENABLE, {TOP, 0, 0}, {TOP, 0, 0}, DF_SAME},
	{"enable: a held site gets a count", DF_ENABLE, {0, 0, 1}, {1, 0, 1}, DF_CHANGED},
	{"enable: nothing if unhooked", DF_ENABLE, {0, 1, 0}, {0, 1, 0}, DF_UNHOOKED},
	{"enable: unhooked is reported even if on", DF_ENABLE, {1, 1, 0}, {1, 1, 0}, DF_UNHOOKED},

	{"disable: off", DF_DISABLE, {1, 0, 0}, {0, 0, 0}, DF_CHANGED},
	{"disable: off from any count", DF_DISABLE, {TOP, 0, 0}, {0, 0, 0}, DF_CHANGED},
	{"disable: twice is once", DF_DISABLE, {0, 0, 0}, {0, 0, 0}, DF_SAME},
	{"disable: the hold goes", DF_DISABLE, {0, 0, 1}, {0, 0, 0}, DF_CHANGED},
	{"disable: the hold goes with the count", DF_DISABLE, {5, 0, 1}, {0, 0, 0}, DF_CHANGED},
	{"disable: unhooked all the same", DF_DISABLE, {5, 2, 1}, {0, 2, 0}, DF_CHANGED},

	{"unhook: one more", DF_UNHOOK, {0, 0, 0}, {0, 1, 0}, DF_CHANGED},
	{"unhook: leaves an active site on", DF_UNHOOK, {1, 1, 0}, {1, 2, 0}, DF_CHANGED},
	{"unhook: leaves a held site on", DF_UNHOOK, {0, 0, 1}, {0, 1, 1}, DF_CHANGED},
	{"unhook: to the top", DF_UNHOOK, {0, UTOP - 1, 0}, {0, UTOP, 0}, DF_CHANGED},
	{"unhook: no further", DF_UNHOOK, {0, UTOP, 1}, {0, UTOP, 1}, DF_SATURATED},

	{"rehook: one less", DF_REHOOK, {0, 1, 0}, {0, 0, 0}, DF_CHANGED},
	{"rehook: from the top", DF_REHOOK, {4, UTOP, 1}, {4, UTOP - 1, 1}, DF_CHANGED},
	{"rehook: not below 0", DF_REHOOK, {0, 0, 0}, {0, 0, 0}, DF_SAME},
	{"rehook: not below 0, held", DF_REHOOK, {2, 0, 1}, {2, 0, 1}, DF_SAME},

	{"init: the hold goes", DF_INIT, {0, 0, 1}, {0, 0, 0}, DF_CHANGED},
	{"init: a count survives", DF_INIT, {1, 0, 1}, {1, 0, 0}, DF_CHANGED},
	{"init: unhooked all the same", DF_INIT, {0, 3, 1}, {0, 3, 0}, DF_CHANGED},
	{"init: others stay", DF_INIT, {9, 1, 0}, {9, 1, 0}, DF_SAME},
	{"init: what is off stays off", DF_INIT, {0, 0, 0}, {0, 0, 0}, DF_SAME},
};

static bool equal(const struct df_count *a, const struct df_count *b)
{
	return a->activation == b->activation && a->unhook == b->unhook && a->held == b->held;
}

Test(plan, rules)
{
	for (size_t i = 0; i < COUNT(rules); i++) {
		struct df_count count = rules[i].was;
		cr_expect_eq(df_rule(rules[i].op, &count), rules[i].outcome, "%s", rules[i].row);
		cr_expect(equal(&count, &rules[i].will), "%s: %u %u %d", rules[i].row,
			  count.activation, count.unhook, count.held);
	}
}

Test(plan, active_is_a_count_or_the_hold)
{
	static const struct {
		struct df_count count;
		bool active;
	} rows[] = {
		{{0, 0, 0}, false}, {{1, 0, 0}, true}, {{TOP, 0, 0}, true}, {{0, 0, 1}, true},
		{{0, 5, 0}, false}, {{1, 5, 0}, true}, {{0, 5, 1}, true},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect_eq(df_count_active(&rows[i].count), rows[i].active, "row %zu", i);
}

/* A site by what matters here: flags, counts as built, place of text and of state. */
static struct df_site site_of(uint8_t flags, uint8_t activation, uint8_t unhook, uint64_t place)
{
	return (struct df_site){.addr = 0x1000 + place,
				.target = 0x9000,
				.state = 0x20000 + place,
				.kind = "k",
				.name = "n",
				.file = "f",
				.doc = "",
				.style = DF_STYLE_X86_GOTO,
				.flags = flags,
				.activation = activation,
				.unhook = unhook};
}

Test(plan, zero_bytes_mean_as_built)
{
	static const struct df_count_v1 zero;
	for (unsigned activation = 0; activation < 256; activation += 5)
		for (unsigned unhook = 0; unhook < 256; unhook += 5)
			for (uint8_t flags = 0; flags < 8; flags++) {
				const struct df_site site =
					site_of(flags, (uint8_t)activation, (uint8_t)unhook, 0);
				const struct df_count count = df_count_decode(&site, &zero);
				cr_expect_eq(count.activation, activation);
				cr_expect_eq(count.unhook, unhook);
				cr_expect_eq(count.held, (flags & DF_SITE_HELD) != 0);
				const struct df_count_v1 stored = df_count_encode(&site, &count);
				cr_expect_eq(stored.activation, 0);
				cr_expect_eq(stored.unhook, 0);
			}
}

/* The exact bytes, since another version of the library may read them. */
Test(plan, counts_are_stored_xor_the_counts_as_built)
{
	static const struct {
		const char *row;
		uint8_t flags, activation, unhook; /* of the record */
		struct df_count count;
		struct df_count_v1 stored;
	} rows[] = {
		{"plain", 0, 0, 0, {3, 2, 0}, {3, 2}},
		{"built with a count", 1, 1, 0, {0, 0, 0}, {1, 0}},
		{"one more than as built", 1, 1, 0, {2, 0, 0}, {3, 0}},
		{"built with both", 0, 255, 255, {256, 1, 0}, {511, 254}},
		{"the tops", 0, 1, 1, {TOP, UTOP, 0}, {TOP ^ 1, UTOP ^ 1}},
		{"held", 6, 0, 0, {0, 0, 1}, {0, 0}},
		{"held no more", 6, 0, 0, {0, 0, 0}, {0, DF_HOLD_RELEASED}},
		{"held no more, unhooked", 6, 0, 3, {1, 1, 0}, {1, DF_HOLD_RELEASED | 2}},
		{"held no more, at the top", 6, 0, 0, {0, UTOP, 0}, {0, DF_HOLD_RELEASED | UTOP}},
		{"never held", 4, 0, 0, {0, 0, 0}, {0, 0}},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct df_site site =
			site_of(rows[i].flags, rows[i].activation, rows[i].unhook, 0);
		const struct df_count_v1 stored = df_count_encode(&site, &rows[i].count);
		cr_expect_eq(stored.activation, rows[i].stored.activation, "%s", rows[i].row);
		cr_expect_eq(stored.unhook, rows[i].stored.unhook, "%s", rows[i].row);
		const struct df_count count = df_count_decode(&site, &rows[i].stored);
		cr_expect(equal(&count, &rows[i].count), "%s", rows[i].row);
	}
}

Test(plan, the_hold_of_a_site_that_has_none_is_not_read)
{
	const struct df_site site = site_of(0, 0, 0, 0);
	const struct df_count_v1 stored = {0, DF_HOLD_RELEASED | 1};
	const struct df_count count = df_count_decode(&site, &stored);
	cr_expect_not(count.held);
	cr_expect_eq(count.unhook, 1);
}

/* The kinds of sites there are, in text order 2 0 3 1 4 and in state order 1 0 2 4 3. */
enum { FEATURE, DEFAULT, SLOW, OPT, CARRY, SITES };
static struct df_site sites[SITES];
static struct df_state_v1 states[SITES];
static struct df_control_v1 control;
static uint8_t opcodes[SITES];

static void set_up(void)
{
	static const uint64_t text[SITES] = {0x20, 0x40, 0x10, 0x30, 0x50};
	static const uint64_t state[SITES] = {0x10, 0x00, 0x20, 0x80, 0x70};
	sites[FEATURE] = site_of(0, 0, 0, 0);
	sites[DEFAULT] = site_of(DF_SITE_INVERTED, 1, 0, 0);
	sites[SLOW] = site_of(DF_SITE_JUMP_BUILT, 1, 0, 0);
	sites[OPT] = site_of(DF_SITE_JUMP_BUILT | DF_SITE_HELD, 0, 0, 0);
	sites[CARRY] = site_of(0, 0, 0, 0);
	sites[CARRY].style = DF_STYLE_X86_CARRY;
	sites[CARRY].target = 0;
	for (size_t i = 0; i < SITES; i++) {
		sites[i].addr = 0x1000 + text[i];
		sites[i].state = 0x20000 + state[i];
		opcodes[i] =
			df_insn_opcode(sites[i].style, (sites[i].flags & DF_SITE_JUMP_BUILT) != 0);
	}
	memset(states, 0, sizeof(states));
	control = (struct df_control_v1){.generation = 77};
}

static struct df_plan begin(void)
{
	struct df_plan plan;
	cr_assert_eq(df_plan_begin(&plan, sites, SITES, states, &control, NULL), 0);
	return plan;
}

static void close_plan(struct df_plan *plan)
{
	cr_assert_eq(df_plan_close(plan, opcodes, NULL), 0);
}

static const bool all[SITES] = {true, true, true, true, true};

TestSuite(plans, .init = set_up);

Test(plans, begin_copies_what_was_read)
{
	states[SLOW].current = (struct df_count_v1){1 ^ 4, 6};
	states[SLOW].next = (struct df_count_v1){9, 9};
	states[OPT].current.unhook = DF_HOLD_RELEASED;
	control.initialised = DF_INITIALISED | 0x100;
	struct df_plan plan = begin();
	cr_expect_eq(plan.generation, 77);
	cr_expect(plan.was_initialised);
	cr_expect(plan.will_initialise);
	cr_expect(equal(&plan.was[SLOW], &(struct df_count){4, 6, 0}));
	cr_expect(equal(&plan.was[OPT], &(struct df_count){0, 0, 0}));
	cr_expect(equal(&plan.was[DEFAULT], &(struct df_count){1, 0, 0}));
	for (size_t i = 0; i < SITES; i++) {
		cr_expect(equal(&plan.was[i], &plan.will[i]));
		cr_expect_eq(plan.outcome[i], DF_NOT_SELECTED);
	}
	df_plan_free(&plan);
}

Test(plans, only_bit_0_says_initialised)
{
	control.initialised = 0xfffffffe;
	struct df_plan plan = begin();
	cr_expect_not(plan.was_initialised);
	cr_expect_not(plan.will_initialise);
	df_plan_free(&plan);
}

Test(plans, nothing_done_is_an_empty_plan)
{
	struct df_plan plan = begin();
	close_plan(&plan);
	cr_expect(df_plan_empty(&plan));
	cr_expect_eq(plan.strayed, 0);
	df_plan_free(&plan);
	df_plan_free(&plan); /* once more does no harm */
}

Test(plans, a_module_of_no_sites)
{
	struct df_plan plan;
	cr_assert_eq(df_plan_begin(&plan, NULL, 0, NULL, &control, NULL), 0);
	df_plan_do(&plan, DF_ACTIVATE, NULL);
	cr_assert_eq(df_plan_close(&plan, NULL, NULL), 0);
	cr_expect(df_plan_empty(&plan));
	df_plan_free(&plan);
	cr_assert_eq(df_plan_begin(&plan, NULL, 0, NULL, &control, NULL), 0);
	df_plan_do(&plan, DF_INIT, NULL);
	cr_assert_eq(df_plan_close(&plan, NULL, NULL), 0);
	cr_expect_not(df_plan_empty(&plan));
	df_plan_free(&plan);
}

/* One operation on one site: the counts in state and the byte in text. */
static const struct {
	const char *row;
	int site;
	enum df_op op;
	struct df_count_v1 stored; /* before */
	uint8_t before;		   /* the byte */
	uint8_t after;		   /* 0: no edit */
	bool changes;
	enum df_outcome outcome;
} edits[] = {
	{"feature on", FEATURE, DF_ACTIVATE, {0, 0}, 0xa9, 0xe9, true, DF_CHANGED},
	{"feature on, as a level", FEATURE, DF_ENABLE, {0, 0}, 0xa9, 0xe9, true, DF_CHANGED},
	{"feature on twice", FEATURE, DF_ACTIVATE, {1, 0}, 0xe9, 0, true, DF_CHANGED},
	{"feature off at once", FEATURE, DF_DISABLE, {5, 0}, 0xe9, 0xa9, true, DF_CHANGED},
	{"feature still wanted", FEATURE, DF_DEACTIVATE, {2, 0}, 0xe9, 0, true, DF_CHANGED},
	{"feature no more wanted", FEATURE, DF_DEACTIVATE, {1, 0}, 0xe9, 0xa9, true, DF_CHANGED},
	{"feature off already", FEATURE, DF_DEACTIVATE, {0, 0}, 0xa9, 0, false, DF_SAME},
	{"feature unhooked", FEATURE, DF_ENABLE, {0, 1}, 0xa9, 0, false, DF_UNHOOKED},
	{"feature saturated", FEATURE, DF_ACTIVATE, {TOP, 0}, 0xe9, 0, false, DF_SATURATED},
	{"unhook moves no byte", FEATURE, DF_UNHOOK, {1, 0}, 0xe9, 0, true, DF_CHANGED},
	{"rehook moves no byte", FEATURE, DF_REHOOK, {0, 1}, 0xa9, 0, true, DF_CHANGED},
	{"default off is the jump", DEFAULT, DF_DEACTIVATE, {0, 0}, 0xa9, 0xe9, true, DF_CHANGED},
	{"default on again", DEFAULT, DF_ACTIVATE, {1, 0}, 0xe9, 0xa9, true, DF_CHANGED},
	{"default on already", DEFAULT, DF_ENABLE, {0, 0}, 0xa9, 0, false, DF_SAME},
	{"slow default off goes straight", SLOW, DF_DISABLE, {0, 0}, 0xe9, 0xa9, true, DF_CHANGED},
	{"slow default on again", SLOW, DF_ENABLE, {1, 0}, 0xa9, 0xe9, true, DF_CHANGED},
	{"held, counted as well", OPT, DF_ACTIVATE, {0, 0}, 0xe9, 0, true, DF_CHANGED},
	{"held, let go", OPT, DF_DEACTIVATE, {0, 0}, 0xe9, 0xa9, true, DF_CHANGED},
	{"held and counted, one less", OPT, DF_DEACTIVATE, {1, 0}, 0xe9, 0, true, DF_CHANGED},
	{"held, init", OPT, DF_INIT, {0, 0}, 0xe9, 0xa9, true, DF_CHANGED},
	{"held and counted, init", OPT, DF_INIT, {1, 0}, 0xe9, 0, true, DF_CHANGED},
	{"let go, on", OPT, DF_ENABLE, {0, DF_HOLD_RELEASED}, 0xa9, 0xe9, true, DF_CHANGED},
	{"let go, init", OPT, DF_INIT, {0, DF_HOLD_RELEASED}, 0xa9, 0, false, DF_SAME},
	{"carry on", CARRY, DF_ACTIVATE, {0, 0}, 0xf8, 0xf9, true, DF_CHANGED},
	{"carry off", CARRY, DF_DISABLE, {1, 0}, 0xf9, 0xf8, true, DF_CHANGED},
};

static void check_edit(size_t i)
{
	bool selected[SITES] = {false};
	const int site = edits[i].site;
	selected[site] = true;
	states[site].current = edits[i].stored;
	opcodes[site] = edits[i].before;
	struct df_plan plan = begin();
	/* Of the sites that init takes as well, only the one in question may change. */
	if (edits[i].op == DF_INIT)
		plan.count = (size_t)site + 1;
	df_plan_do(&plan, edits[i].op, selected);
	close_plan(&plan);
	cr_expect_eq(plan.outcome[site], edits[i].outcome, "%s", edits[i].row);
	cr_expect_eq(plan.strayed, 0, "%s", edits[i].row);
	cr_assert_eq(plan.change_count, edits[i].changes ? 1 : 0, "%s", edits[i].row);
	cr_expect(!edits[i].changes || plan.changes[0] == (uint32_t)site, "%s", edits[i].row);
	cr_assert_eq(plan.edit_count, edits[i].after ? 1 : 0, "%s", edits[i].row);
	cr_expect_eq(df_plan_empty(&plan), !edits[i].changes && edits[i].op != DF_INIT, "%s",
		     edits[i].row);
	if (edits[i].after) {
		cr_expect_eq(plan.edits[0].addr, sites[site].addr, "%s", edits[i].row);
		cr_expect_eq(plan.edits[0].site, (uint32_t)site, "%s", edits[i].row);
		cr_expect_eq(plan.edits[0].size, 1, "%s", edits[i].row);
		cr_expect_eq(plan.edits[0].before[0], edits[i].before, "%s", edits[i].row);
		cr_expect_eq(plan.edits[0].after[0], edits[i].after, "%s", edits[i].row);
	}
	df_plan_free(&plan);
}

Test(plans, one_operation_on_one_site)
{
	for (size_t i = 0; i < COUNT(edits); i++) {
		set_up();
		check_edit(i);
	}
}

Test(plans, edits_are_in_order_of_text_and_changes_in_order_of_states)
{
	static const uint32_t by_text[] = {SLOW, FEATURE, OPT, DEFAULT, CARRY};
	static const uint32_t by_state[] = {DEFAULT, FEATURE, SLOW, CARRY, OPT};
	bool off[SITES] = {[DEFAULT] = true, [SLOW] = true, [OPT] = true};
	bool on[SITES] = {[FEATURE] = true, [CARRY] = true};
	struct df_plan plan = begin();
	df_plan_do(&plan, DF_DISABLE, off);
	df_plan_do(&plan, DF_ENABLE, on);
	close_plan(&plan);
	cr_assert_eq(plan.edit_count, SITES);
	cr_assert_eq(plan.change_count, SITES);
	for (size_t i = 0; i < SITES; i++) {
		cr_expect_eq(plan.edits[i].site, by_text[i], "edit %zu", i);
		cr_expect_eq(plan.edits[i].addr, sites[by_text[i]].addr, "edit %zu", i);
		cr_expect_eq(plan.changes[i], by_state[i], "change %zu", i);
	}
	df_plan_free(&plan);
}

/* Where only the last is out of order, only the first, or all: what is sorted already is left. */
Test(plans, every_rotation_is_sorted)
{
	for (size_t r = 0; r < SITES; r++) {
		set_up();
		for (size_t i = 0; i < SITES; i++) {
			sites[i].addr = 0x1000 + 16 * ((i + r) % SITES);
			sites[i].state = 0x20000 + 16 * ((i + SITES - r) % SITES);
		}
		struct df_plan plan = begin();
		df_plan_do(&plan, DF_UNHOOK, all);
		for (size_t i = 0; i < SITES; i++)
			opcodes[i] ^= sites[i].style == DF_STYLE_X86_GOTO ? 0xe9 ^ 0xa9 : 1;
		close_plan(&plan);
		cr_assert_eq(plan.change_count, SITES);
		cr_assert_eq(plan.edit_count, SITES);
		for (size_t i = 0; i < SITES; i++) {
			cr_expect_eq(plan.edits[i].addr, 0x1000 + 16 * i, "rotation %zu", r);
			cr_expect_eq(sites[plan.changes[i]].state, 0x20000 + 16 * i, "rotation %zu",
				     r);
		}
		df_plan_free(&plan);
	}
}

/* A byte that does not follow from its counts is mended where the site is selected. */
Test(plans, strayed_bytes)
{
	bool selected[SITES] = {[FEATURE] = true, [DEFAULT] = true, [CARRY] = true};
	opcodes[FEATURE] = 0xe9; /* off by its counts, and going on */
	opcodes[DEFAULT] = 0xe9; /* on by its counts, and staying on */
	opcodes[SLOW] = 0xa9;	 /* nobody's business */
	struct df_plan plan = begin();
	df_plan_do(&plan, DF_ENABLE, selected);
	close_plan(&plan);
	cr_expect_eq(plan.strayed, 2);
	cr_expect_eq(plan.change_count, 2); /* FEATURE and CARRY */
	cr_assert_eq(plan.edit_count, 2);
	cr_expect_eq(plan.edits[0].site, DEFAULT);
	cr_expect_eq(plan.edits[0].before[0], 0xe9);
	cr_expect_eq(plan.edits[0].after[0], 0xa9);
	cr_expect_eq(plan.edits[1].site, CARRY);
	df_plan_free(&plan);
}

Test(plans, a_strayed_byte_alone_makes_a_plan)
{
	const bool selected[SITES] = {[DEFAULT] = true};
	opcodes[DEFAULT] = 0xe9;
	struct df_plan plan = begin();
	df_plan_do(&plan, DF_ENABLE, selected);
	close_plan(&plan);
	cr_expect_eq(plan.outcome[DEFAULT], DF_SAME);
	cr_expect_eq(plan.change_count, 0);
	cr_expect_eq(plan.edit_count, 1);
	cr_expect_eq(plan.strayed, 1);
	cr_expect_not(df_plan_empty(&plan));
	df_plan_free(&plan);
}

Test(plans, init_takes_every_site_once)
{
	static const bool none[SITES];
	struct df_plan plan = begin();
	df_plan_do(&plan, DF_INIT, none);
	cr_expect(plan.will_initialise);
	cr_expect_not(plan.was_initialised);
	for (size_t i = 0; i < SITES; i++)
		cr_expect_eq(plan.outcome[i], i == OPT ? DF_CHANGED : DF_SAME, "site %zu", i);
	/* A second one in the same plan finds the module initialised. */
	df_plan_do(&plan, DF_INIT, none);
	close_plan(&plan);
	cr_expect_eq(plan.change_count, 1);
	cr_expect_eq(plan.edit_count, 1);
	cr_expect_eq(plan.edits[0].site, OPT);
	df_plan_free(&plan);
}

Test(plans, init_of_an_initialised_module_is_nothing)
{
	control.initialised = DF_INITIALISED;
	struct df_plan plan = begin();
	df_plan_do(&plan, DF_INIT, NULL);
	close_plan(&plan);
	cr_expect(df_plan_empty(&plan));
	/* Not even for a site that is held all the same. */
	cr_expect(plan.will[OPT].held);
	df_plan_free(&plan);
}

Test(plans, init_alone_is_a_plan_even_if_nothing_was_held)
{
	states[OPT].current.unhook = DF_HOLD_RELEASED;
	opcodes[OPT] = 0xa9;
	struct df_plan plan = begin();
	df_plan_do(&plan, DF_INIT, NULL);
	close_plan(&plan);
	cr_expect_eq(plan.change_count, 0);
	cr_expect_eq(plan.edit_count, 0);
	cr_expect_not(df_plan_empty(&plan));
	df_plan_free(&plan);
}

/* Lines of a script are carried out in their order, and come to one plan. */
Test(plans, several_operations_in_one_plan)
{
	static const struct {
		const char *row;
		enum df_op ops[4];
		size_t count;
		struct df_count will;
		enum df_outcome outcome;
		size_t changes, edits;
	} rows[] = {
		{"there and back", {DF_ACTIVATE, DF_DEACTIVATE}, 2, {0, 0, 0}, DF_SAME, 0, 0},
		{"twice", {DF_ACTIVATE, DF_ACTIVATE}, 2, {2, 0, 0}, DF_CHANGED, 1, 1},
		{"in vain", {DF_UNHOOK, DF_ACTIVATE}, 2, {0, 1, 0}, DF_UNHOOKED, 1, 0},
		{"in vain, then not",
		 {DF_UNHOOK, DF_ENABLE, DF_REHOOK, DF_ENABLE},
		 4,
		 {1, 0, 0},
		 DF_UNHOOKED,
		 1,
		 1},
		{"on, then shielded",
		 {DF_ENABLE, DF_UNHOOK, DF_ACTIVATE},
		 3,
		 {1, 1, 0},
		 DF_UNHOOKED,
		 1,
		 1},
		{"nothing twice", {DF_DISABLE, DF_REHOOK}, 2, {0, 0, 0}, DF_SAME, 0, 0},
	};
	const bool selected[SITES] = {[FEATURE] = true};
	for (size_t i = 0; i < COUNT(rows); i++) {
		set_up();
		struct df_plan plan = begin();
		for (size_t k = 0; k < rows[i].count; k++)
			df_plan_do(&plan, rows[i].ops[k], selected);
		close_plan(&plan);
		cr_expect(equal(&plan.will[FEATURE], &rows[i].will), "%s", rows[i].row);
		cr_expect_eq(plan.outcome[FEATURE], rows[i].outcome, "%s", rows[i].row);
		cr_expect_eq(plan.change_count, rows[i].changes, "%s", rows[i].row);
		cr_expect_eq(plan.edit_count, rows[i].edits, "%s", rows[i].row);
		cr_expect_eq(plan.outcome[SLOW], DF_NOT_SELECTED, "%s", rows[i].row);
		df_plan_free(&plan);
	}
}

/* The wish comes first and survives: that is how flags are set before the program runs. */
Test(plans, a_wish_before_init_survives_it)
{
	const bool selected[SITES] = {[OPT] = true};
	struct df_plan plan = begin();
	df_plan_do(&plan, DF_ENABLE, selected);
	df_plan_do(&plan, DF_INIT, NULL);
	close_plan(&plan);
	cr_expect(equal(&plan.will[OPT], &(struct df_count){1, 0, 0}));
	cr_expect_eq(plan.change_count, 1);
	cr_expect_eq(plan.edit_count, 0);
	df_plan_free(&plan);
}

/* Every operation from every corner of the counts: the byte follows, and what is stored is read. */
Test(plans, bytes_follow_from_counts)
{
	static const uint32_t activations[] = {0, 1, 2, 255, 256, TOP - 1, TOP};
	static const uint32_t unhooks[] = {0, 1, 255, UTOP - 1, UTOP};
	for (size_t a = 0; a < COUNT(activations); a++)
		for (size_t u = 0; u < COUNT(unhooks); u++)
			for (int op = DF_ACTIVATE; op <= DF_INIT; op++) {
				set_up();
				for (size_t i = 0; i < SITES; i++) {
					const struct df_count count = {activations[a], unhooks[u],
								       i == OPT};
					states[i].current = df_count_encode(&sites[i], &count);
					opcodes[i] = df_insn_opcode(
						sites[i].style,
						df_insn_jumps(&sites[i], df_count_active(&count)));
				}
				struct df_plan plan = begin();
				df_plan_do(&plan, (enum df_op)op, all);
				close_plan(&plan);
				cr_expect_eq(plan.strayed, 0);
				for (size_t k = 0; k < plan.edit_count; k++)
					opcodes[plan.edits[k].site] = plan.edits[k].after[0];
				for (size_t i = 0; i < SITES; i++) {
					const bool on = df_count_active(&plan.will[i]);
					cr_expect_eq(opcodes[i],
						     df_insn_opcode(sites[i].style,
								    df_insn_jumps(&sites[i], on)));
					const struct df_count_v1 stored =
						df_count_encode(&sites[i], &plan.will[i]);
					const struct df_count read =
						df_count_decode(&sites[i], &stored);
					cr_expect(equal(&read, &plan.will[i]));
				}
				df_plan_free(&plan);
			}
}
