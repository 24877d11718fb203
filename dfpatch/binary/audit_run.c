/* SPDX-License-Identifier: Apache-2.0 */
/* audit_run.c - the command `audit`. */
#include "audit_run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit_target.h"
#include "diag.h"
#include "json_audit.h"
#include "page.h"
#include "progress.h"

/* Members that are told on the standard error stream. */
#define SKIPPED_SHOWN 20

struct round {
	const struct options *options;
	struct audit_options audit;
	struct age_request age;
	struct audit_totals *totals;
	struct progress_bar bar;
	struct json_stream stream;
	struct page page;	/* if the command line asks for one */
	struct process process; /* not opened for files */
	bool live;
};

static void show_progress(void *context, uint64_t done, uint64_t all)
{
	progress_show(context, done, all);
}

/* A document begins with what there is to tell: a lone failure has one of its own kind. */
static void begin_stream(struct round *r)
{
	if (r->options->json && r->stream.depth == 0)
		json_audit_begin(&r->stream, r->live ? &r->process : NULL);
}

static int take_module(void *context, const struct audit_module *module, struct df_err *err)
{
	struct round *r = context;
	struct audit_totals *t = r->totals;
	progress_erase(&r->bar);
	t->modules++;
	t->flags += module->summary.flags;
	t->sites += module->summary.sites;
	t->proven += module->summary.proven;
	t->findings += findings_total(&module->findings, SEVERITY_FINDING);
	t->notes += findings_total(&module->findings, SEVERITY_NOTE);
	if (r->options->html)
		page_module(&r->page, module);
	begin_stream(r);
	if (r->options->json) {
		json_audit_module(&r->stream, module);
		return r->stream.failed ? df_fail_memory(err) : 0;
	}
	return report_audit_module(module, r->options->verbose, t->modules == 1, err);
}

static void add_failure(struct audit_totals *t, const char *path, const struct df_err *why)
{
	t->failures[t->failure_count++] = (struct audit_failure){.path = path, .err = *why};
}

/* Its name is kept for machines, unless memory runs out. */
static void keep_skipped(struct audit_totals *t, const char *member, const char *what)
{
	if (!t->skipped)
		t->skipped = calloc(AUDIT_SKIPPED_KEPT, sizeof(*t->skipped));
	char *path = t->skipped && t->skipped_kept < AUDIT_SKIPPED_KEPT ? strdup(member) : NULL;
	if (path)
		t->skipped[t->skipped_kept++] = (struct audit_skipped){path, what};
}

static void note_skipped(void *context, const char *member, const char *what)
{
	struct round *r = context;
	struct audit_totals *t = r->totals;
	progress_erase(&r->bar);
	if (t->skipped_count < SKIPPED_SHOWN)
		diag_note("%s: not checked: it is %s; extract it, and audit that", member, what);
	t->skipped_count++;
	t->notes++;
	keep_skipped(t, member, what);
}

static void note_more_skipped(const struct audit_totals *t)
{
	if (t->skipped_count > SKIPPED_SHOWN)
		diag_note("%zu more members were not checked", t->skipped_count - SKIPPED_SHOWN);
}

/* Of several. */
static void note_failure(struct round *r, const char *path, const struct df_err *why)
{
	if (r->options->html)
		page_failure(&r->page, path, why);
	if (why->code == DF_E_NO_FLAGS) {
		r->totals->without_flags++;
		diag_note("%s", why->text);
		return;
	}
	diag_error(why);
	add_failure(r->totals, path, why);
}

static int audit_files(struct round *r, struct df_err *err)
{
	const size_t count = r->options->file_count;
	for (size_t i = 0; i < count; i++) {
		struct df_err why;
		const char *path = r->options->files[i];
		r->bar.label = path;
		const int status = audit_file(path, &r->audit, take_module, r, &why);
		progress_erase(&r->bar);
		if (status < 0 && count == 1)
			return df_fail(err, why.code, "%s", why.text);
		if (status < 0)
			note_failure(r, path, &why);
	}
	return 0;
}

static int audit_pid(struct round *r, struct df_err *err)
{
	int status = process_open(r->options->wish.pids[0], false, &r->process, err);
	if (status < 0)
		return status;
	r->live = true;
	r->bar.label = r->process.name;
	status = audit_process(&r->process, &r->audit, take_module, r, err);
	progress_erase(&r->bar);
	process_close(&r->process);
	return status;
}

static int audit_targets(struct round *r, struct df_err *err)
{
	progress_begin(&r->bar);
	return r->options->file_count > 0 ? audit_files(r, err) : audit_pid(r, err);
}

/* A checkout that is none is no fault of the first file. */
static int audit_beside_source(struct round *r, struct df_err *err)
{
	struct checkout checkout;
	r->age = (struct age_request){
		.checkout = &checkout, .stale = r->options->stale, .now = r->audit.now};
	r->audit.age = &r->age;
	int status = checkout_open(r->options->source, &checkout, err);
	checkout_rest(&checkout);
	if (status == 0)
		status = audit_targets(r, err);
	checkout_close(&checkout);
	return status;
}

static int audit_all(struct round *r, struct df_err *err)
{
	r->audit = (struct audit_options){.sites_only = r->options->sites,
					  .progress = show_progress,
					  .progress_context = &r->bar,
					  .skipped = note_skipped,
					  .skipped_context = r,
					  .now = time(NULL)};
	return r->options->source ? audit_beside_source(r, err) : audit_targets(r, err);
}

/* What was found is told, even if the page cannot be. */
static void end_page(struct round *r)
{
	if (r->options->html && page_end(&r->page, &r->totals->page) < 0)
		diag_error(&r->totals->page);
}

/* Of a target that failed half-way, what was found so far is in the document, and the error too. */
static int end_document(struct round *r, int status, struct df_err *err)
{
	if (status < 0)
		add_failure(r->totals, r->bar.label, err);
	r->totals->printed = true;
	const int printed = json_audit_end(&r->stream, r->totals, status < 0 ? NULL : err);
	return status < 0 ? status : printed;
}

static int audit_and_report(struct round *r, struct df_err *err)
{
	const int status = audit_all(r, err);
	note_more_skipped(r->totals);
	if (status < 0 && r->stream.depth == 0)
		return status;
	if (status == 0)
		end_page(r);
	begin_stream(r);
	if (r->options->json)
		return end_document(r, status, err);
	report_audit_totals(r->totals);
	return 0;
}

int audit_run(const struct options *options, struct audit_totals *totals, struct df_err *err)
{
	struct round r = {.options = options, .totals = totals};
	*totals =
		(struct audit_totals){.targets = options->file_count > 0 ? options->file_count : 1};
	totals->failures = calloc(totals->targets, sizeof(*totals->failures));
	if (!totals->failures)
		return df_fail_memory(err);
	if (!options->html)
		return audit_and_report(&r, err);
	int status = page_begin(&r.page, options->html, err);
	if (status == 0)
		status = audit_and_report(&r, err);
	page_free(&r.page);
	return status;
}

void audit_totals_free(struct audit_totals *totals)
{
	for (size_t i = 0; i < totals->skipped_kept; i++)
		free(totals->skipped[i].path);
	free(totals->skipped);
	free(totals->failures);
	*totals = (struct audit_totals){0};
}
