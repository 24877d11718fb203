/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - the pipeline.
 *
 *   process_open, process_lock                            once
 *   load: images_from_process, selection_make             while the target runs
 *   plan_all: refresh, plan, verify                       likewise
 *   threads_stop                                          nothing allocated, printed, opened
 *     own_all: locks free, dead controllers' work put right
 *     recheck, apply
 *   threads_resume
 *
 * What another controller changes between planning and stopping is seen by the
 * recheck: then everything is let go, and loaded and planned anew. So it is when
 * a module looks damaged, which may be one that was being loaded or unloaded.
 */
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "image_process.h"
#include "proc_mem.h"
#include "recover.h"
#include "threads.h"
#include "verify.h"

struct change {
	const struct change_request *request;
	struct change_result *result;
	struct verifier *verifier;
	struct threads threads;
	struct proc_mem *memory;
	struct df_mem mem;
	uint64_t deadline; /* CLOCK_MONOTONIC, ns */
};

static struct df_module module_of(const struct image *image)
{
	return (struct df_module){
		.control = image->table.control,
		.sites = image->sites,
		.count = image->table.count,
	};
}

static struct df_stamp stamp_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (struct df_stamp){
		.now = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
		.pid = (uint32_t)getpid(),
	};
}

/* ---- while the target runs ---- */

/* A module that a dead controller left in the middle of something gets no plan before that is put
 * right. */
static bool needs_recovery(const struct image *image)
{
	return image->control.phase != DF_PHASE_IDLE;
}

/*
 * Verifies what will be written: the selected sites, and those that recovery
 * will have to finish or undo.
 */
static int verify_image(struct change *c, size_t i, struct df_err *err)
{
	const struct image *image = c->result->images.list[i];
	const struct maps *maps = &c->result->images.maps;
	const bool *selected = c->result->selection.selected[i];
	uint8_t *opcodes = c->result->opcodes[i];
	if (!needs_recovery(image))
		return verify_sites(c->verifier, image, maps, selected, opcodes, err);
	bool *open = calloc(image->table.count + 1, sizeof(*open));
	if (!open)
		return df_fail_memory(err);
	for (size_t j = 0; j < image->table.count; j++)
		open[j] = selected[j] || memcmp(&image->states[j].current, &image->states[j].next,
						sizeof(image->states[j].next)) != 0;
	const int status = verify_sites(c->verifier, image, maps, open, opcodes, err);
	free(open);
	return status;
}

static int plan_image(struct change *c, size_t i, struct df_err *err)
{
	struct image *image = c->result->images.list[i];
	struct df_plan *plan = &c->result->plans[i];
	const bool *selected = c->result->selection.selected[i];
	int status = image_refresh(image, err);
	if (status == 0)
		status = df_plan_begin(plan, image->sites, image->table.count, image->states,
				       &image->control, err);
	if (status < 0)
		return status;
	df_plan_do(plan, c->request->op, selected);
	status = verify_image(c, i, err);
	return status < 0 ? status : df_plan_close(plan, c->result->opcodes[i], err);
}

static int plan_all(struct change *c, struct df_err *err)
{
	for (size_t i = 0; i < c->result->images.count; i++) {
		const int status = plan_image(c, i, err);
		if (status < 0)
			return status;
	}
	return 0;
}

static bool anything_to_do(const struct change *c)
{
	for (size_t i = 0; i < c->result->images.count; i++)
		if (needs_recovery(c->result->images.list[i]) ||
		    !df_plan_empty(&c->result->plans[i]))
			return true;
	return false;
}

/* ---- while every thread stands still ---- */

/*
 * Whether a thread of the program has the module's lock. Its owner counts only
 * while it lives; in a process that sees its threads under other numbers we
 * cannot tell, and take it for alive.
 */
static bool is_locked(const struct change *c, const struct df_control_v1 *control)
{
	const pid_t owner = (pid_t)(control->lock & DF_LOCK_OWNER);
	return owner != 0 &&
	       (c->result->process.foreign_pids || threads_include(&c->threads, owner));
}

/*
 * We hold the lock among controllers outside, so a claim that stands in the
 * module belongs to one that died.
 */
static int clear_claim(struct change *c, const struct image *image, struct df_err *err)
{
	const uint64_t none = 0;
	return c->mem.store(c->mem.context,
			    image->table.control + offsetof(struct df_control_v1, external), &none,
			    sizeof(none), err);
}

static int own_image(struct change *c, const struct image *image, const struct df_stamp *stamp,
		     struct df_err *err)
{
	const struct df_module module = module_of(image);
	struct df_control_v1 control;
	int status = df_control_load(&c->mem, image->table.control, &control, err);
	if (status == 0 && is_locked(c, &control))
		return df_fail(err, DF_E_BUSY,
			       "%s: thread %" PRIu32 " of process %d holds the lock of its flags; "
			       "nothing was changed",
			       image->path, control.lock & DF_LOCK_OWNER, c->request->pid);
	if (status == 0 && control.external != 0)
		status = clear_claim(c, image, err);
	if (status < 0 || !needs_recovery(image))
		return status;
	/* Whoever was at work when we looked lives, and is done. */
	if (control.phase == DF_PHASE_IDLE)
		return df_fail(err, DF_E_CHANGED, "%s: another controller changed flags meanwhile",
			       image->path);
	status = df_recover(&c->mem, &module, stamp, err);
	if (status < 0)
		return df_err_prefix(err, image->path);
	c->result->recovered++;
	return df_fail(err, DF_E_CHANGED, "%s: the work of a controller that died was put right",
		       image->path);
}

static int own_all(struct change *c, const struct df_stamp *stamp, struct df_err *err)
{
	for (size_t i = 0; i < c->result->images.count; i++) {
		const struct image *image = c->result->images.list[i];
		if (!needs_recovery(image) && df_plan_empty(&c->result->plans[i]))
			continue;
		const int status = own_image(c, image, stamp, err);
		if (status < 0)
			return status;
	}
	return 0;
}

static int recheck_all(struct change *c, struct df_err *err)
{
	for (size_t i = 0; i < c->result->images.count; i++) {
		const struct df_module module = module_of(c->result->images.list[i]);
		if (df_plan_empty(&c->result->plans[i]))
			continue;
		if (df_plan_recheck(&c->mem, &module, &c->result->plans[i], err) < 0)
			return df_err_prefix(err, c->result->images.list[i]->path);
	}
	return 0;
}

/* Names the module, and those before it that were changed already and stay so. */
static int apply_failed(const struct change *c, size_t failed, struct df_err *err)
{
	char done[DF_ERR_TEXT / 2] = "";
	df_err_prefix(err, c->result->images.list[failed]->path);
	for (size_t i = 0; i < failed; i++) {
		const size_t used = strlen(done);
		if (!df_plan_empty(&c->result->plans[i]))
			snprintf(done + used, sizeof(done) - used, " %s",
				 c->result->images.list[i]->path);
	}
	if (c->result->committed == 0)
		return -(int)err->code;
	char text[DF_ERR_TEXT];
	memcpy(text, err->text, sizeof(text));
	return df_fail(err, err->code, "%.500s; the flags of these modules were changed:%.480s",
		       text, done);
}

static int apply_all(struct change *c, const struct df_stamp *stamp, struct df_err *err)
{
	for (size_t i = 0; i < c->result->images.count; i++) {
		const struct df_module module = module_of(c->result->images.list[i]);
		if (df_plan_empty(&c->result->plans[i]))
			continue;
		if (df_plan_apply(&c->mem, &module, &c->result->plans[i], stamp, err) < 0)
			return apply_failed(c, i, err);
		c->result->committed++;
	}
	return 0;
}

static int commit(struct change *c, struct df_err *err)
{
	const struct df_stamp stamp = stamp_now();
	int status = threads_stop(&c->threads, c->request->max_stop, err);
	if (status < 0)
		return status;
	status = own_all(c, &stamp, err);
	if (status == 0)
		status = recheck_all(c, err);
	if (status == 0)
		status = apply_all(c, &stamp, err);
	c->result->threads = c->threads.count;
	threads_resume(&c->threads);
	c->result->stopped = true;
	c->result->pause += c->threads.released_at - c->threads.stopped_at;
	return status;
}

/* ---- all of it ---- */

/* The memory descriptor cannot tell exec from exit. */
static int with_end_explained(int status, const struct process *process, struct df_err *err)
{
	return status == -(int)DF_E_NO_PROCESS ? process_explain_end(process, err) : status;
}

static int make_plans(struct change_result *result, struct df_err *err)
{
	result->plans = calloc(result->images.count + 1, sizeof(*result->plans));
	result->opcodes = calloc(result->images.count + 1, sizeof(*result->opcodes));
	if (!result->plans || !result->opcodes)
		return df_fail_memory(err);
	for (size_t i = 0; i < result->images.count; i++) {
		result->opcodes[i] = malloc(result->images.list[i]->table.count + 1);
		if (!result->opcodes[i])
			return df_fail_memory(err);
	}
	return 0;
}

/* Everything that was loaded of the target, but for the target itself. */
static void unload(struct change_result *result)
{
	for (size_t i = 0; result->plans && i < result->images.count; i++)
		df_plan_free(&result->plans[i]);
	for (size_t i = 0; result->opcodes && i < result->images.count; i++)
		free(result->opcodes[i]);
	free(result->plans);
	free(result->opcodes);
	result->plans = NULL;
	result->opcodes = NULL;
	selection_free(&result->selection);
	images_free(&result->images);
}

static int load(struct change *c, struct df_err *err)
{
	struct change_result *r = c->result;
	int status = images_from_process(&r->process, &r->images, err);
	if (status == 0)
		status = selection_make(&r->selection, &r->images, c->request->patterns,
					c->request->pattern_count, err);
	return status < 0 ? status : make_plans(r, err);
}

static size_t count_recovery(const struct change *c)
{
	size_t count = 0;
	for (size_t i = 0; i < c->result->images.count; i++)
		count += needs_recovery(c->result->images.list[i]);
	return count;
}

static int attempt(struct change *c, struct df_err *err)
{
	int status = load(c, err);
	if (status == 0)
		status = plan_all(c, err);
	if (status == 0 && c->request->dry_run)
		c->result->recovered = count_recovery(c);
	if (status < 0 || c->request->dry_run || !anything_to_do(c))
		return status;
	return commit(c, err);
}

/* What a module that comes or goes while it is read looks like: damage, until it is looked at
 * again. */
static bool looks_half_read(int status)
{
	return status == -(int)DF_E_TABLE || status == -(int)DF_E_VERSION ||
	       status == -(int)DF_E_SITE || status == -(int)DF_E_SYSTEM;
}

#define LOOKS_MAX 20

/* Nothing that was done may be done twice, and what was put right must be planned on once more. */
static bool worth_another(const struct change *c, int status, size_t recovered, int looks)
{
	if (c->result->committed > 0)
		return false;
	if (status == -(int)DF_E_CHANGED || status == -(int)DF_E_BUSY)
		return c->result->recovered > recovered || monotonic_now() < c->deadline;
	return looks_half_read(status) && looks < LOOKS_MAX;
}

static int change_attempts(struct change *c, struct df_err *err)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	for (int looks = 1;; looks++) {
		const size_t recovered = c->result->recovered;
		const int status = attempt(c, err);
		if (!worth_another(c, status, recovered, looks))
			return status;
		unload(c->result);
		nanosleep(&pause, NULL);
	}
}

static int prepare(struct change *c, struct df_err *err)
{
	struct change_result *r = c->result;
	int status = process_open(c->request->pid, true, &r->process, err);
	if (status == 0 && !c->request->dry_run)
		status = process_lock(&r->process, c->deadline, err);
	if (status == 0)
		status = verifier_new(&c->verifier, err);
	if (status == 0)
		status = threads_begin(&c->threads, &r->process, err);
	proc_mem_begin(c->memory, r->process.mem);
	c->memory->together = true;
	c->mem = proc_mem_interface(c->memory);
	return status;
}

/* What is left half-read of a module that was unloaded looks like damage. */
static int with_unload_explained(int status, const struct process *process,
				 const struct images *images, struct df_err *err)
{
	if (!looks_half_read(status) || !images_unloaded(process, images))
		return status;
	return df_fail(err, DF_E_CHANGED,
		       "process %d unloaded a module meanwhile; nothing was changed, try again",
		       process->pid);
}

int run_change(const struct change_request *request, struct change_result *result,
	       struct df_err *err)
{
	*result = (struct change_result){.process = {.pidfd = -1, .dir = -1, .mem = -1}};
	struct change change = {
		.request = request,
		.result = result,
		.memory = malloc(sizeof(*change.memory)),
		.threads = {.task = -1, .status = -1},
		.deadline = monotonic_now() + request->timeout,
	};
	struct change *c = &change;
	int status = c->memory ? prepare(c, err) : df_fail_memory(err);
	if (status == 0)
		status = with_end_explained(change_attempts(c, err), &result->process, err);
	if (result->committed == 0)
		status = with_unload_explained(status, &result->process, &result->images, err);
	threads_end(&c->threads);
	verifier_free(c->verifier);
	free(c->memory);
	return status;
}

void change_free(struct change_result *result)
{
	unload(result);
	process_close(&result->process);
}

static int list_images(struct list_result *result, struct df_err *err)
{
	int status = images_from_process(&result->process, &result->images, err);
	for (size_t i = 0; status == 0 && i < result->images.count; i++)
		status = with_end_explained(image_refresh(result->images.list[i], err),
					    &result->process, err);
	return status;
}

static int list_process(pid_t pid, struct list_result *result, struct df_err *err)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int status = process_open(pid, false, &result->process, err);
	if (status < 0)
		return status;
	for (int looks = 1;; looks++) {
		status = list_images(result, err);
		if (!looks_half_read(status) || looks == LOOKS_MAX)
			break;
		images_free(&result->images);
		nanosleep(&pause, NULL);
	}
	return with_unload_explained(status, &result->process, &result->images, err);
}

int run_list(const struct target *target, const char *const *patterns, size_t pattern_count,
	     struct list_result *result, struct df_err *err)
{
	*result = (struct list_result){.process = {.pidfd = -1, .dir = -1, .mem = -1}};
	int status = target->file ? images_from_file(target->file, &result->images, err)
				  : list_process(target->pid, result, err);
	if (status == 0)
		status = selection_make(&result->selection, &result->images, patterns,
					pattern_count, err);
	return status;
}

void list_free(struct list_result *result)
{
	selection_free(&result->selection);
	images_free(&result->images);
	process_close(&result->process);
}
