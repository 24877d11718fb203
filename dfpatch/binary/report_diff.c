/* SPDX-License-Identifier: Apache-2.0 */
/* report_diff.c - what differs between two modules, as a table for people. */
#include "report_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "cleanup.h"
#include "grid.h"
#include "summary.h"
#include "text.h"

/* Flags of one table: a million at once would take gigabytes. */
#define AT_ONCE 10000

/* One thing that differs in a flag. */
struct row {
	const struct diff *diff;
	const struct difference *difference;
	enum diff_what what;
};

/* A flag as one of the modules has it; without one, the module does not. */
struct version {
	const struct image *image;
	const struct df_flag *flag;
	const char *doc;
};

static struct version old_version(const struct row *row)
{
	return (struct version){row->diff->old, row->difference->old, row->difference->old_doc};
}

static struct version new_version(const struct row *row)
{
	return (struct version){row->diff->new, row->difference->new, row->difference->new_doc};
}

static const struct df_site *site_of(const struct version *version)
{
	return &version->image->sites[version->image->order[version->flag->first]];
}

/* As the new module has it, where it does. */
static const struct df_site *site_of_row(const struct row *row)
{
	const struct version old = old_version(row), new = new_version(row);
	return site_of(new.flag ? &new : &old);
}

static char *state_text(const struct version *version)
{
	const struct flag_counts counts = flag_counts_built(version->image, version->flag);
	char *text = NULL;
	if (counts.active == 0 || counts.active == counts.sites)
		return strdup(flag_state(&counts));
	if (asprintf(&text, "mixed (%zu of %zu on)", counts.active, counts.sites) < 0)
		return NULL;
	return text;
}

static char *count_text(const struct version *version, enum diff_what what)
{
	const struct flag_counts counts = flag_counts_built(version->image, version->flag);
	return what == DIFF_UNHOOK ? cells_range(counts.unhook_min, counts.unhook_max)
				   : cells_range(counts.activation_min, counts.activation_max);
}

/* What a module says about that which differs. */
static char *value(const struct version *version, enum diff_what what)
{
	if (!version->flag)
		return strdup("");
	switch (what) {
	case DIFF_MOVED:
		return cells_location(site_of(version));
	case DIFF_COUNT:
	case DIFF_UNHOOK:
		return count_text(version, what);
	case DIFF_COMPILED:
		return strdup(diff_compiled_for(version->image, version->flag));
	case DIFF_SITES:
		return cells_range(version->flag->count, version->flag->count);
	case DIFF_DOC:
		return text_escaped(TEXT_FOR_TERMINAL, version->doc);
	case DIFF_REMOVED:
	case DIFF_ADDED:
	case DIFF_DEFAULT:
	case DIFF_WHATS:
	default:
		return state_text(version);
	}
}

static char *cell_change(const void *cell)
{
	const struct row *row = cell;
	return strdup(diff_what_name(row->what));
}

static enum color color_change(const void *cell)
{
	const struct row *row = cell;
	if (row->what == DIFF_REMOVED)
		return COLOR_BAD;
	return row->what == DIFF_ADDED ? COLOR_GOOD : COLOR_PLAIN;
}

static char *cell_name(const void *cell)
{
	return cells_name(site_of_row(cell));
}

static char *cell_full(const void *cell)
{
	return cells_full_name(site_of_row(cell));
}

static char *cell_location(const void *cell)
{
	return cells_location(site_of_row(cell));
}

static char *cell_old(const void *cell)
{
	const struct row *row = cell;
	const struct version version = old_version(row);
	return value(&version, row->what);
}

static char *cell_new(const void *cell)
{
	const struct row *row = cell;
	const struct version version = new_version(row);
	return value(&version, row->what);
}

#define COLUMNS(X)                                                                                 \
	X(CHANGE, cell_change,                                                                     \
	  "removed, added, moved (to another file or line), default (state as built), count and "  \
	  "unhook (counts as built), compiled (the value that lies straight ahead), sites, doc",   \
	  .color = color_change)                                                                   \
	X(NAME, cell_name, "kind:name")                                                            \
	X(LOCATION, cell_location, "file:line, in the new file if the flag is there")              \
	X(OLD, cell_old, "what the old file says", .cut = true)                                    \
	X(NEW, cell_new, "what the new file says", .cut = true)                                    \
	X(FULL, cell_full, "full name, kind:name@file:line")

static const struct grid_column column_list[] = {
#define COLUMN(NAME, CELL, HELP, ...) {.name = #NAME, .cell = (CELL), __VA_ARGS__},
	COLUMNS(COLUMN)
#undef COLUMN
};

const char report_diff_columns_help[] =
#define COLUMN(NAME, CELL, HELP, ...) "  " #NAME ": " HELP "\n"
	COLUMNS(COLUMN)
#undef COLUMN
	;

static const struct grid_columns columns_known = {
	column_list,
	sizeof(column_list) / sizeof(column_list[0]),
};

static const char columns_default[] = "CHANGE,NAME,LOCATION,OLD,NEW";

int report_diff_check_columns(const char *columns, struct df_err *err)
{
	return grid_check(&columns_known, columns_default, columns, err);
}

static int add_rows(struct grid *grid, const struct diff *diff, size_t first, size_t end,
		    struct df_err *err)
{
	int status = 0;
	for (size_t i = first; i < end; i++) {
		struct row row = {.diff = diff, .difference = &diff->list[i]};
		for (int what = 0; status == 0 && what < DIFF_WHATS; what++) {
			row.what = (enum diff_what)what;
			if (diff->list[i].what >> what & 1)
				status = grid_add(grid, &row, err);
		}
	}
	return status;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_module(const char *role, const struct image *image)
{
	CLEANUP_FREE char *path = text_escaped(TEXT_FOR_TERMINAL, image->path);
	printf("%s: %s: %zu flag%s, %zu site%s\n", role, path ? path : "?", image->flag_count,
	       plural(image->flag_count), image->table.count, plural(image->table.count));
}

static void print_totals(const struct diff *diff)
{
	printf("%zu flag%s alike", diff->alike, plural(diff->alike));
	for (int what = 0; what < DIFF_WHATS; what++)
		if (diff->whats[what] > 0)
			printf(", %zu %s%s", diff->whats[what],
			       diff_what_name((enum diff_what)what),
			       what > DIFF_MOVED ? " changed" : "");
	puts(diff->count == 0 ? ", no difference" : "");
}

static int print_rows(const struct diff *diff, size_t first, const char *columns, bool headings,
		      struct df_err *err)
{
	const size_t left = diff->count - first;
	struct grid *grid = NULL;
	int status = grid_new(&columns_known, columns_default, columns, headings && first == 0,
			      &grid, err);
	if (status < 0)
		return status;
	status = add_rows(grid, diff, first, first + (left < AT_ONCE ? left : AT_ONCE), err);
	if (status == 0)
		status = grid_print(grid, err);
	grid_free(grid);
	return status;
}

int report_diff(const struct diff *diff, const char *columns, bool headings, struct df_err *err)
{
	int status = report_diff_check_columns(columns, err);
	if (status == 0 && headings) {
		print_module("old", diff->old);
		print_module("new", diff->new);
	}
	for (size_t at = 0; status == 0 && at < diff->count; at += AT_ONCE)
		status = print_rows(diff, at, columns, headings, err);
	if (status == 0 && headings)
		print_totals(diff);
	return status;
}
