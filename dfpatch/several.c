/* SPDX-License-Identifier: Apache-2.0 */
/* several.c - a command on every process that is meant. */
#include "several.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "json.h"
#include "match.h"
#include "namespace.h"
#include "report.h"
#include "run.h"
#include "targets.h"

struct round {
	const struct options *options;
	const struct scripts *scripts;
	struct temporary *temporary; /* NULL for good */
	struct several *several;
	struct targets targets;
	size_t done;	     /* targets that had their turn */
	struct df_err blind; /* why nobody looked for more of them; DF_E_NONE if somebody did */
	struct marks marks;
	struct json_targets *json;
	struct grid *grid; /* of a list for people */
};

struct change_request change_request_of(const struct options *options,
					const struct scripts *scripts, pid_t pid)
{
	return (struct change_request){
		.op = options->command->op,
		.patterns = options->patterns,
		.pattern_count = options->pattern_count,
		.scripts = scripts,
		.criteria = &options->criteria,
		.pid = pid,
		.dry_run = options->dry_run,
		.mode = options->mode,
		.timeout = options->timeout,
		.max_stop = options->max_stop,
		.recorder = options->recorder,
	};
}

static bool is_list(const struct round *r)
{
	return r->options->command->kind == COMMAND_LIST;
}

/* ---- what became of one ---- */

/* Of one that nobody named by its number, this only says that it is none of those meant. */
static bool is_beside_the_point(enum df_errc code)
{
	return code == DF_E_NO_FLAGS || code == DF_E_NO_MATCH || code == DF_E_NO_PROCESS ||
	       code == DF_E_EXEC || code == DF_E_ARCH;
}

/* One that was named may be there for the sake of its descendants. */
static bool may_be_skipped(const struct round *r, const struct target_id *target, enum df_errc code)
{
	if (target->named)
		return r->options->wish.tree && (code == DF_E_NO_FLAGS || code == DF_E_NO_MATCH);
	return is_beside_the_point(code);
}

static struct target_end end_of(const struct round *r, const struct target_id *target, int status,
				enum target_how success, const struct df_err *err)
{
	struct target_end end = {.pid = target->pid, .name = target->name, .how = success};
	if (status == 0)
		return end;
	end.err = err;
	end.how = may_be_skipped(r, target, err->code) ? TARGET_SKIPPED : TARGET_FAILED;
	return end;
}

static void count(struct round *r, const struct target_end *end)
{
	r->several->tally.count++;
	r->several->tally.ends[end->how]++;
	if (end->how == TARGET_FAILED)
		r->several->failed_by[end->err->code] = true;
}

void several_note_disk(const struct images *images)
{
	for (size_t i = 0; i < images->count; i++)
		if (images->list[i]->on_disk)
			diag_note_once("%s: %s", images->list[i]->path, images->list[i]->on_disk);
}

/* ---- whether it is the one that was found ---- */

struct found {
	const struct targets *targets;
	const struct target_id *target;
};

static int ask(const void *context, const struct process *process, struct df_err *err)
{
	const struct found *found = context;
	return target_check(found->targets, found->target, process->dir, err);
}

/* Once it is pinned: before, another one could take its place, or another program. */
static struct process_check check_of(const struct found *found)
{
	return (struct process_check){.ask = ask, .context = found};
}

/* ---- lists ---- */

static int list_one(struct round *r, const struct target_id *target, struct df_err *err)
{
	const struct options *o = r->options;
	const struct found found = {.targets = &r->targets, .target = target};
	const struct target what = {.pid = target->pid, .check = check_of(&found)};
	struct list_result result;
	struct df_err why;
	int status = run_list(&what, &o->criteria, o->patterns, o->pattern_count, &result, &why);
	const struct target_end end = end_of(r, target, status, TARGET_LISTED, &why);
	count(r, &end);
	several_note_disk(&result.images);
	if (end.how == TARGET_FAILED)
		diag_error(&why);
	status = 0;
	if (r->json)
		json_targets_list(r->json, &end, &result);
	else if (end.how == TARGET_LISTED)
		status = report_lists_add(r->grid, o->headings, &result, err);
	list_free(&result);
	return status;
}

/* ---- changes ---- */

/* Doing it again would not be the same as once. */
static bool counts(enum df_op op)
{
	return op == DF_ACTIVATE || op == DF_DEACTIVATE || op == DF_UNHOOK || op == DF_REHOOK;
}

static bool any_counts(const struct round *r)
{
	if (!r->scripts)
		return counts(r->options->command->op);
	for (size_t i = 0; i < r->scripts->count; i++)
		for (size_t j = 0; j < r->scripts->list[i].count; j++)
			if (counts(r->scripts->list[i].lines[j].op))
				return true;
	return false;
}

/*
 * A process that was forked by one after its turn, or in the middle of it, has what was done
 * there. Nobody can have named it by its number.
 */
static bool may_inherit(const struct round *r, const struct target_id *target)
{
	return r->done > 0 && !target->named && any_counts(r);
}

static void report(const struct round *r, const struct target_end *end,
		   const struct change_request *request, const struct change_result *result)
{
	if (r->json)
		json_targets_change(r->json, end, request, result);
	else
		report_target_change(end, request, result);
	if (r->json && end->how == TARGET_FAILED)
		diag_error(end->err);
}

static void change_one(struct round *r, const struct target_id *target)
{
	struct change_request request = change_request_of(r->options, r->scripts, target->pid);
	const struct found found = {.targets = &r->targets, .target = target};
	struct change_result result;
	struct df_err why;
	request.marks = &r->marks;
	request.inherits = may_inherit(r, target);
	request.check = check_of(&found);
	const int status = temporary_change(r->temporary, &request, &result, &why);
	const struct target_end end = end_of(
		r, target, status, status == 0 ? target_how_of(&result) : TARGET_FAILED, &why);
	r->several->written += change_was_written(&result) && !request.dry_run;
	count(r, &end);
	several_note_disk(&result.images);
	report(r, &end, &request, &result);
	change_free(&result);
}

/* ---- all of them ---- */

static int do_those_found(struct round *r, struct df_err *err)
{
	int status = 0;
	const size_t before = r->done;
	for (size_t i = before; status == 0 && i < r->targets.count; i++) {
		if (is_list(r))
			status = list_one(r, &r->targets.list[i], err);
		else
			change_one(r, &r->targets.list[i]);
		r->done = i + 1;
	}
	return status;
}

#define ROUNDS_MAX 10

/* Those that are known have all that could be done, and a report of it. */
static void note_blind(struct round *r, const struct df_err *why)
{
	df_fail(&r->blind, why->code,
		"processes that were started meanwhile could not be looked for: %s", why->text);
	r->several->failed_by[why->code] = true;
}

/*
 * Processes may be started while others have their turn, by those that still have to wait
 * for theirs: so we look again, until nobody new is there.
 */
static int do_all(struct round *r, struct df_err *err)
{
	const struct target_wish *wish = &r->options->wish;
	const bool once = is_list(r) || r->options->dry_run || (!wish->exe && !wish->tree);
	for (int rounds = 0;; rounds++) {
		struct df_err why;
		const int status = do_those_found(r, err);
		if (status < 0 || once || r->blind.code != DF_E_NONE)
			return status;
		if (rounds == ROUNDS_MAX) {
			diag_note("processes are started faster than they can be changed; some may "
				  "have been missed");
			return 0;
		}
		if (targets_find(wish, &r->targets, &why) < 0)
			note_blind(r, &why);
		if (r->targets.count == r->done)
			return 0;
	}
}

/* Whether a pattern is one at all does not depend on the process, so all are spared a bad one. */
int several_check_patterns(const struct options *options, struct df_err *err)
{
	for (size_t i = 0; i < options->pattern_count; i++) {
		struct df_pattern *pattern = NULL;
		const int status = df_pattern_compile(options->patterns[i], &pattern, err);
		df_pattern_free(pattern);
		/* Words may look like a bad one: see match.h. */
		if (status < 0 && !strchr(options->patterns[i], ':'))
			return status;
	}
	return 0;
}

static int begin(struct round *r, struct df_err *err)
{
	const struct options *o = r->options;
	if (o->json) {
		r->json = json_targets_new(o->command->name, o->dry_run);
		return r->json ? 0 : df_fail_memory(err);
	}
	return is_list(r) ? report_lists_begin(o->columns, o->headings, &r->grid, err) : 0;
}

void several_note_unseen(const struct options *options, const struct targets *targets)
{
	if (targets->unseen > 0)
		diag_note("%zu process%s may run %s unseen: %s", targets->unseen,
			  targets->unseen == 1 ? "" : "es", options->wish.exe, diag_denied());
}

static void note_failures(const struct round *r)
{
	const struct targets_tally *tally = &r->several->tally;
	struct df_err failed;
	if (tally->ends[TARGET_FAILED] > 0 && !is_list(r) && !r->options->json) {
		df_fail(&failed, DF_E_SYSTEM, "%zu of %zu processes failed; the report says why",
			tally->ends[TARGET_FAILED], tally->count);
		diag_error(&failed);
	}
	if (r->blind.code != DF_E_NONE)
		diag_error(&r->blind);
	if (tally->ends[TARGET_SKIPPED] > 0 && is_list(r) && !r->options->json)
		diag_note("%zu of %zu processes have no such flags", tally->ends[TARGET_SKIPPED],
			  tally->count);
}

/* Prints what was gathered; `status` is that of gathering it. */
static int end(struct round *r, int status, struct df_err *err)
{
	const struct targets_tally *tally = &r->several->tally;
	if (r->json) {
		struct df_err second;
		r->several->printed = true;
		json_targets_until(r->json, r->temporary ? r->temporary->due_clock : 0);
		const int printed = json_targets_end(r->json, tally, &r->blind, &second);
		if (status == 0 && printed < 0)
			return df_fail(err, second.code, "%s", second.text);
	} else if (r->grid && status == 0) {
		status = grid_print(r->grid, err);
	} else if (!is_list(r)) {
		report_targets(tally, r->options->dry_run);
	}
	return status;
}

int several_nobody(const struct options *options, struct df_err *err)
{
	const char *exe = options->wish.exe;
	return df_fail(err, DF_E_NO_PROCESS, "no process runs %s%s", exe,
		       access(exe, F_OK) == 0 ? "" : ", and there is no such file");
}

int several_number(const struct options *options, struct df_err *err)
{
	for (size_t i = 0; i < options->wish.pid_count; i++) {
		if (options->members[i] == 0)
			continue;
		const int found = namespace_process(options->pids[i], options->members[i], err);
		if (found < 0)
			return found;
		options->pids[i] = found;
	}
	return 0;
}

int several_run(const struct options *options, const struct scripts *scripts,
		struct temporary *temporary, struct several *several, struct df_err *err)
{
	struct round r = {
		.options = options, .scripts = scripts, .temporary = temporary, .several = several};
	*several = (struct several){.written = false};
	int status = several_check_patterns(options, err);
	if (status == 0)
		status = targets_find(&options->wish, &r.targets, err);
	several_note_unseen(options, &r.targets);
	if (status == 0 && r.targets.count == 0)
		status = several_nobody(options, err);
	if (status == 0)
		status = begin(&r, err);
	if (status == 0) {
		status = end(&r, do_all(&r, err), err);
		note_failures(&r);
	}
	grid_free(r.grid);
	targets_free(&r.targets);
	marks_free(&r.marks);
	return status;
}
