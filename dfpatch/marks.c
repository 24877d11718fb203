/* SPDX-License-Identifier: Apache-2.0 */
/* marks.c - which modules this run of dfpatch has changed. */
#include "marks.h"

#include <stdlib.h>
#include <unistd.h>

int marks_reserve(struct marks *marks, size_t more, struct df_err *err)
{
	const size_t room = marks->count + more;
	if (room <= marks->room)
		return 0;
	struct mark *list = reallocarray(marks->list, room, sizeof(*list));
	if (!list)
		return df_fail_memory(err);
	marks->list = list;
	marks->room = room;
	return 0;
}

static struct mark *find(const struct marks *marks, const struct mark *mark)
{
	for (size_t i = 0; i < marks->count; i++) {
		struct mark *known = &marks->list[i];
		if (known->control == mark->control && known->generation == mark->generation &&
		    known->claim == mark->claim)
			return known;
	}
	return NULL;
}

void marks_note(struct marks *marks, const struct mark *mark)
{
	struct mark *known = find(marks, mark);
	if (known)
		*known = *mark;
	else if (marks->count < marks->room)
		marks->list[marks->count++] = *mark;
}

static bool is_stamped(const struct mark *mark, const struct df_control_v1 *block)
{
	return block->generation == mark->generation + 1 && block->changed_at == mark->at &&
	       block->changed_by == (uint32_t)getpid();
}

static bool is_in(const struct mark *mark, const struct df_control_v1 *block)
{
	const uint64_t claim = (uint64_t)block->external_nonce << 32 | block->external;
	const bool under_way = block->phase == DF_PHASE_WRITING || block->phase == DF_PHASE_CLOSING;
	if (under_way && block->generation == mark->generation)
		return claim == mark->claim;
	/* The stamp is written last, but for the phase. */
	return (block->phase == DF_PHASE_IDLE || block->phase == DF_PHASE_CLOSING) &&
	       is_stamped(mark, block);
}

bool marks_include(const struct marks *marks, uint64_t control, const struct df_control_v1 *block)
{
	for (size_t i = 0; i < marks->count; i++)
		if (marks->list[i].control == control && is_in(&marks->list[i], block))
			return true;
	return false;
}

void marks_free(struct marks *marks)
{
	free(marks->list);
	*marks = (struct marks){0};
}
