/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_memory.c - nothing in the target changes but what must.
 *
 * All readable memory of a blocked target is copied before and after a flip.
 * What may differ is worked out from the target's own table.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "blocked.h"
#include "live.h"
#include "spots.h"

TestSuite(memory, .timeout = 60);

static struct tool tool;

struct area {
	uint64_t start, size;
	uint8_t *bytes;
};

struct snapshot {
	char *maps;
	size_t count;
	struct area list[512];
};

static char *read_text(const char *path)
{
	char *text = NULL;
	size_t size = 0, got;
	FILE *from = fopen(path, "re");
	FILE *to = open_memstream(&text, &size);
	char buffer[4096];
	cr_assert(from && to);
	while ((got = fread(buffer, 1, sizeof(buffer), from)) > 0)
		fwrite(buffer, 1, got, to);
	fclose(from);
	fclose(to);
	return text;
}

/* The kernel writes the time into [vvar], and [vsyscall] is not the process's. */
static bool is_kernels(const char *line, size_t length)
{
	return memmem(line, length, "[vvar", 5) || memmem(line, length, "[vsyscall]", 10);
}

static void take_area(struct snapshot *s, const struct spots *spots, uint64_t start, uint64_t end)
{
	struct area *area = &s->list[s->count++];
	cr_assert_lt(s->count, sizeof(s->list) / sizeof(s->list[0]));
	*area = (struct area){.start = start, .size = end - start, .bytes = malloc(end - start)};
	cr_assert(area->bytes);
	peek(spots, start, area->bytes, area->size);
}

static void take_snapshot(struct snapshot *s, const struct live *live, const struct spots *spots)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/maps", live->pid);
	s->maps = read_text(path);
	s->count = 0;
	for (char *line = s->maps; *line; line += strcspn(line, "\n") + 1) {
		char *at;
		const uint64_t start = strtoull(line, &at, 16);
		const uint64_t end = strtoull(at + 1, &at, 16);
		if (at[1] == 'r' && !is_kernels(line, strcspn(line, "\n")))
			take_area(s, spots, start, end);
	}
}

static void free_snapshot(struct snapshot *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->list[i].bytes);
	free(s->maps);
}

static uint8_t *byte_at(const struct snapshot *s, uint64_t addr)
{
	for (size_t i = 0; i < s->count; i++)
		if (addr >= s->list[i].start && addr - s->list[i].start < s->list[i].size)
			return &s->list[i].bytes[addr - s->list[i].start];
	cr_assert_fail("%#lx is not readable", (unsigned long)addr);
	return NULL;
}

/* Carries out in the copy what the operation must do to one spot. */
static void expect(struct snapshot *s, const struct spot *spot, bool active, uint32_t activation,
		   bool release)
{
	const struct df_count_v1 count = {
		.activation = activation ^ spot->record.activation,
		.unhook = release ? DF_HOLD_RELEASED : 0,
	};
	const struct df_state_v1 state = {.current = count, .next = count};
	*byte_at(s, spot->site) = opcode_of(spot, active);
	memcpy(byte_at(s, spot->state), &state, sizeof(state));
}

/* Time and process of the change are dfpatch's to choose; that they stand there is not. */
static void expect_commit(struct snapshot *s, const struct spots *spots)
{
	const struct df_control_v1 now = peek_control(spots);
	struct df_control_v1 *control = (void *)byte_at(s, spots->control);
	cr_assert_neq(now.changed_at, control->changed_at);
	cr_assert_eq(now.changed_by, (uint32_t)tool.pid);
	control->generation++;
	control->changed_at = now.changed_at;
	control->changed_by = now.changed_by;
}

static void assert_same(const struct snapshot *wanted, const struct snapshot *found)
{
	cr_assert_str_eq(wanted->maps, found->maps);
	cr_assert_eq(wanted->count, found->count);
	for (size_t i = 0; i < wanted->count; i++) {
		const struct area *a = &wanted->list[i], *b = &found->list[i];
		uint64_t at = 0;
		cr_assert_eq(a->start, b->start);
		if (memcmp(a->bytes, b->bytes, a->size) == 0)
			continue;
		while (a->bytes[at] == b->bytes[at])
			at++;
		cr_assert_fail("byte at %#lx is %02x, not %02x as expected",
			       (unsigned long)(a->start + at), b->bytes[at], a->bytes[at]);
	}
}

static void start_blocked(struct live *live, struct spots *spots)
{
	LIVE_START(live, "blocked", "sleep=2500");
	spots_open(spots, live);
	for (int i = 0; i < 10000 && live->page->checked < BLOCKED_CALLS; i++)
		sleep_us(1000);
	cr_assert_eq(live->page->checked, BLOCKED_CALLS);
	cr_assert(all_threads_are(live, 'S'));
}

Test(memory, only_opcodes_states_and_control_blocks_change)
{
	struct live live;
	struct spots spots;
	static struct snapshot before, after;
	start_blocked(&live, &spots);

	take_snapshot(&before, &live, &spots);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "blocked:"), 0, "%s", tool.err);
	take_snapshot(&after, &live, &spots);
	expect(&before, spots_find(&spots, "blocked", "first"), true, 1, false);
	expect(&before, spots_find(&spots, "blocked", "third"), true, 1, false);
	expect_commit(&before, &spots);
	assert_same(&before, &after);
	free_snapshot(&before);

	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "blocked:third", "other:"), 0);
	take_snapshot(&before, &live, &spots);
	expect(&after, spots_find(&spots, "blocked", "third"), false, 0, true);
	expect(&after, spots_find(&spots, "other", "fourth"), false, 0, false);
	expect_commit(&after, &spots);
	assert_same(&after, &before);
	free_snapshot(&before);
	free_snapshot(&after);

	cr_assert_eq(live.page->beat, 0, "a call ended while nothing should");
	spots_close(&spots);
	live_stop(&live);
}

/* What does not write must not write anything at all. */
Test(memory, looking_changes_nothing)
{
	struct live live;
	struct spots spots;
	static struct snapshot before, after;
	start_blocked(&live, &spots);
	take_snapshot(&before, &live, &spots);
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 0);
	cr_assert_eq(TOOL(&tool, "list", PID(&live), "--json"), 0);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--dry-run", ".*"), 0);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "blocked:first"), 0);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "nothing:"), 1);
	take_snapshot(&after, &live, &spots);
	assert_same(&before, &after);
	free_snapshot(&before);
	free_snapshot(&after);
	spots_close(&spots);
	live_stop(&live);
}

static void write_to(const struct live *live, int64_t fd)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", live->pid, (long)fd);
	const int to = open(path, O_WRONLY | O_CLOEXEC);
	cr_assert(to >= 0);
	cr_assert_eq(write(to, "x", 1), 1);
	close(to);
}

static void ended(const struct live *live, int call, const char *name, int64_t result)
{
	cr_assert_eq(live->page->word[call], result, "%s gave %ld, errno %ld", name,
		     (long)live->page->word[call], (long)live->page->word[call + BLOCKED_ERRNO]);
}

Test(memory, blocked_calls_go_on)
{
	struct live live;
	struct spots spots;
	const uint64_t started = now_ns();
	start_blocked(&live, &spots);
	for (int i = 0; i < 20; i++) {
		const char *command = i % 2 ? "disable" : "enable";
		cr_assert_eq(TOOL(&tool, command, PID(&live), "--stop", "blocked:first"), 0);
		cr_assert(strstr(tool.out, "5 threads stood still"), "%s", tool.out);
	}
	if (now_ns() - started < 2000000000u)
		cr_assert_eq(live.page->beat, 0, "a call ended before its time");
	nobody_is_traced(&live);
	/* Let go, a thread is on its way back into its call for a moment. */
	cr_assert(all_threads_are(&live, 'S'));
	write_to(&live, live.page->word[BLOCKED_WRITE_READ]);
	write_to(&live, live.page->word[BLOCKED_WRITE_POLL]);
	live.page->go = 1;
	cr_assert_eq(syscall(SYS_futex, &live.page->go, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	for (int i = 0; i < 10000 && live.page->beat < BLOCKED_CALLS; i++)
		sleep_us(1000);
	cr_assert_eq(live.page->beat, BLOCKED_CALLS);
	ended(&live, BLOCKED_NANOSLEEP, "nanosleep", 0);
	ended(&live, BLOCKED_FUTEX, "futex", 0);
	ended(&live, BLOCKED_READ, "read", 1);
	ended(&live, BLOCKED_POLL, "poll", 1);
	cr_assert_geq(now_ns() - started, 2500000000u, "nanosleep ended too early");
	spots_close(&spots);
	live_stop(&live);
}
