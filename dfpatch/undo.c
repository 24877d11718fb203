/* SPDX-License-Identifier: Apache-2.0 */
/* undo.c - what a change adds to the counts of one process, and a plan that takes that back. */
#include "undo.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "proc_mem.h"

/* ---- the record ---- */

static int record_module(struct undo_module *module, const struct image *image,
			 const struct df_plan *plan, struct df_err *err)
{
	*module = (struct undo_module){
		.control = image->table.control,
		.generation = plan->generation,
		.table_count = plan->count,
		.sites = calloc(plan->change_count + 1, sizeof(*module->sites)),
	};
	if (!module->sites)
		return df_fail_memory(err);
	for (size_t i = 0; i < plan->change_count; i++) {
		const uint32_t site = plan->changes[i];
		module->sites[module->count++] = (struct undo_site){
			.site = site, .was = plan->was[site], .will = plan->will[site]};
	}
	return 0;
}

/* The descriptor of a change has the lock of the process, which must not be kept (process.h). */
static int keep_process(struct undo *undo, const struct process *process, struct df_err *err)
{
	undo->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	undo->mem = fcntl(process->mem, F_DUPFD_CLOEXEC, 0);
	if (undo->pidfd < 0 || undo->mem < 0)
		return df_fail_errno(err, DF_E_SYSTEM,
				     "cannot keep process %d open, to take the change back; "
				     "nothing was changed",
				     process->pid);
	return undo_check(undo, process, err);
}

int undo_begin(struct undo *undo, const struct change_result *result, struct df_err *err)
{
	*undo = (struct undo){
		.pid = result->process.pid,
		.pidfd = -1,
		.mem = -1,
		.by = (uint32_t)getpid(),
		.modules = calloc(result->images.count + 1, sizeof(*undo->modules)),
	};
	if (!undo->modules)
		return df_fail_memory(err);
	snprintf(undo->name, sizeof(undo->name), "%s", result->process.name);
	for (size_t i = 0; i < result->images.count; i++) {
		if (df_plan_empty(&result->plans[i]))
			continue;
		const int status = record_module(&undo->modules[undo->count++],
						 result->images.list[i], &result->plans[i], err);
		if (status < 0)
			return status;
	}
	return keep_process(undo, &result->process, err);
}

void undo_settle(struct undo *undo, size_t committed, bool open)
{
	const size_t kept = committed + (open ? 1 : 0);
	for (size_t i = 0; i < undo->count && i < committed; i++)
		undo->modules[i].sure = true;
	while (undo->count > kept)
		free(undo->modules[--undo->count].sites);
}

void undo_free(struct undo *undo)
{
	for (size_t i = 0; i < undo->count; i++)
		free(undo->modules[i].sites);
	free(undo->modules);
	cleanup_fd(&undo->pidfd);
	cleanup_fd(&undo->mem);
	*undo = (struct undo){.pidfd = -1, .mem = -1};
}

/* ---- the process ---- */

int undo_check(const void *context, const struct process *process, struct df_err *err)
{
	const struct undo *undo = context;
	struct pollfd end = {.fd = undo->pidfd, .events = POLLIN};
	uint8_t byte;
	if (poll(&end, 1, 0) != 0)
		return df_fail(err, DF_E_NO_PROCESS, "process %d (%s) exited meanwhile", undo->pid,
			       undo->name);
	if (undo->count == 0 || proc_mem_read(undo->mem, undo->modules[0].control, &byte, 1,
					      NULL) != -(int)DF_E_NO_PROCESS)
		return 0;
	return process_explain_end(process, err);
}

int undo_take_memory(const struct undo *undo, struct process *process, struct df_err *err)
{
	if (dup3(undo->mem, process->mem, O_CLOEXEC) >= 0)
		return 0;
	return df_fail_errno(err, DF_E_SYSTEM, "cannot reach the memory of process %d again",
			     undo->pid);
}

/* ---- one site ---- */

static uint32_t less(uint32_t count, int64_t added, uint32_t top)
{
	const int64_t left = (int64_t)count - added;
	if (left < 0)
		return 0;
	return left > (int64_t)top ? top : (uint32_t)left;
}

static bool same(const struct df_count *a, const struct df_count *b)
{
	return a->activation == b->activation && a->unhook == b->unhook && a->held == b->held;
}

/*
 * The unhooking of this very change is taken back first, and the rehooking last: what stands in
 * the way then is somebody else's.
 */
static enum df_outcome take_back(struct df_count *count, const struct undo_site *site,
				 bool may_hold)
{
	const struct df_count before = *count;
	const int64_t activation = (int64_t)site->will.activation - site->was.activation;
	count->unhook =
		less(count->unhook, (int64_t)site->will.unhook - site->was.unhook, DF_UNHOOK_MAX);
	const bool unhooked = count->unhook > 0 && before.unhook > 0;
	const bool hold = site->was.held && !site->will.held && !count->held && may_hold;
	if (unhooked && (activation < 0 || hold))
		return DF_UNHOOKED;
	count->activation = less(count->activation, activation, DF_ACTIVATION_MAX);
	count->held |= hold;
	return same(count, &before) ? DF_SAME : DF_CHANGED;
}

/* ---- modules ---- */

/* By its address, and by what a module that was loaded in its place would not have. */
static const struct undo_module *find(const struct undo *undo, const struct image *image)
{
	for (size_t i = 0; i < undo->count; i++) {
		const struct undo_module *module = &undo->modules[i];
		if (module->control == image->table.control &&
		    module->table_count == image->table.count &&
		    module->generation <= image->control.generation)
			return module;
	}
	return NULL;
}

/* Whether more of its sites look as they do after the change than as they do before. */
static bool looks_made(const struct undo_module *module, const struct df_plan *plan)
{
	size_t before = 0, after = 0;
	for (size_t i = 0; i < module->count; i++) {
		const struct undo_site *site = &module->sites[i];
		before += same(&plan->was[site->site], &site->was);
		after += same(&plan->was[site->site], &site->will);
	}
	return after > before;
}

/*
 * Of a module at rest. A change raises its generation by one, and leaves the process that made it;
 * that is ourselves, if we put the change of one that was killed right.
 */
static bool was_made(const struct undo *undo, const struct undo_module *module,
		     const struct image *image, const struct df_plan *plan)
{
	const struct df_control_v1 *control = &image->control;
	if (module->sure)
		return true;
	if (control->generation == module->generation)
		return false;
	if (control->generation == module->generation + 1 &&
	    (control->changed_by == undo->by || control->changed_by == (uint32_t)getpid()))
		return true;
	return looks_made(module, plan);
}

static bool has_to_be_taken_back(const struct undo_request *request,
				 const struct undo_module *module, const struct image *image,
				 const struct df_plan *plan)
{
	const bool idle = image->control.phase == DF_PHASE_IDLE;
	for (size_t i = 0; i < request->tried_count; i++) {
		const struct undo_module *tried = find(&request->tried[i], image);
		if (tried && (!idle || was_made(&request->tried[i], tried, image, plan)))
			return false;
	}
	return (idle || module->sure) && was_made(request->undo, module, image, plan);
}

void undo_plan(const struct undo_request *request, const struct images *images,
	       struct df_plan *plans, struct selection *selection)
{
	for (size_t i = 0; i < images->count; i++) {
		const struct image *image = images->list[i];
		const struct undo_module *module = find(request->undo, image);
		struct df_plan *plan = &plans[i];
		if (!module || !has_to_be_taken_back(request, module, image, plan))
			continue;
		for (size_t j = 0; j < module->count; j++) {
			const struct undo_site *site = &module->sites[j];
			plan->outcome[site->site] = (uint8_t)take_back(
				&plan->will[site->site], site, !plan->was_initialised);
			selection->selected[i][site->site] = true;
		}
	}
}
