/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.h - a module's segments, copied page by page when first looked at.
 *
 * It gives the core a df_view on a file or on another process. Copies keep
 * their address until the end, so strings of the table can be used in place,
 * and what was read once stays as it was read. Any thread may ask the view for bytes; what becomes
 * of a snapshot that lacks room depends on who asked first, so there only one should.
 */
#ifndef DFPATCH_SNAPSHOT_H
#define DFPATCH_SNAPSHOT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "mem.h"

/* Reads exactly `size` bytes at `addr` (of the view's space). Returns 0, or -1 if they cannot be
 * had. */
typedef int (*snapshot_pull)(void *context, uint64_t addr, void *to, size_t size);

struct snapshot_part;

struct snapshot {
	struct df_view view; /* view.context is the snapshot */
	struct snapshot_part *parts;
	struct df_range *ranges; /* segments, then notes */
	snapshot_pull pull;
	void *context;
	uint64_t room;	      /* bytes that may still be copied; SNAPSHOT_ROOM at first */
	uint64_t pulled;      /* bytes that were copied */
	pthread_mutex_t lock; /* of whoever copies */
	bool no_memory;	      /* something was not given because there was no memory for a copy */
};

/*
 * What is copied of one source at most: tables and strings of a million sites fit in,
 * and a source that scatters its strings over all of its memory does not get all of ours.
 */
#define SNAPSHOT_ROOM ((uint64_t)128 << 20)

/*
 * Begins a snapshot of the given segments and notes (copied). `readable[i]`
 * is how many bytes of segment i exist at its source: less than its size where
 * the rest is zero-filled memory of which a file has nothing. A segment that overlaps one
 * before it, as no linker makes them, cannot be read. Returns 0, or DF_E_MEMORY. snapshot_free()
 * ends it, also after a failure.
 */
int snapshot_begin(struct snapshot *snapshot, const struct df_range *segments,
		   const uint64_t *readable, size_t segment_count, const struct df_range *notes,
		   size_t note_count, struct df_err *err);

/* Whether all that is readable could be copied. */
bool snapshot_has_room(const struct snapshot *snapshot);

/*
 * Where the copy of the byte at `addr` is, which the view's `at` has given before; that of a byte
 * it has not given may be anything, and NULL if there is no copy near it. Any thread may ask.
 */
const void *snapshot_again(const struct snapshot *snapshot, uint64_t addr);

/* The copy of a segment. What was not given of it may be anything. */
struct snapshot_piece {
	uint64_t addr;
	uint64_t size; /* 0 if there is no copy */
	const uint8_t *copy;
};

/* That of the segment that holds the byte at `addr`: for many bytes that snapshot_again() finds. */
struct snapshot_piece snapshot_piece(const struct snapshot *snapshot, uint64_t addr);

void snapshot_free(struct snapshot *snapshot);

#endif
