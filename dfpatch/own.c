/* SPDX-License-Identifier: Apache-2.0 */
/* own.c - making every module that a change concerns ours. */
#include "own.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "carry.h"
#include "clock.h"
#include "namespace.h"
#include "plans.h"
#include "proc_errno.h"
#include "recover.h"

/* How long a call may ask libdf to wait, all turns added: half of what libdf has patience for. */
#define TURNS_MAX_NS UINT64_C(5000000000)

/* ---- locks ---- */

/* Which thread has the module's lock, as we number threads; 0 for none, -1 if that cannot be told.
 */
static pid_t owner_of(const struct work *w, const struct df_control_v1 *control)
{
	const pid_t owner = (pid_t)(control->lock & DF_LOCK_OWNER);
	if (owner == 0 || !w->result->process.foreign_pids)
		return owner;
	return namespace_thread(&w->result->process, owner);
}

/* Or so it seems: what cannot be told does not free a lock. */
static bool is_there(const struct work *w, pid_t thread)
{
	char name[32];
	snprintf(name, sizeof(name), "task/%d", thread);
	return faccessat(w->result->process.dir, name, F_OK, 0) == 0 || !proc_says_gone(errno);
}

static int locked(const struct work *w, const struct image *image,
		  const struct df_control_v1 *control, struct df_err *err)
{
	return df_fail(err, DF_E_BUSY,
		       "%s: thread %" PRIu32 " of process %d holds the lock of its flags; "
		       "nothing was changed",
		       image->path, control->lock & DF_LOCK_OWNER, w->request->pid);
}

static int await_lock(struct work *w, const struct image *image, uint64_t patience,
		      struct df_err *err)
{
	const struct timespec pause = {.tv_nsec = 50000};
	for (;;) {
		struct df_control_v1 control;
		const int status = df_control_load(&w->mem, image->table.control, &control, err);
		if (status < 0)
			return status;
		const pid_t owner = owner_of(w, &control);
		if (owner == 0 || (owner > 0 && !is_there(w, owner)))
			return 0;
		if (monotonic_now() >= patience)
			return locked(w, image, &control, err);
		nanosleep(&pause, NULL);
	}
}

int own_await(struct work *w, uint64_t patience, struct df_err *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < w->result->images.count; i++)
		if (plans_concern(w, i))
			status = await_lock(w, w->result->images.list[i], patience, err);
	return status;
}

/* ---- with every thread stopped ---- */

/*
 * Nobody else is a controller outside, so a claim that stands in the module is ours, or
 * belongs to one that died.
 */
static int clear_claim(struct work *w, const struct image *image, struct df_err *err)
{
	const uint64_t none = 0;
	return w->mem.store(w->mem.context,
			    image->table.control + offsetof(struct df_control_v1, external), &none,
			    sizeof(none), err);
}

/* What we began there ourselves, and had no time to finish. */
static int put_ours_right(struct work *w, const struct image *image, const struct df_module *module,
			  const struct df_stamp *stamp, struct df_err *err)
{
	carry_note(w, module->control, w->result->plans[w->next].generation, stamp);
	journal_turn_to(&w->journal, w->next, module->sites, JOURNAL_RECOVERY);
	if (df_recover(&w->mem, module, stamp, err) < 0)
		return df_err_prefix(err, image->path);
	carry_closed(w);
	return 0;
}

/* What a controller that died left in a module that is ours now, if it did. */
static int put_right(struct work *w, size_t i, const struct df_control_v1 *control,
		     const struct df_stamp *stamp, struct df_err *err)
{
	const struct image *image = w->result->images.list[i];
	const struct df_module module = plans_module(w, i);
	if (w->left_open && i == w->next)
		return put_ours_right(w, image, &module, stamp, err);
	if (!plans_need_recovery(image))
		return 0;
	/* Whoever was at work when we looked lives, and is done. */
	if (control->phase == DF_PHASE_IDLE)
		return df_fail(err, DF_E_CHANGED, "%s: another controller changed flags meanwhile",
			       image->path);
	/* It is known again when all is planned anew. */
	if (plans_inherited(w, image))
		carry_note(w, module.control, control->generation, stamp);
	journal_turn_to(&w->journal, i, module.sites, JOURNAL_RECOVERY);
	if (df_recover(&w->mem, &module, stamp, err) < 0)
		return df_err_prefix(err, image->path);
	w->result->recovered++;
	return df_fail(err, DF_E_CHANGED, "%s: the work of a controller that died was put right",
		       image->path);
}

static int own_image(struct work *w, size_t i, const struct df_stamp *stamp, struct df_err *err)
{
	const struct image *image = w->result->images.list[i];
	struct df_control_v1 control;
	int status = df_control_load(&w->mem, image->table.control, &control, err);
	const pid_t owner = status == 0 ? owner_of(w, &control) : 0;
	if (owner < 0 || (owner > 0 && threads_include(&w->threads, owner)))
		return locked(w, image, &control, err);
	if (status == 0 && control.external != 0)
		status = clear_claim(w, image, err);
	return status < 0 ? status : put_right(w, i, &control, stamp, err);
}

int own_stopped(struct work *w, const struct df_stamp *stamp, struct df_err *err)
{
	for (size_t i = 0; i < w->result->images.count; i++) {
		const int status = plans_concern(w, i) ? own_image(w, i, stamp, err) : 0;
		if (status < 0)
			return status;
	}
	return 0;
}

/* A module that is no longer there, or another now, is left alone. */
static bool still_there(const struct work *w, const struct image *image)
{
	struct df_control_v1 control;
	return df_control_load(&w->mem, image->table.control, &control, NULL) == 0 &&
	       control.start == image->control.start && control.stop == image->control.stop;
}

void own_ask_for_turn(struct work *w)
{
	const uint64_t now = monotonic_now();
	if (w->claimed_since == 0)
		w->claimed_since = now;
	claims_drop(&w->claims, &w->mem);
	/* In any case: no claim is that of a recovery and of the change behind it (marks.h). */
	claims_renew(&w->claims);
	if (now >= w->deadline || now - w->claimed_since > TURNS_MAX_NS)
		return;
	for (size_t i = 0; i < w->result->images.count; i++) {
		const struct image *image = w->result->images.list[i];
		if (plans_concern(w, i) && still_there(w, image))
			(void)claims_take(&w->claims, &w->mem, image->table.control, NULL);
	}
}

/* ---- while the program runs ---- */

static bool concerned(const struct work *w, uint64_t control)
{
	for (size_t i = 0; i < w->result->images.count; i++)
		if (w->result->images.list[i]->table.control == control && plans_concern(w, i))
			return true;
	return false;
}

/* What we asked a turn for, and have no more use for. The others are claimed anew, without a gap.
 */
static void drop_needless(struct work *w)
{
	for (size_t i = 0; i < w->claims.count; i++)
		if (!concerned(w, w->claims.list[i]))
			claims_drop_one(&w->claims, i, &w->mem);
}

static int claim_all(struct work *w, struct df_err *err)
{
	drop_needless(w);
	claims_renew(&w->claims);
	for (size_t i = 0; i < w->result->images.count; i++) {
		const uint64_t control = w->result->images.list[i]->table.control;
		const int status =
			plans_concern(w, i) ? claims_take(&w->claims, &w->mem, control, err) : 0;
		if (status < 0)
			return status;
	}
	/* What we read next, we read after this: libdf takes its lock and then reads our claim. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return 0;
}

/* The claims are ours, and stand. */
static int put_all_right(struct work *w, const struct df_stamp *stamp, struct df_err *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < w->result->images.count; i++) {
		const struct image *image = w->result->images.list[i];
		struct df_control_v1 control;
		if (!plans_need_recovery(image) && !w->left_open)
			continue;
		status = df_control_load(&w->mem, image->table.control, &control, err);
		if (status == 0)
			status = put_right(w, i, &control, stamp, err);
	}
	return status;
}

int own_claimed(struct work *w, const struct df_stamp *stamp, uint64_t patience, struct df_err *err)
{
	int status = claim_all(w, err);
	/* The claim stays while we wait: if both gave way at once, both could do so without end. */
	if (status == 0)
		status = own_await(w, patience, err);
	/* A thread that took over an older claim may have wiped a part of ours. */
	if (status == 0 && !claims_stand(&w->claims, &w->mem))
		return df_fail(err, DF_E_CHANGED, "another controller took our claim away");
	return status < 0 ? status : put_all_right(w, stamp, err);
}
