/* SPDX-License-Identifier: Apache-2.0 */
/* spots.c - a target's flags as its memory has them. */
#include "spots.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void peek(const struct spots *spots, uint64_t addr, void *to, size_t size)
{
	cr_assert_eq(pread(spots->mem, to, size, (off_t)addr), (ssize_t)size);
}

void poke(const struct spots *spots, uint64_t addr, const void *from, size_t size)
{
	cr_assert_eq(pwrite(spots->mem, from, size, (off_t)addr), (ssize_t)size);
}

static void peek_string(const struct spots *spots, uint64_t addr, char *to, size_t size)
{
	size_t i = 0;
	do
		peek(spots, addr + i, &to[i], 1);
	while (to[i] != '\0' && ++i < size - 1);
	to[i] = '\0';
}

static void peek_spot(const struct spots *spots, uint64_t record, struct spot *spot)
{
	struct df_site_v1 *r = &spot->record;
	peek(spots, record, r, sizeof(*r));
	spot->site = record + offsetof(struct df_site_v1, site) + (uint64_t)(int64_t)r->site;
	spot->target = record + offsetof(struct df_site_v1, target) + (uint64_t)(int64_t)r->target;
	spot->state = record + offsetof(struct df_site_v1, state) + (uint64_t)(int64_t)r->state;
	peek_string(spots, record + offsetof(struct df_site_v1, kind) + (uint64_t)(int64_t)r->kind,
		    spot->kind, sizeof(spot->kind));
	peek_string(spots, record + offsetof(struct df_site_v1, name) + (uint64_t)(int64_t)r->name,
		    spot->name, sizeof(spot->name));
}

void spots_open(struct spots *spots, const struct live *live)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/mem", live->pid);
	spots->mem = open(path, O_RDWR | O_CLOEXEC);
	spots->control = live->page->control;
	spots->count = 0;
	cr_assert(spots->mem >= 0 && spots->control != 0);
	const struct df_control_v1 control = peek_control(spots);
	const uint64_t start = spots->control + offsetof(struct df_control_v1, start) +
			       (uint64_t)(int64_t)control.start;
	const uint64_t stop = spots->control + offsetof(struct df_control_v1, stop) +
			      (uint64_t)(int64_t)control.stop;
	cr_assert(stop > start && (stop - start) / DF_SITE_SIZE <= SPOTS_MAX);
	for (uint64_t record = start; record < stop; record += DF_SITE_SIZE)
		peek_spot(spots, record, &spots->list[spots->count++]);
}

void spots_close(struct spots *spots)
{
	close(spots->mem);
}

const struct spot *spots_find(const struct spots *spots, const char *kind, const char *name)
{
	for (size_t i = 0; i < spots->count; i++)
		if (strcmp(spots->list[i].kind, kind) == 0 &&
		    strcmp(spots->list[i].name, name) == 0)
			return &spots->list[i];
	cr_assert_fail("the target has no flag %s:%s", kind, name);
	return NULL;
}

struct df_control_v1 peek_control(const struct spots *spots)
{
	struct df_control_v1 control;
	peek(spots, spots->control, &control, sizeof(control));
	return control;
}

struct df_state_v1 peek_state(const struct spots *spots, const struct spot *spot)
{
	struct df_state_v1 state;
	peek(spots, spot->state, &state, sizeof(state));
	return state;
}

uint8_t peek_opcode(const struct spots *spots, const struct spot *spot)
{
	uint8_t opcode;
	peek(spots, spot->site, &opcode, 1);
	return opcode;
}

void poke_phase(const struct spots *spots, uint32_t phase)
{
	poke(spots, spots->control + offsetof(struct df_control_v1, phase), &phase, sizeof(phase));
}

void poke_lock(const struct spots *spots, uint32_t owner)
{
	poke(spots, spots->control + offsetof(struct df_control_v1, lock), &owner, sizeof(owner));
}

uint8_t opcode_of(const struct spot *spot, bool active)
{
	const bool jump = active != ((spot->record.flags & DF_SITE_INVERTED) != 0);
	if (spot->record.style == DF_STYLE_X86_CARRY)
		return jump ? 0xf9 : 0xf8;
	return jump ? 0xe9 : 0xa9;
}

static bool is_active(const struct spot *spot, const struct df_count_v1 *count)
{
	const bool held =
		(spot->record.flags & DF_SITE_HELD) && !(count->unhook & DF_HOLD_RELEASED);
	return held || (count->activation ^ spot->record.activation) > 0;
}

void spots_are_whole(const struct spots *spots)
{
	const struct df_control_v1 control = peek_control(spots);
	cr_assert_eq(control.phase, DF_PHASE_IDLE);
	for (size_t i = 0; i < spots->count; i++) {
		const struct spot *spot = &spots->list[i];
		const struct df_state_v1 state = peek_state(spots, spot);
		cr_assert(memcmp(&state.current, &state.next, sizeof(state.next)) == 0,
			  "%s:%s: next differs from current", spot->kind, spot->name);
		const uint8_t wanted = opcode_of(spot, is_active(spot, &state.current));
		const uint8_t found = peek_opcode(spots, spot);
		cr_assert_eq(found, wanted, "%s:%s: opcode %02x instead of %02x", spot->kind,
			     spot->name, found, wanted);
	}
}

uint64_t generation_of(const struct live *live)
{
	struct spots spots;
	spots_open(&spots, live);
	spots_are_whole(&spots);
	const struct df_control_v1 control = peek_control(&spots);
	spots_close(&spots);
	return control.generation;
}

size_t spots_image(const struct spots *spots, uint8_t image[SPOTS_IMAGE])
{
	uint8_t *to = image;
	peek(spots, spots->control, to, DF_CONTROL_SIZE);
	to += DF_CONTROL_SIZE;
	for (size_t i = 0; i < spots->count; i++) {
		const bool carry = spots->list[i].record.style == DF_STYLE_X86_CARRY;
		const size_t size = carry ? 1 : 5;
		peek(spots, spots->list[i].site, to, size);
		peek(spots, spots->list[i].state, to + size, DF_STATE_SIZE);
		to += size + DF_STATE_SIZE;
	}
	return (size_t)(to - image);
}

/* Copies the text of a thread's status file; false if the thread is gone. */
static bool thread_status(const struct live *live, const char *thread, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", live->pid, thread);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* How many threads there are for which `is` holds of their status file, `what` being its argument.
 */
static size_t count_threads(const struct live *live, bool (*is)(const char *, char), char what,
			    size_t *all)
{
	char path[32], text[4096];
	size_t found = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", live->pid);
	DIR *directory = opendir(path);
	cr_assert(directory);
	*all = 0;
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (*entry->d_name == '.' ||
		    !thread_status(live, entry->d_name, text, sizeof(text)))
			continue;
		++*all;
		found += is(text, what);
	}
	closedir(directory);
	return found;
}

static bool in_state(const char *status, char state)
{
	const char *at = strstr(status, "\nState:\t");
	return at && at[8] == state;
}

static bool is_traced(const char *status, char unused)
{
	(void)unused;
	return in_state(status, 't') || !strstr(status, "\nTracerPid:\t0\n");
}

void nobody_is_traced(const struct live *live)
{
	size_t all;
	const size_t traced = count_threads(live, is_traced, 0, &all);
	cr_assert(all > 0);
	cr_assert_eq(traced, 0, "%zu of %zu threads are still traced or stopped", traced, all);
}

bool all_threads_are(const struct live *live, char state)
{
	size_t all = 0, found = 0;
	for (int i = 0; i < 2000; i++) {
		found = count_threads(live, in_state, state, &all);
		if (found == all)
			return true;
		sleep_us(1000);
	}
	return false;
}
