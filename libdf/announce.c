/* SPDX-License-Identifier: Apache-2.0 */
/* announce.c - flips within this process, told to whoever looks. */
#include "announce.h"

#include <unistd.h>

#include "probe.h"
#include "record.h"
#include "self.h"

PROBE_DEFINE(libdf);

static void announce(const struct df_site *site, uint8_t before, uint8_t after)
{
	PROBE_FLIP(libdf, getpid(), site, before, after);
}

/* The edit at this offset; NULL for none. */
static const struct self_edit *find(const struct self_edit *edits, size_t count, uint64_t offset)
{
	size_t from = 0, to = count;
	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		if (edits[middle].offset < offset)
			from = middle + 1;
		else
			to = middle;
	}
	return from < count && edits[from].offset == offset ? &edits[from] : NULL;
}

/* An edit does not say of which site it is: nobody needs that otherwise. */
void announce_edits(const struct loaded *m, const struct self_edit *edits, size_t count, bool undo)
{
	if (!PROBE_IS_ON(libdf))
		return;
	for (uint32_t i = 0; i < m->count; i++) {
		const uint64_t offset = record_follow(&m->records[i].site) - (uintptr_t)m->base;
		const struct self_edit *edit = find(edits, count, offset);
		if (!edit)
			continue;
		const struct df_site site = record_site(&m->records[i]);
		announce(&site, undo ? edit->after : edit->before,
			 undo ? edit->before : edit->after);
	}
}

/* ---- what is put right ---- */

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	return self_memory.load(self_memory.context, addr, buffer, size, err);
}

static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	return self_memory.store(self_memory.context, addr, buffer, size, err);
}

static int patch(void *context, const struct df_edit *edits, size_t count, bool undo,
		 struct df_err *err)
{
	const struct announced *announced = context;
	const int status = self_memory.patch(self_memory.context, edits, count, undo, err);
	for (size_t i = 0; status == 0 && PROBE_IS_ON(libdf) && i < count; i++)
		announce(&announced->sites[edits[i].site],
			 undo ? edits[i].after[0] : edits[i].before[0],
			 undo ? edits[i].before[0] : edits[i].after[0]);
	return status;
}

static int serialise(void *context, struct df_err *err)
{
	(void)context;
	return self_memory.serialise(self_memory.context, err);
}

struct df_mem announced_memory(struct announced *announced)
{
	return (struct df_mem){
		.context = announced,
		.load = load,
		.store = store,
		.patch = patch,
		.serialise = serialise,
	};
}
