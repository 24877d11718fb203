/* SPDX-License-Identifier: Apache-2.0 */
/* recorder.c - telling whoever records changes what is done. */
#include "recorder.h"

#include <string.h>

#include "plans.h"

/* ---- room ---- */

/* Of each module: to make its edits, undo them, and put right what is left of that. */
static size_t room_for(const struct work *w, size_t i)
{
	const struct image *image = w->result->images.list[i];
	const size_t edits = 3 * w->result->plans[i].edit_count;
	/* What was found there, and what is written. */
	return plans_need_recovery(image) || w->left_open ? edits + 2 * image->table.count : edits;
}

static bool is_open(const struct df_state_v1 *state)
{
	return memcmp(&state->current, &state->next, sizeof(state->next)) != 0;
}

static void add_found(struct work *w, size_t i, uint32_t site, const struct moment *now)
{
	struct journal_entry entry = {
		.addr = w->result->images.list[i]->sites[site].addr,
		.module = (uint32_t)i,
		.site = site,
		.size = 1,
		.cause = JOURNAL_FOUND,
		.from = *now,
	};
	if (w->mem.load(w->mem.context, entry.addr, entry.after, entry.size, NULL) == 0)
		journal_add(&w->journal, &entry);
}

/*
 * What a controller that died has left. When its counts were being closed, it had written all
 * of its bytes, and those sites that were closed already are like any other.
 */
static void add_all_found(struct work *w, size_t i, const struct moment *now)
{
	const struct image *image = w->result->images.list[i];
	const bool closing = image->control.phase == DF_PHASE_CLOSING;
	for (uint32_t site = 0; site < image->table.count; site++)
		if (closing || is_open(&image->states[site]))
			add_found(w, i, site, now);
}

int recorder_make_room(struct work *w, struct df_err *err)
{
	size_t room = 0;
	if (!w->request->recorder && !journal_is_watched())
		return 0;
	for (size_t i = 0; i < w->result->images.count; i++)
		room += room_for(w, i);
	return journal_reserve(&w->journal, room, err);
}

int recorder_before(struct work *w, struct df_err *err)
{
	struct recorder *recorder = w->request->recorder;
	if (!recorder)
		return 0;
	w->recovered_before = w->result->recovered;
	const struct moment now = moment_now();
	for (size_t i = 0; i < w->result->images.count; i++)
		if (plans_need_recovery(w->result->images.list[i]))
			add_all_found(w, i, &now);
	w->told = true;
	w->unrecorded.code = DF_E_NONE;
	const int status = recorder->before(recorder, w->request, w->result, err);
	if (status == 0 || !w->request->undo)
		return status;
	/* That a log is full is no reason to leave a change for good that was for a time. */
	w->told = false;
	w->unrecorded = *err;
	return 0;
}

/* ---- what was done ---- */

/*
 * What was found is of a controller that died where its work was put right, which is the last
 * thing that an attempt does; elsewhere it may be of one that lives.
 */
static void drop_needless(struct work *w)
{
	struct journal *j = &w->journal;
	const bool recovered = w->result->recovered > w->recovered_before;
	size_t kept = 0;
	for (size_t i = 0; i < j->count; i++)
		if (j->entries[i].cause != JOURNAL_FOUND ||
		    (recovered && j->entries[i].module == j->module))
			j->entries[kept++] = j->entries[i];
	j->count = kept;
}

/* If anything was changed, the code must not be one that says the contrary, or asks to go on. */
static enum df_errc code_for(const struct change_result *result, enum df_errc code)
{
	const bool says_so = code == DF_E_UNDO || code == DF_E_NO_PROCESS || code == DF_E_EXEC;
	return result->committed + result->recovered > 0 && !says_so ? DF_E_WRITE : code;
}

static int unrecorded(const struct work *w, int status, const struct df_err *why,
		      struct df_err *err)
{
	char text[DF_ERR_TEXT];
	w->result->unrecorded = status == 0;
	if (status == 0)
		return df_fail(err, DF_E_WRITE, "%s: %s",
			       w->request->undo ? "what was changed for a time was taken back, but "
						  "this is not recorded"
						: "the change was made, but not recorded",
			       why->text);
	memcpy(text, err->text, sizeof(text));
	return df_fail(err, code_for(w->result, err->code),
		       "%.600s; and this is not recorded: %.360s", text, why->text);
}

int recorder_after(struct work *w, int status, struct df_err *err)
{
	struct recorder *recorder = w->request->recorder;
	struct df_err why;
	drop_needless(w);
	const int told = w->journal.count == 0 || !recorder || !w->told
				 ? 0
				 : recorder->written(recorder, w->request, w->result, &w->journal,
						     status < 0 ? err : NULL, &why);
	journal_clear(&w->journal);
	if (told == 0)
		return status;
	w->told = false; /* that it takes no more is said once */
	return unrecorded(w, status, &why, err);
}

int recorder_end(const struct work *w, int status, struct df_err *err)
{
	struct recorder *recorder = w->request->recorder;
	struct df_err why;
	if (w->unrecorded.code != DF_E_NONE)
		return unrecorded(w, status, &w->unrecorded, err);
	if (!w->told ||
	    recorder->end(recorder, w->request, w->result, status < 0 ? err : NULL, &why) == 0)
		return status;
	return unrecorded(w, status, &why, err);
}
