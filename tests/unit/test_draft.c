/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_draft.c - what an operation comes to in a module of this process.
 *
 * self_mem.c and self.c are played here: text is plain memory, and writing it, or
 * making processors serialise, can be told to fail.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "fake_loaded.h"
#include "insn.h"
#include "self.h"
#include "sync.h"

TestSuite(draft);

/* ---- the system ---- */

static struct {
	int fail_write;	   /* this call of self_mem_write() fails, */
	enum df_errc code; /* so, */
	size_t written;	   /* after so many edits */
	int writes;
	int serials;
	int kept; /* calls of sync_keep_thread() */
	size_t edits; /* of the last call */
} game;

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	(void)err;
	memcpy(buffer, (void *)(uintptr_t)addr, size);
	return 0;
}

static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	(void)err;
	memcpy((void *)(uintptr_t)addr, buffer, size);
	return 0;
}

static int serialise(void *context, struct df_err *err)
{
	(void)context;
	(void)err;
	game.serials++;
	return 0;
}

const struct df_mem self_memory = {.load = load, .store = store, .serialise = serialise};

struct df_stamp self_stamp(void)
{
	return (struct df_stamp){.now = 77, .pid = 7};
}

void sync_keep_thread(void)
{
	game.kept++;
}

int self_mem_write(const uint8_t *base, const struct self_edit *edits, size_t count, bool undo,
		   struct df_err *err)
{
	uint8_t *text = (uint8_t *)base;
	const bool fails = ++game.writes == game.fail_write;
	game.edits = count;
	for (size_t i = 0; i < (fails ? game.written : count); i++) {
		cr_assert(i == 0 || edits[i - 1].offset < edits[i].offset, "in ascending order");
		text[edits[i].offset] = undo ? edits[i].before : edits[i].after;
	}
	return fails ? df_fail(err, game.code, "told to fail") : 0;
}

/* ---- the module ---- */

enum { COUNT = 9 };

static const struct fake_flag flags[COUNT] = {
	{"k", "feature", "f.c", 1, 0, 0, 0},
	{"k", "default", "f.c", 2, DF_SITE_INVERTED, 1, 0},
	{"k", "slow", "f.c", 3, DF_SITE_JUMP_BUILT, 1, 0},
	{"k", "opt", "f.c", 4, DF_SITE_HELD | DF_SITE_JUMP_BUILT, 0, 0},
	{"k", "carry", "f.c", 5, 0, 0, DF_STYLE_X86_CARRY},
	{"k", "carry_default", "f.c", 6, DF_SITE_INVERTED, 1, DF_STYLE_X86_CARRY},
	{"k", "feature2", "f.c", 7, 0, 0, 0},
	{"k", "opt2", "f.c", 8, DF_SITE_HELD | DF_SITE_JUMP_BUILT, 0, 0},
	{"k", "feature3", "f.c", 9, 0, 0, 0},
};

static const struct picks everything = {.all = true, .count = COUNT};

/* Two sites, by a list. */
static const uint32_t two[] = {0, 3};
static const struct picks some = {.count = 2, .list = two};

static struct df_site site_of(const struct loaded *m, uint32_t i)
{
	return record_site(&m->records[i]);
}

static struct df_state_v1 *state_of(const struct loaded *m, uint32_t i)
{
	return (struct df_state_v1 *)(uintptr_t)site_of(m, i).state;
}

static uint8_t *code_of(const struct loaded *m, uint32_t i)
{
	return (uint8_t *)(uintptr_t)site_of(m, i).addr;
}

static struct df_count count_of(const struct loaded *m, uint32_t i)
{
	const struct df_site site = site_of(m, i);
	return df_count_decode(&site, &state_of(m, i)->current);
}

/* At rest: idle, next equals current, each byte follows. */
static void expect_rest(const struct loaded *m, const char *when)
{
	cr_expect_eq(m->control->phase, DF_PHASE_IDLE, "%s: phase %u", when, m->control->phase);
	for (uint32_t i = 0; i < m->count; i++) {
		const struct df_site site = site_of(m, i);
		const struct df_count count = count_of(m, i);
		const bool jumps = df_insn_jumps(&site, df_count_active(&count));
		cr_expect_eq(memcmp(&state_of(m, i)->current, &state_of(m, i)->next, 8), 0,
			     "%s: site %u", when, i);
		cr_expect_eq(code_of(m, i)[0], df_insn_opcode(site.style, jumps),
			     "%s: site %u has %02x", when, i, code_of(m, i)[0]);
	}
}

static int do_one(struct loaded *m, enum df_op op, const struct picks *picks, struct df_err *err)
{
	struct draft draft;
	draft_begin(&draft, m);
	int status = draft_one(&draft, op, picks, err);
	if (status == 0 && !draft_is_empty(&draft))
		status = draft_commit(&draft, err);
	draft_free(&draft);
	return status;
}

Test(draft, does_every_operation_as_the_rules_say)
{
	static const enum df_op ops[] = {DF_ACTIVATE, DF_UNHOOK,  DF_ACTIVATE, DF_DEACTIVATE,
					 DF_ENABLE,   DF_REHOOK,  DF_REHOOK,   DF_ENABLE,
					 DF_ENABLE,   DF_DISABLE, DF_DISABLE,  DF_ACTIVATE};
	struct loaded *m = fake_loaded(flags, COUNT, 16, true);
	struct df_count oracle[COUNT];
	struct df_err err;
	for (uint32_t i = 0; i < COUNT; i++)
		oracle[i] = count_of(m, i);
	for (size_t j = 0; j < sizeof(ops) / sizeof(ops[0]); j++) {
		const struct picks *picks = j % 3 == 1 ? &some : &everything;
		cr_assert_eq(do_one(m, ops[j], picks, &err), 0, "%s", err.text);
		for (uint32_t i = 0; i < COUNT; i++) {
			if (picks->all || i == two[0] || i == two[1])
				df_rule(ops[j], &oracle[i]);
			const struct df_count now = count_of(m, i);
			cr_expect(now.activation == oracle[i].activation &&
					  now.unhook == oracle[i].unhook &&
					  now.held == oracle[i].held,
				  "step %zu, site %u", j, i);
		}
		expect_rest(m, "after an operation");
	}
	cr_expect_eq(m->control->changed_at, 77);
	cr_expect_eq(m->control->changed_by, 7);
	fake_loaded_free(m);
}

Test(draft, writes_only_what_changes)
{
	struct loaded *m = fake_loaded(flags, COUNT, 16, true);
	struct df_err err;
	cr_assert_eq(do_one(m, DF_ACTIVATE, &everything, &err), 0);
	/* On already: the default ones, and those held. */
	cr_expect_eq(game.edits, 4);
	cr_expect_eq(game.serials, 1);
	cr_expect_eq(game.kept, 0);
	cr_assert_eq(do_one(m, DF_ACTIVATE, &everything, &err), 0);
	cr_expect_eq(game.writes, 1, "counts alone write no text");
	cr_expect_eq(game.serials, 1);
	cr_expect_eq(game.kept, 1, "an operation without system calls stays one");
	cr_expect_eq(m->control->generation, 2);
	cr_assert_eq(do_one(m, DF_ENABLE, &everything, &err), 0);
	cr_expect_eq(m->control->generation, 2, "nothing to do is no commit");
	fake_loaded_free(m);
}

Test(draft, puts_a_strayed_byte_right)
{
	struct loaded *m = fake_loaded(flags, COUNT, 16, true);
	struct df_err err;
	code_of(m, 0)[0] = 0xe9;
	cr_assert_eq(do_one(m, DF_DEACTIVATE, &some, &err), 0);
	expect_rest(m, "strayed");
	fake_loaded_free(m);
}

Test(draft, takes_several_operations_as_one)
{
	struct loaded *m = fake_loaded(flags, COUNT, 16, true);
	struct draft draft;
	struct df_err err;
	draft_begin(&draft, m);
	cr_assert_eq(draft_several(&draft, &err), 0);
	cr_assert_eq(draft_add(&draft, DF_INIT, &everything, &err), 0);
	cr_assert_eq(draft_add(&draft, DF_ACTIVATE, &some, &err), 0);
	cr_assert_eq(draft_add(&draft, DF_ACTIVATE, &some, &err), 0);
	cr_assert_eq(draft_add(&draft, DF_UNHOOK, &everything, &err), 0);
	cr_assert_eq(draft_add(&draft, DF_ACTIVATE, &everything, &err), 0);
	cr_assert_eq(draft_settle(&draft, &err), 0);
	draft.initialises = true;
	cr_assert_eq(draft_commit(&draft, &err), 0, "%s", err.text);
	draft_free(&draft);
	cr_expect_eq(m->control->generation, 1);
	cr_expect_eq(m->control->initialised, DF_INITIALISED);
	for (uint32_t i = 0; i < COUNT; i++) {
		cr_expect_eq(count_of(m, i).unhook, 1);
		cr_expect_not(count_of(m, i).held);
	}
	cr_expect_eq(count_of(m, 0).activation, 2);
	cr_expect_eq(count_of(m, 3).activation, 2);
	cr_expect_eq(count_of(m, 7).activation, 0);
	expect_rest(m, "several");
	fake_loaded_free(m);
}

static void expect_as_built(const struct loaded *m, const struct df_state_v1 *before)
{
	for (uint32_t i = 0; i < COUNT; i++)
		cr_expect_eq(memcmp(state_of(m, i), &before[i], sizeof(before[i])), 0, "site %u",
			     i);
	expect_rest(m, "failed");
}

Test(draft, changes_nothing_where_one_site_is_not_its_own)
{
	static const struct {
		uint32_t site;
		int byte; /* of the instruction */
		uint8_t value;
		enum df_errc code;
		const char *says;
	} rows[] = {
		{8, 0, 0x90, DF_E_SITE, "byte 90"},
		{8, 3, 0x77, DF_E_SITE, "none of its two instructions"},
		{0, 0, 0xcc, DF_E_BREAKPOINT, "a breakpoint stands there"},
		{4, 0, 0x90, DF_E_SITE, "k:carry at"},
	};
	static const struct df_state_v1 zero[COUNT];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int several = 0; several < 2; several++) {
			struct loaded *m = fake_loaded(flags, COUNT, 16, true);
			struct draft draft;
			struct df_err err;
			uint8_t *byte = code_of(m, rows[i].site) + rows[i].byte;
			const uint8_t was = *byte;
			*byte = rows[i].value;
			draft_begin(&draft, m);
			int status;
			if (several) {
				cr_assert_eq(draft_several(&draft, &err), 0);
				cr_assert_eq(draft_add(&draft, DF_ACTIVATE, &everything, &err), 0);
				status = draft_settle(&draft, &err);
			} else {
				status = draft_one(&draft, DF_ACTIVATE, &everything, &err);
			}
			cr_expect_eq(status, -(int)rows[i].code, "row %zu", i);
			cr_expect(strstr(err.text, rows[i].says), "row %zu: %s", i, err.text);
			draft_free(&draft);
			*byte = was;
			expect_as_built(m, zero);
			fake_loaded_free(m);
		}
}

Test(draft, undoes_a_write_that_fails_wherever_it_stops)
{
	static const struct df_state_v1 zero[COUNT];
	for (size_t written = 0; written <= 4; written++) {
		struct loaded *m = fake_loaded(flags, COUNT, 16, true);
		struct df_err err;
		memset(&game, 0, sizeof(game));
		game.fail_write = 1;
		game.code = DF_E_WRITE;
		game.written = written;
		cr_expect_eq(do_one(m, DF_ACTIVATE, &everything, &err), -(int)DF_E_WRITE);
		cr_expect(strstr(err.text, "told to fail; undone"), "%s", err.text);
		cr_expect_eq(game.writes, written == 0 ? 1 : 2, "nothing written, nothing undone");
		expect_as_built(m, zero);
		fake_loaded_free(m);
	}
}

Test(draft, says_that_the_system_denied_it)
{
	struct loaded *m = fake_loaded(flags, COUNT, 16, true);
	struct df_err err;
	game.fail_write = 1;
	game.code = DF_E_PERMISSION;
	cr_expect_eq(do_one(m, DF_ACTIVATE, &everything, &err), -(int)DF_E_PERMISSION);
	expect_rest(m, "denied");
	fake_loaded_free(m);
}

Test(draft, sorts_edits_of_a_table_in_another_order)
{
	struct loaded *m = fake_loaded(flags, COUNT, 16, true);
	struct df_site_v1 *records = (struct df_site_v1 *)m->records;
	struct df_err err;
	/* Sites 0 and 8 change places in text; what they lead to is the same distance away. */
	const int32_t first = records[0].site, last = records[8].site;
	const int32_t gap = 8 * (int32_t)sizeof(*records);
	records[0].site = last + gap;
	records[0].target += records[0].site - first;
	records[8].site = first - gap;
	records[8].target += records[8].site - last;
	cr_assert_eq(do_one(m, DF_ACTIVATE, &everything, &err), 0, "%s", err.text);
	expect_rest(m, "another order");
	fake_loaded_free(m);
}
