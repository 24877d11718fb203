/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/journal.c: every byte that was written is in it, and no other. */
#include <criterion/criterion.h>
#include <string.h>

#include "journal.h"

#define SIZE 8

/* A memory of a few bytes, which fails when it is told to. */
static struct {
	uint8_t bytes[SIZE];
	size_t good; /* edits that are made before one fails */
	bool fails, gone;
	uint64_t patched_at, serialised_at;
} memory;

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	if (memory.gone)
		return df_fail(err, DF_E_NO_PROCESS, "gone");
	memcpy(buffer, memory.bytes + addr, size);
	return 0;
}

static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	(void)err;
	memcpy(memory.bytes + addr, buffer, size);
	return 0;
}

static int patch(void *context, const struct df_edit *edits, size_t count, bool undo,
		 struct df_err *err)
{
	(void)context;
	memory.patched_at = moment_now().monotonic;
	for (size_t i = 0; i < count; i++) {
		if (memory.fails && i == memory.good)
			return df_fail(err, DF_E_SYSTEM, "as told");
		memory.bytes[edits[i].addr] = undo ? edits[i].before[0] : edits[i].after[0];
	}
	return 0;
}

static int serialise(void *context, struct df_err *err)
{
	(void)context;
	memory.serialised_at = moment_now().monotonic;
	return memory.fails ? df_fail(err, DF_E_SYSTEM, "as told") : 0;
}

static const struct df_mem below = {
	.load = load, .store = store, .patch = patch, .serialise = serialise};
static const struct df_edit edits[3] = {
	{.addr = 1, .site = 4, .size = 1, .before = {0xa9}, .after = {0xe9}},
	{.addr = 3, .site = 5, .size = 1, .before = {0xe9}, .after = {0xa9}},
	{.addr = 6, .site = 6, .size = 1, .before = {0xa9}, .after = {0xe9}},
};
static struct journal journal;
static struct df_mem mem;

static void begin(size_t room)
{
	struct df_err err;
	memory.bytes[1] = memory.bytes[6] = 0xa9;
	memory.bytes[3] = 0xe9;
	journal_begin(&journal, &below, 1);
	mem = journal_interface(&journal);
	cr_assert(room == 0 || journal_reserve(&journal, room, &err) == 0);
	journal_turn_to(&journal, 7, NULL, JOURNAL_CHANGE);
}

static void end(void)
{
	journal_end(&journal);
}

TestSuite(journal, .fini = end);

static int write_all(bool undo)
{
	struct df_err err;
	return mem.patch(mem.context, edits, 3, undo, &err);
}

static void is_entry(size_t i, size_t edit, enum journal_cause cause, uint8_t before, uint8_t after)
{
	const struct journal_entry *entry = &journal.entries[i];
	cr_assert_lt(i, journal.count);
	cr_assert_eq(entry->addr, edits[edit].addr);
	cr_assert_eq(entry->site, edits[edit].site);
	cr_assert_eq(entry->module, 7);
	cr_assert_eq(entry->cause, cause);
	cr_assert_eq(entry->before[0], before);
	cr_assert_eq(entry->after[0], after);
}

Test(journal, has_what_was_written)
{
	begin(3);
	cr_assert_eq(write_all(false), 0);
	cr_assert_eq(journal.count, 3);
	is_entry(0, 0, JOURNAL_CHANGE, 0xa9, 0xe9);
	is_entry(1, 1, JOURNAL_CHANGE, 0xe9, 0xa9);
	is_entry(2, 2, JOURNAL_CHANGE, 0xa9, 0xe9);
	cr_assert_leq(journal.entries[0].from.monotonic, memory.patched_at);
	cr_assert_eq(journal.entries[0].until.monotonic, 0);
	cr_assert_eq(mem.serialise(mem.context, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		cr_assert_geq(journal.entries[i].until.monotonic, memory.serialised_at);
	cr_assert_gt(journal.entries[0].until.tsc, journal.entries[0].from.tsc);
}

/* How far it came, the bytes tell. */
Test(journal, has_the_part_that_was_written)
{
	begin(6);
	memory.fails = true;
	memory.good = 2;
	cr_assert_eq(write_all(false), -(int)DF_E_SYSTEM);
	cr_assert_eq(journal.count, 2);
	is_entry(1, 1, JOURNAL_CHANGE, 0xe9, 0xa9);
	cr_assert_eq(mem.serialise(mem.context, NULL), -(int)DF_E_SYSTEM);
	cr_assert_eq(journal.entries[1].until.monotonic, 0);
	/* The undo goes over all of them, and changes only these. */
	memory.fails = false;
	cr_assert_eq(write_all(true), 0);
	cr_assert_eq(journal.count, 4);
	is_entry(2, 0, JOURNAL_UNDO, 0xe9, 0xa9);
	is_entry(3, 1, JOURNAL_UNDO, 0xa9, 0xe9);
	cr_assert_eq(mem.serialise(mem.context, NULL), 0);
	cr_assert_neq(journal.entries[0].until.monotonic, 0);
}

Test(journal, has_nothing_of_one_that_is_gone)
{
	begin(3);
	memory.fails = memory.gone = true;
	memory.good = 1;
	cr_assert_eq(write_all(false), -(int)DF_E_SYSTEM);
	cr_assert_eq(journal.count, 0);
}

Test(journal, without_room_nothing_is_written)
{
	begin(2); /* and one more, as it happens */
	cr_assert_eq(write_all(false), 0);
	memset(memory.bytes, 0, sizeof(memory.bytes));
	cr_assert_eq(write_all(false), -(int)DF_E_MEMORY);
	cr_assert_eq(memory.bytes[1], 0);
	journal_clear(&journal);
	cr_assert_eq(write_all(false), 0);
	cr_assert_eq(memory.bytes[1], 0xe9);
}

Test(journal, one_that_is_not_kept_lets_all_pass)
{
	uint8_t byte = 0;
	begin(0);
	cr_assert_eq(write_all(false), 0);
	cr_assert_eq(memory.bytes[1], 0xe9);
	cr_assert_eq(journal.count, 0);
	cr_assert_eq(mem.store(mem.context, 2, &(uint8_t){9}, 1, NULL), 0);
	cr_assert_eq(mem.load(mem.context, 2, &byte, 1, NULL), 0);
	cr_assert_eq(byte, 9);
}

Test(journal, knows_why)
{
	const struct journal_entry found = {.addr = 9, .cause = JOURNAL_FOUND};
	begin(2);
	journal_turn_to(&journal, 7, NULL, JOURNAL_RECOVERY);
	cr_assert_eq(mem.patch(mem.context, edits, 1, false, NULL), 0);
	is_entry(0, 0, JOURNAL_RECOVERY, 0xa9, 0xe9);
	journal_add(&journal, &found);
	cr_assert_eq(journal.entries[1].cause, JOURNAL_FOUND);
}
