/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - text for people on standard output. */
#include "report.h"

#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "match.h"
#include "summary.h"
#include "text.h"

/* A row: one flag of one module. */
struct row {
	const struct image *image;
	const struct df_flag *flag;
	const struct df_site *site; /* the first of the flag's */
	struct flag_counts now;
};

typedef char *(*cell_fn)(const struct row *row); /* allocated, or NULL if out of memory */

static char *number_range(uint32_t low, uint32_t high)
{
	char *text = NULL;
	const int length = low == high ? asprintf(&text, "%" PRIu32, low)
				       : asprintf(&text, "%" PRIu32 "-%" PRIu32, low, high);
	return length < 0 ? NULL : text;
}

static char *joined(const char *a, const char *b)
{
	char *text = NULL;
	if (asprintf(&text, "%s:%s", a, b) < 0)
		return NULL;
	char *safe = text_escaped(TEXT_FOR_TERMINAL, text);
	free(text);
	return safe;
}

static char *cell_name(const struct row *row)
{
	return joined(row->site->kind, row->site->name);
}

static char *cell_full(const struct row *row)
{
	const size_t size = df_full_name_length(row->site) + 1;
	CLEANUP_FREE char *name = malloc(size);
	if (!name)
		return NULL;
	df_full_name(row->site, name, size);
	return text_escaped(TEXT_FOR_TERMINAL, name);
}

static char *cell_kind(const struct row *row)
{
	return text_escaped(TEXT_FOR_TERMINAL, row->site->kind);
}

static char *cell_flag(const struct row *row)
{
	return text_escaped(TEXT_FOR_TERMINAL, row->site->name);
}

static char *cell_state(const struct row *row)
{
	return strdup(flag_state(&row->now));
}

static char *cell_built(const struct row *row)
{
	const struct flag_counts built = flag_counts_built(row->image, row->flag);
	return strdup(flag_state(&built));
}

static char *cell_count(const struct row *row)
{
	return number_range(row->now.activation_min, row->now.activation_max);
}

static char *cell_unhook(const struct row *row)
{
	return number_range(row->now.unhook_min, row->now.unhook_max);
}

static char *cell_sites(const struct row *row)
{
	return number_range(row->flag->count, row->flag->count);
}

static char *cell_location(const struct row *row)
{
	char line[16];
	snprintf(line, sizeof(line), "%" PRIu32, row->site->line);
	return joined(row->site->file, line);
}

static char *cell_file(const struct row *row)
{
	return text_escaped(TEXT_FOR_TERMINAL, row->site->file);
}

static char *cell_line(const struct row *row)
{
	return number_range(row->site->line, row->site->line);
}

static char *cell_doc(const struct row *row)
{
	return text_escaped(TEXT_FOR_TERMINAL, row->site->doc);
}

static char *cell_module(const struct row *row)
{
	return text_escaped(TEXT_FOR_TERMINAL, row->image->path);
}

/* All sites of the flag; run-time addresses for a process, ELF addresses for a file. */
static char *cell_address(const struct row *row)
{
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

/* The one list of columns: it is parsed, printed and explained from here. */
#define COLUMNS(X)                                                                                 \
	X(NAME, cell_name, 0, "kind:name")                                                         \
	X(STATE, cell_state, 0, "on, off, held (on until init), mixed (its sites differ)")         \
	X(COUNT, cell_count, SCOLS_FL_RIGHT, "activation count")                                   \
	X(UNHOOK, cell_unhook, SCOLS_FL_RIGHT, "unhook count")                                     \
	X(SITES, cell_sites, SCOLS_FL_RIGHT, "places in text that bear this full name")            \
	X(LOCATION, cell_location, 0, "file:line")                                                 \
	X(DOC, cell_doc, SCOLS_FL_TRUNC, "what the source says about it")                          \
	X(FULL, cell_full, 0, "full name, kind:name@file:line")                                    \
	X(KIND, cell_kind, 0, "kind")                                                              \
	X(FLAG, cell_flag, 0, "name without its kind")                                             \
	X(FILE, cell_file, 0, "source file")                                                       \
	X(LINE, cell_line, SCOLS_FL_RIGHT, "source line")                                          \
	X(BUILT, cell_built, 0, "state as built")                                                  \
	X(MODULE, cell_module, 0, "executable or shared object")                                   \
	X(ADDRESS, cell_address, 0, "addresses of the sites")

static const struct column {
	const char *name;
	cell_fn cell;
	int flags;
} columns_known[] = {
#define COLUMN(NAME, CELL, FLAGS, HELP) {#NAME, CELL, FLAGS},
	COLUMNS(COLUMN)
#undef COLUMN
};

const char report_columns_help[] =
#define COLUMN(NAME, CELL, FLAGS, HELP) "  " #NAME ": " HELP "\n"
	COLUMNS(COLUMN)
#undef COLUMN
	;

#define COLUMN_COUNT (sizeof(columns_known) / sizeof(columns_known[0]))
#define CHOSEN_MAX 64

struct chosen {
	const struct column *list[CHOSEN_MAX];
	size_t count;
};

static const char columns_default[] = "NAME,STATE,COUNT,UNHOOK,SITES,LOCATION,DOC";
static const char columns_with_module[] = "NAME,STATE,COUNT,UNHOOK,SITES,LOCATION,MODULE,DOC";

static const struct column *find_column(const char *name, size_t length)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (strlen(columns_known[i].name) == length &&
		    strncasecmp(columns_known[i].name, name, length) == 0)
			return &columns_known[i];
	return NULL;
}

static int unknown_column(const char *name, size_t length, struct df_err *err)
{
#define COLUMN(NAME, CELL, FLAGS, HELP) "," #NAME
	static const char known[] = COLUMNS(COLUMN);
#undef COLUMN
	return df_fail(err, DF_E_USAGE, "unknown column '%.*s'; there are %s", (int)length, name,
		       known + 1);
}

static int choose(struct chosen *chosen, const char *names, struct df_err *err)
{
	for (const char *at = names;; at++) {
		const size_t length = strcspn(at, ",");
		const struct column *column = find_column(at, length);
		if (!column)
			return unknown_column(at, length, err);
		if (chosen->count == CHOSEN_MAX)
			return df_fail(err, DF_E_USAGE, "more than %d columns", CHOSEN_MAX);
		chosen->list[chosen->count++] = column;
		at += length;
		if (*at == '\0')
			return 0;
	}
}

static int choose_columns(struct chosen *chosen, const char *columns, bool many, struct df_err *err)
{
	const char *standard = many ? columns_with_module : columns_default;
	int status = 0;
	if (!columns || *columns == '+')
		status = choose(chosen, standard, err);
	if (columns && status == 0)
		status = choose(chosen, columns + (*columns == '+'), err);
	return status;
}

int report_check_columns(const char *columns, struct df_err *err)
{
	struct chosen chosen = {0};
	return choose_columns(&chosen, columns, false, err);
}

static int fill_line(struct libscols_line *line, const struct chosen *chosen, const struct row *row)
{
	for (size_t i = 0; i < chosen->count; i++) {
		char *text = chosen->list[i]->cell(row);
		if (!text || scols_line_refer_data(line, i, text) != 0) {
			free(text);
			return -1;
		}
	}
	return 0;
}

static int add_image(struct libscols_table *table, const struct chosen *chosen,
		     const struct image *image, const bool *selected)
{
	for (size_t i = 0; i < image->flag_count; i++) {
		const struct df_flag *flag = &image->flags[i];
		if (!flag_selected(image, flag, selected))
			continue;
		const struct row row = {
			.image = image,
			.flag = flag,
			.site = &image->sites[image->order[flag->first]],
			.now = flag_counts_now(image, flag),
		};
		struct libscols_line *line = scols_table_new_line(table, NULL);
		if (!line || fill_line(line, chosen, &row) != 0)
			return -1;
	}
	return 0;
}

static int print_table(const struct list_result *result, const struct chosen *chosen, bool headings)
{
	/*
	 * How wide a character is. Not before, and no more of the locale: numbers and patterns
	 * mean the same everywhere, and loading a locale takes a tenth of the time of a flip.
	 */
	setlocale(LC_CTYPE, "");
	struct libscols_table *table = scols_new_table();
	int status = table ? 0 : -1;
	if (table) {
		scols_table_enable_noheadings(table, !headings);
		scols_table_enable_noencoding(table, 1); /* cells are safe already */
	}
	for (size_t i = 0; status == 0 && i < chosen->count; i++)
		if (!scols_table_new_column(table, chosen->list[i]->name, 0,
					    chosen->list[i]->flags))
			status = -1;
	for (size_t i = 0; status == 0 && i < result->images.count; i++)
		status = add_image(table, chosen, result->images.list[i],
				   result->selection.selected[i]);
	if (status == 0)
		status = scols_print_table(table);
	scols_unref_table(table);
	return status;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
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
	struct chosen chosen = {0};
	const int status = choose_columns(&chosen, columns, result->images.count > 1, err);
	if (status < 0)
		return status;
	for (size_t i = 0; headings && i < result->images.count; i++)
		print_module(result->images.list[i]);
	if (print_table(result, &chosen, headings) != 0)
		return df_fail_memory(err);
	return 0;
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

static void print_flag(const struct image *image, const struct df_flag *flag,
		       const struct flag_change *change)
{
	const struct row row = {.site = &image->sites[image->order[flag->first]]};
	CLEANUP_FREE char *name = cell_full(&row);
	const char *before = flag_state(&change->before), *after = flag_state(&change->after);
	printf("%s: %s", name ? name : "?", before);
	if (strcmp(before, after) != 0)
		printf(" -> %s", after);
	print_counts(&change->before, &change->after);
	if (change->sites > 1)
		printf(", %zu sites", change->sites);
	printf("%s\n", outcome_text(change->outcome));
}

static void print_flags(const struct change_result *result)
{
	for (size_t i = 0; i < result->images.count; i++) {
		const struct image *image = result->images.list[i];
		for (size_t j = 0; j < image->flag_count; j++) {
			const struct flag_change change =
				flag_change_of(image, &image->flags[j], &result->plans[i]);
			if (change.outcome > DF_SAME)
				print_flag(image, &image->flags[j], &change);
		}
	}
}

static void print_tally(const char *what, const struct tally *tally)
{
	printf(", %zu %s", tally->flags, what);
	if (tally->sites != tally->flags)
		printf(" (%zu sites)", tally->sites);
}

static void print_pause(const struct change_result *result)
{
	if (!result->stopped) {
		puts("nothing to write: the target was not stopped");
		return;
	}
	const double us = (double)result->pause / 1000.0;
	printf("%zu thread%s stood still for %.*f %s\n", result->threads, plural(result->threads),
	       us < 10000 ? 0 : 1, us < 10000 ? us : us / 1000.0, us < 10000 ? "us" : "ms");
}

void report_change(const struct change_request *request, const struct change_result *result)
{
	const struct totals totals = totals_of(result);
	print_flags(result);
	if (request->dry_run)
		printf("dry run, nothing was written: ");
	printf("matched %zu flag%s (%zu site%s)", totals.matched.flags,
	       plural(totals.matched.flags), totals.matched.sites, plural(totals.matched.sites));
	print_tally(request->dry_run ? "would change" : "changed", &totals.changed);
	print_tally("already so", &totals.already);
	print_tally("unhooked", &totals.unhooked);
	if (totals.saturated.flags > 0)
		print_tally("at the top", &totals.saturated);
	putchar('\n');
	if (totals.strayed > 0)
		printf("%zu site%s did not show what %s counts say, and %s put right\n",
		       totals.strayed, plural(totals.strayed),
		       totals.strayed == 1 ? "its" : "their",
		       request->dry_run	     ? "would be"
		       : totals.strayed == 1 ? "was"
					     : "were");
	if (result->recovered > 0)
		printf("first, the work of a controller that died %s put right in %zu module%s\n",
		       request->dry_run ? "would be" : "was", result->recovered,
		       plural(result->recovered));
	if (!request->dry_run)
		print_pause(result);
}
