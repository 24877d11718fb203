/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c - what was written to text of the target. */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "probe.h"

PROBE_DEFINE(dfpatch);

bool journal_is_watched(void)
{
	return PROBE_IS_ON(dfpatch);
}

struct moment moment_now(void)
{
	return (struct moment){
		.wall = wall_now(),
		.monotonic = monotonic_now(),
		.tsc = __builtin_ia32_rdtsc(),
	};
}

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	const struct journal *j = context;
	return j->mem.load(j->mem.context, addr, buffer, size, err);
}

static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	const struct journal *j = context;
	return j->mem.store(j->mem.context, addr, buffer, size, err);
}

/* ---- text ---- */

/* What stands there now; false if it cannot be read, as of a process that is gone. */
static bool look(const struct journal *j, const struct journal_entry *entry, uint8_t bytes[4])
{
	return j->mem.load(j->mem.context, entry->addr, bytes, entry->size, NULL) == 0;
}

/* An undo goes over all edits, of which some may not have been made. */
static struct journal_entry entry_of(const struct journal *j, const struct df_edit *edit, bool undo,
				     const struct moment *from)
{
	struct journal_entry entry = {
		.addr = edit->addr,
		.module = j->module,
		.site = edit->site,
		.size = edit->size,
		.cause = undo ? JOURNAL_UNDO : j->cause,
		.from = *from,
	};
	memcpy(entry.before, undo ? edit->after : edit->before, sizeof(entry.before));
	memcpy(entry.after, undo ? edit->before : edit->after, sizeof(entry.after));
	if (undo)
		(void)look(j, &entry, entry.before);
	return entry;
}

/* After a failure, what stands there tells whether it was written. */
static bool was_written(const struct journal *j, const struct journal_entry *entry, int status)
{
	uint8_t now[4];
	if (memcmp(entry->before, entry->after, entry->size) == 0)
		return false;
	return status == 0 || (look(j, entry, now) && memcmp(now, entry->before, entry->size) != 0);
}

/* Of the entries from `first` on only those that were written stay. */
static void sift(struct journal *j, size_t first, int status)
{
	size_t kept = first;
	for (size_t i = first; i < j->count; i++)
		if (was_written(j, &j->entries[i], status))
			j->entries[kept++] = j->entries[i];
	j->count = kept;
}

static void announce(const struct journal *j, size_t first)
{
	for (size_t i = first; i < j->count; i++) {
		const struct journal_entry *entry = &j->entries[i];
		PROBE_FLIP(dfpatch, j->pid, &j->sites[entry->site], entry->before[0],
			   entry->after[0]);
	}
}

static int patch(void *context, const struct df_edit *edits, size_t count, bool undo,
		 struct df_err *err)
{
	struct journal *j = context;
	const size_t first = j->count;
	if (j->room == 0)
		return j->mem.patch(j->mem.context, edits, count, undo, err);
	if (count > j->room - j->count)
		return df_fail_memory(err);
	const struct moment from = moment_now();
	for (size_t i = 0; i < count; i++)
		j->entries[j->count++] = entry_of(j, &edits[i], undo, &from);
	const int status = j->mem.patch(j->mem.context, edits, count, undo, err);
	sift(j, first, status);
	if (PROBE_IS_ON(dfpatch))
		announce(j, first);
	return status;
}

static int serialise(void *context, struct df_err *err)
{
	struct journal *j = context;
	const int status = j->mem.serialise(j->mem.context, err);
	if (status < 0 || j->settled == j->count)
		return status;
	const struct moment until = moment_now();
	while (j->settled < j->count)
		j->entries[j->settled++].until = until;
	return 0;
}

struct df_mem journal_interface(struct journal *journal)
{
	return (struct df_mem){
		.context = journal,
		.load = load,
		.store = store,
		.patch = patch,
		.serialise = serialise,
	};
}

/* ---- what is kept ---- */

void journal_begin(struct journal *journal, const struct df_mem *mem, pid_t pid)
{
	*journal = (struct journal){.mem = *mem, .pid = pid};
}

int journal_reserve(struct journal *journal, size_t count, struct df_err *err)
{
	const size_t room = journal->count + count + 1;
	if (room <= journal->room)
		return 0;
	struct journal_entry *larger = reallocarray(journal->entries, room, sizeof(*larger));
	if (!larger)
		return df_fail_memory(err);
	journal->entries = larger;
	journal->room = room;
	return 0;
}

void journal_turn_to(struct journal *journal, size_t module, const struct df_site *sites,
		     enum journal_cause cause)
{
	journal->module = (uint32_t)module;
	journal->sites = sites;
	journal->cause = cause;
}

void journal_add(struct journal *journal, const struct journal_entry *entry)
{
	if (journal->count < journal->room)
		journal->entries[journal->count++] = *entry;
}

void journal_clear(struct journal *journal)
{
	journal->count = 0;
	journal->settled = 0;
}

void journal_end(struct journal *journal)
{
	free(journal->entries);
	*journal = (struct journal){0};
}
