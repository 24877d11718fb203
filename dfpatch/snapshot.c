/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.c - a module's segments, copied page by page when first looked at. */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define PAGES_AHEAD_MAX 64
#define PART_MAX ((uint64_t)1 << 36)

/* Pages are counted from the start of the segment, wherever that lies in its own page. */
struct snapshot_part {
	uint64_t readable;
	uint8_t *copy; /* a mapping of the whole segment; the kernel gives it memory where it is
			  touched */
	uint8_t *have; /* one byte per page */
	size_t pulled; /* pages */
};

static size_t pages_of(uint64_t size)
{
	return (size_t)((size + PAGE - 1) / PAGE);
}

/* `have` is there only when the copy is: by it other threads know. */
static bool part_reserve(struct snapshot *s, struct snapshot_part *part)
{
	if (part->copy)
		return true;
	if (part->readable > PART_MAX)
		return false;
	uint8_t *have = calloc(pages_of(part->readable) + 1, 1);
	void *copy = have ? mmap(NULL, part->readable, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
			  : MAP_FAILED;
	if (copy == MAP_FAILED) {
		s->no_memory = true;
		free(have);
		return false;
	}
	part->copy = copy;
	__atomic_store_n(&part->have, have, __ATOMIC_RELEASE);
	return true;
}

static bool pull_pages(struct snapshot *s, struct snapshot_part *part, uint64_t base, size_t first,
		       size_t end)
{
	const uint64_t from = (uint64_t)first * PAGE;
	const uint64_t wanted = (uint64_t)end * PAGE;
	const uint64_t to = wanted < part->readable ? wanted : part->readable;
	if (to - from > s->room)
		return false;
	if (s->pull(s->context, base + from, part->copy + from, (size_t)(to - from)) != 0)
		return false;
	for (size_t page = first; page < end; page++)
		__atomic_store_n(&part->have[page], 1, __ATOMIC_RELEASE);
	part->pulled += end - first;
	s->room -= to - from;
	s->pulled += to - from;
	return true;
}

/* The end of the run of pages that are missing from `first` on. */
static size_t missing_until(const struct snapshot_part *part, size_t first, size_t limit)
{
	const size_t last = pages_of(part->readable);
	size_t end = first;
	while (end < last && end < limit && !part->have[end])
		end++;
	return end;
}

/* The more was read of a segment, the more of it will be: records and strings lie together. */
static size_t pages_ahead(const struct snapshot_part *part)
{
	return part->pulled < PAGES_AHEAD_MAX ? part->pulled : PAGES_AHEAD_MAX;
}

/*
 * Never pulls a page twice: what was checked must stay what it was, whatever
 * the source makes of it meanwhile. Takes some pages more than asked for if they
 * can be had.
 */
static bool have_pages(struct snapshot *s, struct snapshot_part *part, uint64_t base, size_t first,
		       size_t end)
{
	for (size_t page = first; page < end; page++) {
		if (part->have[page])
			continue;
		const size_t needed = missing_until(part, page, end);
		const size_t ahead = missing_until(part, page, page + pages_ahead(part));
		if (!(ahead > needed && pull_pages(s, part, base, page, ahead)) &&
		    !pull_pages(s, part, base, page, needed))
			return false;
	}
	return true;
}

/* Without the lock: nearly all that is asked for is there. */
static bool had_pages(const struct snapshot_part *part, size_t first, size_t end)
{
	const uint8_t *have = __atomic_load_n(&part->have, __ATOMIC_ACQUIRE);
	if (!have)
		return false;
	for (size_t page = first; page < end; page++)
		if (!__atomic_load_n(&have[page], __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static bool get_pages(struct snapshot *s, struct snapshot_part *part, uint64_t base, size_t first,
		      size_t end)
{
	pthread_mutex_lock(&s->lock);
	const bool got = part_reserve(s, part) && have_pages(s, part, base, first, end);
	pthread_mutex_unlock(&s->lock);
	return got;
}

static const void *snapshot_at(const struct df_view *view, uint64_t addr, size_t size)
{
	struct snapshot *s = view->context;
	const struct df_range *segment = df_view_within(view, addr, size, 0);
	if (!segment)
		return NULL;
	struct snapshot_part *part = &s->parts[segment - view->segments];
	const uint64_t from = addr - segment->addr;
	if (from >= part->readable || size > part->readable - from)
		return NULL;
	const size_t first = (size_t)(from / PAGE), end = pages_of(from + size);
	if (!had_pages(part, first, end) && !get_pages(s, part, segment->addr, first, end))
		return NULL;
	return part->copy + from;
}

bool snapshot_has_room(const struct snapshot *snapshot)
{
	uint64_t left = snapshot->room + snapshot->pulled;
	for (size_t i = 0; i < snapshot->view.segment_count; i++) {
		if (snapshot->parts[i].readable > left)
			return false;
		left -= snapshot->parts[i].readable;
	}
	return true;
}

struct snapshot_piece snapshot_piece(const struct snapshot *snapshot, uint64_t addr)
{
	for (size_t i = 0; i < snapshot->view.segment_count; i++) {
		const struct snapshot_part *part = &snapshot->parts[i];
		const uint64_t start = snapshot->ranges[i].addr;
		if (addr - start < part->readable && part->copy)
			return (struct snapshot_piece){start, part->readable, part->copy};
	}
	return (struct snapshot_piece){0};
}

const void *snapshot_again(const struct snapshot *snapshot, uint64_t addr)
{
	const struct snapshot_piece piece = snapshot_piece(snapshot, addr);
	return piece.size > 0 ? piece.copy + (addr - piece.addr) : NULL;
}

/* An address that is in two could be found in one and looked for again in the other. */
static bool overlaps_one_before(const struct df_range *segments, size_t index)
{
	const struct df_range *s = &segments[index];
	for (size_t i = 0; i < index; i++)
		if (s->addr - segments[i].addr < segments[i].size ||
		    segments[i].addr - s->addr < s->size)
			return true;
	return false;
}

int snapshot_begin(struct snapshot *snapshot, const struct df_range *segments,
		   const uint64_t *readable, size_t segment_count, const struct df_range *notes,
		   size_t note_count, struct df_err *err)
{
	snapshot->room = SNAPSHOT_ROOM;
	snapshot->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	snapshot->parts = calloc(segment_count + 1, sizeof(*snapshot->parts));
	snapshot->ranges = calloc(segment_count + note_count + 1, sizeof(*snapshot->ranges));
	if (!snapshot->parts || !snapshot->ranges)
		return df_fail_memory(err);
	for (size_t i = 0; i < segment_count; i++) {
		snapshot->ranges[i] = segments[i];
		snapshot->parts[i].readable = overlaps_one_before(segments, i) ? 0 : readable[i];
	}
	for (size_t i = 0; i < note_count; i++)
		snapshot->ranges[segment_count + i] = notes[i];
	snapshot->view = (struct df_view){
		.segments = snapshot->ranges,
		.segment_count = segment_count,
		.notes = snapshot->ranges + segment_count,
		.note_count = note_count,
		.at = snapshot_at,
		.context = snapshot,
	};
	return 0;
}

void snapshot_free(struct snapshot *snapshot)
{
	for (size_t i = 0; snapshot->parts && i < snapshot->view.segment_count; i++) {
		struct snapshot_part *part = &snapshot->parts[i];
		if (part->copy)
			munmap(part->copy, part->readable);
		free(part->have);
	}
	free(snapshot->parts);
	free(snapshot->ranges);
	*snapshot = (struct snapshot){0};
}
