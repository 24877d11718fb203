/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - text for people on standard output. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cells.h"
#include "cleanup.h"
#include "color.h"
#include "summary.h"
#include "text.h"

/* A row: one flag of one module. */
struct row {
	const struct process *process; /* NULL for a file */
	const struct image *image;
	const struct df_flag *flag;
	const struct df_site *site; /* the first of the flag's */
	struct flag_counts now;
};

static char *cell_name(const void *cell)
{
	const struct row *row = cell;
	return cells_name(row->site);
}

static char *cell_full(const void *cell)
{
	const struct row *row = cell;
	return cells_full_name(row->site);
}

static char *cell_kind(const void *cell)
{
	const struct row *row = cell;
	return text_escaped(TEXT_FOR_TERMINAL, row->site->kind);
}

static char *cell_flag(const void *cell)
{
	const struct row *row = cell;
	return text_escaped(TEXT_FOR_TERMINAL, row->site->name);
}

static char *cell_state(const void *cell)
{
	const struct row *row = cell;
	return strdup(flag_state(&row->now));
}

static enum color color_state(const void *cell)
{
	const struct row *row = cell;
	return cells_state_color(flag_state(&row->now));
}

static char *cell_built(const void *cell)
{
	const struct row *row = cell;
	const struct flag_counts built = flag_counts_built(row->image, row->flag);
	return strdup(flag_state(&built));
}

static char *cell_count(const void *cell)
{
	const struct row *row = cell;
	return cells_range(row->now.activation_min, row->now.activation_max);
}

static char *cell_unhook(const void *cell)
{
	const struct row *row = cell;
	return cells_range(row->now.unhook_min, row->now.unhook_max);
}

static enum color color_unhook(const void *cell)
{
	const struct row *row = cell;
	return row->now.unhook_max > 0 ? COLOR_WARN : COLOR_PLAIN;
}

static char *cell_sites(const void *cell)
{
	const struct row *row = cell;
	return cells_range(row->flag->count, row->flag->count);
}

static char *cell_location(const void *cell)
{
	const struct row *row = cell;
	return cells_location(row->site);
}

static char *cell_file(const void *cell)
{
	const struct row *row = cell;
	return text_escaped(TEXT_FOR_TERMINAL, row->site->file);
}

static char *cell_line(const void *cell)
{
	const struct row *row = cell;
	return cells_range(row->site->line, row->site->line);
}

static char *cell_doc(const void *cell)
{
	const struct row *row = cell;
	return text_escaped(TEXT_FOR_TERMINAL, row->site->doc);
}

static char *cell_owner(const void *cell)
{
	const struct row *row = cell;
	return cells_owner(row->site);
}

static char *cell_expires(const void *cell)
{
	const struct row *row = cell;
	return cells_expires(row->site);
}

static char *cell_module(const void *cell)
{
	const struct row *row = cell;
	return text_escaped(TEXT_FOR_TERMINAL, row->image->path);
}

/* All sites of the flag; run-time addresses for a process, ELF addresses for a file. */
static char *cell_address(const void *cell)
{
	const struct row *row = cell;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	if (!stream)
		return NULL;
	for (size_t i = 0; i < row->flag->count; i++)
		fprintf(stream, "%s%#" PRIx64, i ? "," : "",
			row->image->sites[row->image->order[row->flag->first + i]].addr);
	return fclose(stream) == 0 ? text : NULL;
}

static char *cell_pid(const void *cell)
{
	const struct row *row = cell;
	char *text = NULL;
	if (!row->process || row->process->pid == 0)
		return strdup("");
	return asprintf(&text, "%d", row->process->pid) < 0 ? NULL : text;
}

static char *cell_command(const void *cell)
{
	const struct row *row = cell;
	return text_escaped(TEXT_FOR_TERMINAL, row->process ? row->process->name : "");
}

/* The one list of columns: it is parsed, printed and explained from here. */
#define COLUMNS(X)                                                                                 \
	X(NAME, cell_name, "kind:name")                                                            \
	X(STATE, cell_state, "on, off, held (on until init), mixed (its sites differ)",            \
	  .color = color_state)                                                                    \
	X(COUNT, cell_count, "activation count", .right = true)                                    \
	X(UNHOOK, cell_unhook, "unhook count", .right = true, .color = color_unhook)               \
	X(SITES, cell_sites, "places in text that bear this full name", .right = true)             \
	X(LOCATION, cell_location, "file:line")                                                    \
	X(DOC, cell_doc, "what the source says about it", .cut = true)                             \
	X(FULL, cell_full, "full name, kind:name@file:line")                                       \
	X(KIND, cell_kind, "kind")                                                                 \
	X(FLAG, cell_flag, "name without its kind")                                                \
	X(FILE, cell_file, "source file")                                                          \
	X(LINE, cell_line, "source line", .right = true)                                           \
	X(BUILT, cell_built, "state as built")                                                     \
	X(OWNER, cell_owner, "whom its doc names with owner=")                                     \
	X(EXPIRES, cell_expires, "the day that its doc names with expires=, or permanent")         \
	X(MODULE, cell_module, "executable or shared object")                                      \
	X(ADDRESS, cell_address, "addresses of the sites")                                         \
	X(PID, cell_pid, "the process", .right = true)                                             \
	X(COMMAND, cell_command, "its name")

static const struct grid_column column_list[] = {
#define COLUMN(NAME, CELL, HELP, ...) {.name = #NAME, .cell = (CELL), __VA_ARGS__},
	COLUMNS(COLUMN)
#undef COLUMN
};

const char report_columns_help[] =
#define COLUMN(NAME, CELL, HELP, ...) "  " #NAME ": " HELP "\n"
	COLUMNS(COLUMN)
#undef COLUMN
	;

static const struct grid_columns columns_known = {
	column_list,
	sizeof(column_list) / sizeof(column_list[0]),
};

static const char columns_default[] = "NAME,STATE,COUNT,UNHOOK,SITES,LOCATION,DOC";
static const char columns_with_module[] = "NAME,STATE,COUNT,UNHOOK,SITES,LOCATION,MODULE,DOC";
static const char columns_of_many[] = "PID,NAME,STATE,COUNT,UNHOOK,SITES,LOCATION,MODULE,DOC";

int report_check_columns(const char *columns, struct df_err *err)
{
	return grid_check(&columns_known, columns_of_many, columns, err);
}

static int add_image(struct grid *grid, const struct process *process, const struct image *image,
		     const bool *selected, struct df_err *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < image->flag_count; i++) {
		const struct df_flag *flag = &image->flags[i];
		if (!flag_selected(image, flag, selected))
			continue;
		const struct row row = {
			.process = process,
			.image = image,
			.flag = flag,
			.site = &image->sites[image->order[flag->first]],
			.now = flag_counts_now(image, flag),
		};
		status = grid_add(grid, &row, err);
	}
	return status;
}

static int add_images(struct grid *grid, const struct list_result *result, struct df_err *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < result->images.count; i++)
		status = add_image(grid, &result->process, result->images.list[i],
				   result->selection.selected[i], err);
	return status;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_process(pid_t pid, const char *name)
{
	CLEANUP_FREE char *safe = text_escaped(TEXT_FOR_TERMINAL, name);
	if (safe && *safe)
		printf("process %d (%s)", pid, safe);
	else
		printf("process %d", pid);
}

static void print_module(const struct image *image)
{
	CLEANUP_FREE char *path = text_escaped(TEXT_FOR_TERMINAL, image->path);
	const size_t sites = image->table.count;
	printf("%s: %zu flag%s, %zu site%s", path ? path : "?", image->flag_count,
	       plural(image->flag_count), sites, plural(sites));
	if (image->live)
		printf(", %s, %" PRIu64 " change%s%s",
		       image->control.initialised & DF_INITIALISED ? "initialised"
								   : "not initialised",
		       image->control.generation, plural((size_t)image->control.generation),
		       image->control.phase != DF_PHASE_IDLE ? ", a change is under way" : "");
	putchar('\n');
}

int report_list(const struct list_result *result, const char *columns, bool headings,
		struct df_err *err)
{
	struct grid *grid = NULL;
	int status = grid_new(&columns_known,
			      result->images.count > 1 ? columns_with_module : columns_default,
			      columns, headings, &grid, err);
	if (status < 0)
		return status;
	for (size_t i = 0; headings && i < result->images.count; i++)
		print_module(result->images.list[i]);
	status = add_images(grid, result, err);
	if (status == 0)
		status = grid_print(grid, err);
	grid_free(grid);
	return status;
}

int report_lists_begin(const char *columns, bool headings, struct grid **grid, struct df_err *err)
{
	const int status = grid_new(&columns_known, columns_of_many, columns, headings, grid, err);
	/* Until there is something to tell apart; who names columns wants them all. */
	if (status == 0 && (!columns || *columns == '+'))
		grid_hide(*grid, "MODULE", true);
	return status;
}

int report_lists_add(struct grid *grid, bool headings, const struct list_result *result,
		     struct df_err *err)
{
	for (size_t i = 0; headings && i < result->images.count; i++) {
		print_process(result->process.pid, result->process.name);
		fputs(": ", stdout);
		print_module(result->images.list[i]);
	}
	if (result->images.count > 1)
		grid_hide(grid, "MODULE", false);
	return add_images(grid, result, err);
}

static void print_counts(const struct flag_counts *before, const struct flag_counts *after)
{
	if (before->activation_max != after->activation_max)
		printf(", count %" PRIu32 " -> %" PRIu32, before->activation_max,
		       after->activation_max);
	if (before->unhook_max != after->unhook_max)
		printf(", unhook %" PRIu32 " -> %" PRIu32, before->unhook_max, after->unhook_max);
}

static const char *outcome_text(enum df_outcome outcome)
{
	switch (outcome) {
	case DF_UNHOOKED:
		return " (unhooked: left alone)";
	case DF_SATURATED:
		return " (count is at its top)";
	case DF_SAME:
		return " (already)";
	case DF_CHANGED:
	case DF_NOT_SELECTED:
	default:
		return "";
	}
}

/* For people who look: a text in its colour. */
static void put_colored(enum color color, const char *text)
{
	printf("%s%s%s", color_begin(STDOUT_FILENO, color), text, color_end(STDOUT_FILENO, color));
}

/* Each line of one target among several stands behind a margin. */
static void print_flag(const char *margin, const struct image *image, const struct df_flag *flag,
		       const struct flag_change *change)
{
	CLEANUP_FREE char *name = cells_full_name(&image->sites[image->order[flag->first]]);
	const char *before = flag_state(&change->before), *after = flag_state(&change->after);
	printf("%s%s: ", margin, name ? name : "?");
	if (strcmp(before, after) != 0)
		printf("%s -> ", before);
	put_colored(cells_state_color(after), after);
	print_counts(&change->before, &change->after);
	if (change->sites > 1)
		printf(", %zu sites", change->sites);
	put_colored(COLOR_WARN, outcome_text(change->outcome));
	putchar('\n');
}

static void print_flags(const char *margin, const struct change_result *result)
{
	for (size_t i = 0; i < result->images.count; i++) {
		const struct image *image = result->images.list[i];
		for (size_t j = 0; j < image->flag_count; j++) {
			const struct flag_change change =
				flag_change_of(image, &image->flags[j], &result->plans[i]);
			if (change.outcome > DF_SAME)
				print_flag(margin, image, &image->flags[j], &change);
		}
	}
}

static void print_tally(const char *what, const struct tally *tally)
{
	printf(", %zu %s", tally->flags, what);
	if (tally->sites != tally->flags)
		printf(" (%zu sites)", tally->sites);
}

static void print_totals(const char *margin, const struct change_result *result, bool dry_run)
{
	const struct totals totals = totals_of(result);
	printf("%s%smatched %zu flag%s (%zu site%s)", margin,
	       dry_run ? "dry run, nothing was written: " : "", totals.matched.flags,
	       plural(totals.matched.flags), totals.matched.sites, plural(totals.matched.sites));
	print_tally(dry_run ? "would change" : "changed", &totals.changed);
	print_tally("already so", &totals.already);
	print_tally("unhooked", &totals.unhooked);
	if (totals.saturated.flags > 0)
		print_tally("at the top", &totals.saturated);
	putchar('\n');
	if (totals.strayed > 0)
		printf("%s%zu site%s did not show what %s counts say, and %s put right\n", margin,
		       totals.strayed, plural(totals.strayed),
		       totals.strayed == 1 ? "its" : "their",
		       dry_run		     ? "would be"
		       : totals.strayed == 1 ? "was"
					     : "were");
}

static void print_stop(const char *margin, const struct change_result *result)
{
	const double us = (double)result->pause / 1000.0;
	printf("%s%zu thread%s stood still for %.*f %s", margin, result->threads,
	       plural(result->threads), us < 10000 ? 0 : 1, us < 10000 ? us : us / 1000.0,
	       us < 10000 ? "us" : "ms");
	if (result->why_stopped[0] != '\0') {
		CLEANUP_FREE char *why = text_escaped(TEXT_FOR_TERMINAL, result->why_stopped);
		printf(", not changed quietly: %s", why ? why : "?");
	}
	putchar('\n');
}

static void print_pause(const char *margin, const struct change_result *result)
{
	if (result->stopped)
		print_stop(margin, result);
	else if (change_was_written(result))
		printf("%schanged quietly: nobody was stopped\n", margin);
	else
		printf("%snothing to write: the target was not stopped\n", margin);
}

static void print_change(const char *margin, const struct change_request *request,
			 const struct change_result *result)
{
	print_flags(margin, result);
	print_totals(margin, result, request->dry_run);
	if (result->recovered > 0)
		printf("%sfirst, the work of a controller that died %s put right in %zu "
		       "module%s\n",
		       margin, request->dry_run ? "would be" : "was", result->recovered,
		       plural(result->recovered));
	if (!request->dry_run)
		print_pause(margin, result);
}

void report_failed_stop(const char *margin, const struct change_result *result)
{
	if (result->stopped)
		print_stop(margin, result);
}

void report_change(const struct change_request *request, const struct change_result *result)
{
	print_change("", request, result);
}

void report_flag_changes(const struct change_result *result, bool dry_run)
{
	print_flags("", result);
	print_totals("", result, dry_run);
}

void report_target_change(const struct target_end *end, const struct change_request *request,
			  const struct change_result *result)
{
	print_process(end->pid, end->name);
	if (end->how != TARGET_SKIPPED && end->how != TARGET_FAILED) {
		fputs(":\n", stdout);
		print_change("  ", request, result);
		return;
	}
	CLEANUP_FREE char *why = text_escaped(TEXT_FOR_TERMINAL, end->err->text);
	fputs(": ", stdout);
	if (end->how == TARGET_SKIPPED)
		fputs("skipped", stdout);
	else
		put_colored(COLOR_BAD, "failed");
	printf(": %s\n", why ? why : "?");
	report_failed_stop("  ", result);
}

void report_targets(const struct targets_tally *tally, bool dry_run)
{
	printf("%zu process%s: %zu %s, %zu already so", tally->count, tally->count == 1 ? "" : "es",
	       tally->ends[TARGET_CHANGED], dry_run ? "would change" : "changed",
	       tally->ends[TARGET_ALREADY]);
	if (tally->ends[TARGET_UNHOOKED] > 0)
		printf(", %zu with unhooked flags left alone", tally->ends[TARGET_UNHOOKED]);
	printf(", %zu skipped, %zu failed\n", tally->ends[TARGET_SKIPPED],
	       tally->ends[TARGET_FAILED]);
}
