/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/snapshot.c: what was read once stays as it was read, and where it was. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include "snapshot.h"

#define PAGE 4096u
#define BASE UINT64_C(0x7f1234567123) /* not on a page */
#define PAGES 200u
#define PART_SIZE (PAGES * PAGE - 1000u)
#define FAR (BASE + UINT64_C(0x10000000))

/* A source whose bytes change with each pull, so that pulling twice shows. */
struct source {
	unsigned pulls;
	unsigned pulled[PAGES]; /* per page of the first segment */
	uint64_t limit;		/* bytes that it was promised to be asked for */
	size_t hole;		/* page that cannot be had; PAGES for none */
	unsigned breaches;
};

static uint8_t byte_at(uint64_t addr)
{
	return (uint8_t)(addr * 7 + (addr >> 8));
}

static int pull(void *context, uint64_t addr, void *to, size_t size)
{
	struct source *s = context;
	s->pulls++;
	if (addr >= FAR) {
		memset(to, 0xee, size);
		return 0;
	}
	if (addr < BASE || size == 0 || addr - BASE + size > s->limit) {
		s->breaches++;
		return -1;
	}
	const size_t first = (size_t)(addr - BASE) / PAGE;
	const size_t end = (size_t)(addr - BASE + size + PAGE - 1) / PAGE;
	if (first <= s->hole && s->hole < end)
		return -1;
	for (size_t i = first; i < end; i++)
		s->pulled[i]++;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = byte_at(addr + i);
	return 0;
}

static void begin(struct snapshot *snapshot, struct source *source, uint64_t size,
		  uint64_t readable)
{
	const struct df_range segments[] = {{BASE, size, DF_READ}, {FAR, PAGE, DF_READ}};
	const uint64_t readables[] = {readable, PAGE};
	const struct df_range note = {BASE + 100, 32, 0};
	struct df_err err;
	*source = (struct source){.limit = readable, .hole = PAGES};
	*snapshot = (struct snapshot){0};
	cr_assert_eq(snapshot_begin(snapshot, segments, readables, 2, &note, 1, &err), 0);
	snapshot->pull = pull;
	snapshot->context = source;
}

static const uint8_t *at(struct snapshot *snapshot, uint64_t offset, size_t size)
{
	return snapshot->view.at(&snapshot->view, BASE + offset, size);
}

static void expect_bytes(const uint8_t *bytes, uint64_t offset, size_t size)
{
	cr_assert(bytes);
	for (size_t i = 0; i < size; i++)
		cr_assert_eq(bytes[i], byte_at(BASE + offset + i), "offset %zu",
			     (size_t)offset + i);
}

static void expect_pulled_once_at_most(const struct source *source)
{
	for (size_t i = 0; i < PAGES; i++)
		cr_expect_leq(source->pulled[i], 1, "page %zu", i);
	cr_expect_eq(source->breaches, 0);
}

Test(snapshot, copies_segments_and_notes)
{
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, PART_SIZE);
	cr_expect_eq(s.view.segment_count, 2);
	cr_expect_eq(s.view.segments[0].addr, BASE);
	cr_expect_eq(s.view.segments[1].addr, FAR);
	cr_expect_eq(s.view.note_count, 1);
	cr_expect_eq(s.view.notes[0].addr, BASE + 100);
	cr_expect_eq(source.pulls, 0, "nothing is read before it is looked at");
	snapshot_free(&s);
	cr_expect_null(s.parts);
}

Test(snapshot, reads_once)
{
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, PART_SIZE);
	expect_bytes(at(&s, 5, 10), 5, 10);
	cr_expect_eq(source.pulls, 1);
	expect_bytes(at(&s, 0, PAGE), 0, PAGE);
	expect_bytes(at(&s, 5, 10), 5, 10);
	cr_expect_eq(source.pulls, 1, "the page is there");
	snapshot_free(&s);
}

Test(snapshot, across_pages)
{
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, PART_SIZE);
	expect_bytes(at(&s, PAGE - 1, 2), PAGE - 1, 2);
	cr_expect(source.pulled[0] == 1 && source.pulled[1] == 1);
	cr_expect_eq(source.pulled[2], 0);
	expect_bytes(at(&s, 9 * PAGE + 1, 3 * PAGE), 9 * PAGE + 1, 3 * PAGE);
	for (size_t i = 9; i <= 12; i++)
		cr_expect_eq(source.pulled[i], 1, "page %zu", i);
	expect_pulled_once_at_most(&source);
	snapshot_free(&s);
}

/* For rising sizes at one address the pointer stays, and so does what it points to. */
Test(snapshot, pointers_stay)
{
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, PART_SIZE);
	const uint8_t *first = at(&s, 77, 1);
	for (size_t size = 1; size <= PART_SIZE - 77; size += 997)
		cr_assert_eq(at(&s, 77, size), first, "size %zu", size);
	expect_bytes(at(&s, 77, PART_SIZE - 77), 77, PART_SIZE - 77);
	cr_expect_eq(at(&s, 0, PART_SIZE), first - 77);
	expect_pulled_once_at_most(&source);
	snapshot_free(&s);
}

/* What was given is found again, and nothing is read for it. */
Test(snapshot, again)
{
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, PART_SIZE);
	cr_expect_null(snapshot_again(&s, BASE + 5), "nothing was given yet");
	const uint8_t *given = at(&s, 3 * PAGE + 5, 10);
	const unsigned pulls = source.pulls;
	cr_expect_eq(snapshot_again(&s, BASE + 3 * PAGE + 5), given);
	cr_expect_eq(snapshot_again(&s, BASE + 3 * PAGE + 9), given + 4);
	cr_expect_null(snapshot_again(&s, BASE - 1));
	cr_expect_null(snapshot_again(&s, BASE + PART_SIZE));
	cr_expect_null(snapshot_again(&s, FAR), "nothing of that segment was");
	cr_expect_eq(source.pulls, pulls);
	snapshot_free(&s);
}

/* The same of what lies around it, without asking for each byte. */
Test(snapshot, piece)
{
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, PART_SIZE - 7);
	cr_expect_eq(snapshot_piece(&s, BASE + 5).size, 0, "nothing was given yet");
	const uint8_t *given = at(&s, 3 * PAGE + 5, 10);
	const struct snapshot_piece piece = snapshot_piece(&s, BASE + 5);
	cr_expect_eq(piece.addr, BASE);
	cr_expect_eq(piece.size, PART_SIZE - 7);
	cr_expect_eq(piece.copy + 3 * PAGE + 5, given);
	cr_expect_eq(snapshot_piece(&s, BASE - 1).size, 0);
	cr_expect_eq(snapshot_piece(&s, FAR).size, 0, "nothing of that segment was");
	snapshot_free(&s);
}

/* What is found in one segment must not be looked for again in another. */
Test(snapshot, of_overlapping_segments_the_first)
{
	const struct df_range segments[] = {{BASE + PAGE, PAGE, DF_READ},
					    {BASE, 4 * PAGE, DF_READ},
					    {BASE + 4 * PAGE, PAGE, DF_READ}};
	const uint64_t readables[] = {PAGE, 4 * PAGE, PAGE};
	struct snapshot s = {0};
	struct source source = {.limit = PART_SIZE, .hole = PAGES};
	struct df_err err;
	cr_assert_eq(snapshot_begin(&s, segments, readables, 3, NULL, 0, &err), 0);
	s.pull = pull;
	s.context = &source;
	cr_expect(at(&s, PAGE + 10, 10));
	cr_expect_null(at(&s, 10, 10));
	cr_expect_null(at(&s, 2 * PAGE - 5, 10), "of both, whole in the second only");
	cr_expect(at(&s, 4 * PAGE, 10), "overlaps none");
	cr_expect_null(snapshot_again(&s, BASE + 10));
	snapshot_free(&s);
}

Test(snapshot, no_page_twice_in_any_order)
{
	uint32_t seed = 1;
	for (int round = 0; round < 20; round++) {
		struct snapshot s;
		struct source source;
		begin(&s, &source, PART_SIZE, PART_SIZE);
		for (int i = 0; i < 300; i++) {
			seed = seed * 1664525u + 1013904223u;
			const uint64_t offset = (seed >> 4) % PART_SIZE;
			seed = seed * 1664525u + 1013904223u;
			const uint64_t left = PART_SIZE - offset;
			const size_t size = (seed >> 4) % (left < 9000 ? left : 9000) + 1;
			expect_bytes(at(&s, offset, size), offset, size);
		}
		expect_pulled_once_at_most(&source);
		snapshot_free(&s);
	}
}

/* Reading straight on takes ever more pages at a time. */
Test(snapshot, reads_ahead)
{
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, PART_SIZE);
	for (size_t page = 0; page < PAGES - 1; page++)
		cr_assert(at(&s, page * PAGE, 16));
	cr_expect_leq(source.pulls, 20, "%u pulls for %u pages", source.pulls, PAGES);
	expect_pulled_once_at_most(&source);
	snapshot_free(&s);
}

Test(snapshot, ends_where_the_source_ends)
{
	const uint64_t readable = 2 * PAGE + 10;
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, readable);
	cr_expect_null(at(&s, readable, 1), "zero-filled memory is not in the file");
	cr_expect_null(at(&s, readable - 1, 2));
	cr_expect_null(at(&s, 0, PART_SIZE));
	cr_expect_null(at(&s, PART_SIZE - 1, 1));
	cr_expect_eq(source.pulls, 0);
	expect_bytes(at(&s, readable - 1, 1), readable - 1, 1);
	expect_bytes(at(&s, 0, (size_t)readable), 0, (size_t)readable);
	expect_pulled_once_at_most(&source);
	snapshot_free(&s);
}

Test(snapshot, nothing_readable)
{
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, 0);
	cr_expect_null(at(&s, 0, 1));
	cr_expect_eq(source.pulls, 0);
	snapshot_free(&s);
}

/* A hostile header may claim a segment of any size; that must not cost memory or time. */
Test(snapshot, a_segment_of_absurd_size)
{
	struct snapshot s;
	struct source source;
	const uint64_t size = UINT64_MAX - BASE - 0x20000000;
	begin(&s, &source, size, size);
	cr_expect_null(at(&s, 0, 1));
	cr_expect_eq(source.pulls, 0);
	snapshot_free(&s);
}

Test(snapshot, outside_of_the_segments)
{
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, PART_SIZE);
	cr_expect_null(at(&s, (uint64_t)-1, 1), "before the first byte");
	cr_expect_null(at(&s, (uint64_t)-1, 2));
	cr_expect_null(at(&s, PART_SIZE, 1), "behind the last");
	cr_expect_null(at(&s, PART_SIZE - 1, 2));
	cr_expect_null(at(&s, 0, PART_SIZE + 1));
	cr_expect_null(at(&s, 0, SIZE_MAX));
	cr_expect_eq(source.pulls, 0);
	const uint8_t *other = s.view.at(&s.view, FAR, PAGE);
	cr_assert(other);
	cr_expect(other[0] == 0xee && other[PAGE - 1] == 0xee);
	snapshot_free(&s);
}

/* A page that cannot be had spoils no other, not even by being read ahead. */
Test(snapshot, a_page_that_cannot_be_had)
{
	for (size_t hole = 0; hole < 12; hole++) {
		struct snapshot s;
		struct source source;
		begin(&s, &source, PART_SIZE, PART_SIZE);
		source.hole = hole;
		for (size_t page = 0; page < 24; page++) {
			const uint8_t *bytes = at(&s, page * PAGE, PAGE);
			cr_expect_eq(bytes != NULL, page != hole, "hole %zu, page %zu", hole, page);
			if (bytes)
				expect_bytes(bytes, page * PAGE, PAGE);
		}
		cr_expect_null(at(&s, 0, 12 * PAGE));
		expect_pulled_once_at_most(&source);
		/* It may come back: a file system that failed, memory that was swapped. */
		source.hole = PAGES;
		expect_bytes(at(&s, hole * PAGE, PAGE), hole * PAGE, PAGE);
		expect_pulled_once_at_most(&source);
		snapshot_free(&s);
	}
}

/* No memory for a copy is no sign that there is nothing: mmap(2) refuses, as with a limit. */
Test(snapshot, no_memory_for_a_copy)
{
	const struct rlimit none = {0};
	struct snapshot s;
	struct source source;
	begin(&s, &source, PART_SIZE, PART_SIZE);
	expect_bytes(at(&s, 0, PAGE), 0, PAGE);
	cr_expect_not(s.no_memory);
	snapshot_free(&s);
	begin(&s, &source, PART_SIZE, PART_SIZE);
	cr_assert_eq(setrlimit(RLIMIT_AS, &none), 0);
	cr_expect_null(at(&s, 0, PAGE));
	cr_expect(s.no_memory);
	snapshot_free(&s);
}

/* Whoever spreads what is looked at over much memory does not get as much of ours. */
Test(snapshot, room_comes_to_its_end)
{
	struct snapshot snapshot;
	struct source source;
	begin(&snapshot, &source, PART_SIZE, PART_SIZE);
	snapshot.room = 3 * PAGE;
	cr_assert(at(&snapshot, 0, 1));
	cr_assert(at(&snapshot, 100 * PAGE, 1));
	cr_assert(at(&snapshot, 101 * PAGE, 1));
	cr_expect_eq(snapshot.pulled, 3 * PAGE);
	cr_expect_null(at(&snapshot, 50 * PAGE, 1));
	cr_expect(at(&snapshot, 101 * PAGE, 1), "what was copied stays");
	cr_expect_eq(snapshot.pulled, 3 * PAGE);
	expect_pulled_once_at_most(&source);
	snapshot_free(&snapshot);
}

/* ---- several threads ---- */

static void *read_all(void *context)
{
	struct snapshot *s = context;
	for (size_t page = 0; page < PAGES - 1; page++) {
		const uint8_t *bytes = at(s, page * PAGE + 3, 2 * sizeof(*bytes));
		if (!bytes || bytes[0] != byte_at(BASE + page * PAGE + 3) ||
		    bytes[1] != byte_at(BASE + page * PAGE + 4))
			return s;
	}
	return NULL;
}

Test(snapshot, any_thread_may_ask)
{
	for (int round = 0; round < 50; round++) {
		struct snapshot s;
		struct source source;
		pthread_t threads[4];
		void *failed;
		begin(&s, &source, PART_SIZE, PART_SIZE);
		for (int i = 0; i < 4; i++)
			cr_assert_eq(pthread_create(&threads[i], NULL, read_all, &s), 0);
		for (int i = 0; i < 4; i++) {
			pthread_join(threads[i], &failed);
			cr_expect_null(failed);
		}
		expect_pulled_once_at_most(&source);
		snapshot_free(&s);
	}
}

Test(snapshot, room)
{
	static const struct {
		uint64_t readable[2];
		bool has;
	} rows[] = {
		{{PART_SIZE, 0}, true},
		{{SNAPSHOT_ROOM, 0}, true},
		{{SNAPSHOT_ROOM, 1}, false},
		{{SNAPSHOT_ROOM + 1, 0}, false},
		{{UINT64_MAX / 2, UINT64_MAX / 2}, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct df_range segments[] = {
			{PAGE, UINT64_MAX / 2, DF_READ},
			{UINT64_MAX / 2 + PAGE, UINT64_MAX / 2 - PAGE, DF_READ}};
		struct snapshot s = {0};
		struct df_err err;
		cr_assert_eq(snapshot_begin(&s, segments, rows[i].readable, 2, NULL, 0, &err), 0);
		cr_expect_eq(snapshot_has_room(&s), rows[i].has, "row %zu", i);
		snapshot_free(&s);
	}
}
