/* SPDX-License-Identifier: Apache-2.0 */
/* grid.c - tables on standard output. */
#include "grid.h"

#include <dlfcn.h>
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHOSEN_MAX 64

/*
 * The library is loaded when a table is first made. Linked, it would be loaded and bound
 * for each change as well, which makes no table and takes a fortieth longer then.
 */
#define LIBRARY "libsmartcols.so.1"

#define FUNCTIONS(X)                                                                               \
	X(scols_new_table)                                                                         \
	X(scols_unref_table)                                                                       \
	X(scols_print_table)                                                                       \
	X(scols_table_enable_noheadings)                                                           \
	X(scols_table_enable_noencoding)                                                           \
	X(scols_table_new_column)                                                                  \
	X(scols_table_get_column)                                                                  \
	X(scols_table_new_line)                                                                    \
	X(scols_table_enable_colors)                                                               \
	X(scols_line_get_cell)                                                                     \
	X(scols_cell_set_color)                                                                    \
	X(scols_line_refer_data)                                                                   \
	X(scols_column_get_flags)                                                                  \
	X(scols_column_set_flags)

static struct {
	bool loaded;
#define DECLARE(NAME) __typeof__(&(NAME)) NAME;
	FUNCTIONS(DECLARE)
#undef DECLARE
} lib;

static int resolve(void *handle, struct df_err *err)
{
#define RESOLVE(NAME)                                                                              \
	lib.NAME = (__typeof__(lib.NAME))dlsym(handle, #NAME);                                     \
	if (!lib.NAME)                                                                             \
		return df_fail(err, DF_E_SYSTEM, "%s has no " #NAME, LIBRARY);
	FUNCTIONS(RESOLVE)
#undef RESOLVE
	return 0;
}

static int load_library(struct df_err *err)
{
	if (lib.loaded)
		return 0;
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return df_fail(err, DF_E_SYSTEM,
			       "cannot load what prints tables (package libsmartcols1): %s",
			       dlerror());
	const int status = resolve(handle, err);
	if (status < 0)
		dlclose(handle);
	lib.loaded = status == 0;
	return status;
}

struct chosen {
	const struct grid_column *list[CHOSEN_MAX];
	size_t count;
};

struct grid {
	struct chosen chosen;
	bool colors;
	struct libscols_table *table;
};

static const struct grid_column *find_column(const struct grid_columns *columns, const char *name,
					     size_t length)
{
	for (size_t i = 0; i < columns->count; i++)
		if (strlen(columns->list[i].name) == length &&
		    strncasecmp(columns->list[i].name, name, length) == 0)
			return &columns->list[i];
	return NULL;
}

static int unknown_column(const struct grid_columns *columns, const char *name, size_t length,
			  struct df_err *err)
{
	char known[DF_ERR_TEXT / 2] = "";
	for (size_t i = 0; i < columns->count; i++) {
		const size_t used = strlen(known);
		snprintf(known + used, sizeof(known) - used, "%s%s", i ? "," : "",
			 columns->list[i].name);
	}
	return df_fail(err, DF_E_USAGE, "unknown column '%.*s'; there are %s",
		       length > 200 ? 200 : (int)length, name, known);
}

static int choose(const struct grid_columns *columns, const char *names, struct chosen *chosen,
		  struct df_err *err)
{
	for (const char *at = names;; at++) {
		const size_t length = strcspn(at, ",");
		const struct grid_column *column = find_column(columns, at, length);
		if (!column)
			return unknown_column(columns, at, length, err);
		if (chosen->count == CHOSEN_MAX)
			return df_fail(err, DF_E_USAGE, "more than %d columns", CHOSEN_MAX);
		chosen->list[chosen->count++] = column;
		at += length;
		if (*at == '\0')
			return 0;
	}
}

static int choose_columns(const struct grid_columns *columns, const char *standard,
			  const char *names, struct chosen *chosen, struct df_err *err)
{
	int status = 0;
	if (!names || *names == '+')
		status = choose(columns, standard, chosen, err);
	if (names && status == 0)
		status = choose(columns, names + (*names == '+'), chosen, err);
	return status;
}

int grid_check(const struct grid_columns *columns, const char *standard, const char *chosen,
	       struct df_err *err)
{
	struct chosen list = {0};
	return choose_columns(columns, standard, chosen, &list, err);
}

static int make_table(struct grid *grid, bool headings)
{
	/*
	 * How wide a character is. Not before, and no more of the locale: numbers and patterns
	 * mean the same everywhere, and loading a locale takes a tenth of the time of a flip.
	 */
	setlocale(LC_CTYPE, "");
	grid->table = lib.scols_new_table();
	if (!grid->table)
		return -1;
	lib.scols_table_enable_noheadings(grid->table, !headings);
	lib.scols_table_enable_noencoding(grid->table, 1); /* cells are safe already */
	lib.scols_table_enable_colors(grid->table, grid->colors);
	for (size_t i = 0; i < grid->chosen.count; i++) {
		const struct grid_column *column = grid->chosen.list[i];
		const int flags =
			(column->right ? SCOLS_FL_RIGHT : 0) | (column->cut ? SCOLS_FL_TRUNC : 0);
		if (!lib.scols_table_new_column(grid->table, column->name, 0, flags))
			return -1;
	}
	return 0;
}

int grid_new(const struct grid_columns *columns, const char *standard, const char *chosen,
	     bool headings, struct grid **grid, struct df_err *err)
{
	struct grid *g = calloc(1, sizeof(*g));
	if (!g)
		return df_fail_memory(err);
	g->colors = color_wanted(STDOUT_FILENO);
	int status = choose_columns(columns, standard, chosen, &g->chosen, err);
	if (status == 0)
		status = load_library(err);
	if (status == 0 && make_table(g, headings) != 0)
		status = df_fail_memory(err);
	if (status < 0)
		grid_free(g);
	else
		*grid = g;
	return status;
}

static int add_cell(const struct grid *grid, struct libscols_line *line, size_t i, const void *row)
{
	const struct grid_column *column = grid->chosen.list[i];
	char *text = column->cell(row);
	if (!text || lib.scols_line_refer_data(line, i, text) != 0) {
		free(text);
		return -1;
	}
	const enum color color = grid->colors && column->color ? column->color(row) : COLOR_PLAIN;
	return color == COLOR_PLAIN ? 0
				    : lib.scols_cell_set_color(lib.scols_line_get_cell(line, i),
							       color_sequence(color));
}

int grid_add(struct grid *grid, const void *row, struct df_err *err)
{
	struct libscols_line *line = lib.scols_table_new_line(grid->table, NULL);
	if (!line)
		return df_fail_memory(err);
	for (size_t i = 0; i < grid->chosen.count; i++)
		if (add_cell(grid, line, i, row) != 0)
			return df_fail_memory(err);
	return 0;
}

void grid_hide(struct grid *grid, const char *name, bool hidden)
{
	for (size_t i = 0; i < grid->chosen.count; i++) {
		if (strcmp(grid->chosen.list[i]->name, name) != 0)
			continue;
		struct libscols_column *column = lib.scols_table_get_column(grid->table, i);
		const int flags = lib.scols_column_get_flags(column);
		lib.scols_column_set_flags(column, hidden ? flags | SCOLS_FL_HIDDEN
							  : flags & ~SCOLS_FL_HIDDEN);
		return;
	}
}

int grid_print(struct grid *grid, struct df_err *err)
{
	return lib.scols_print_table(grid->table) == 0 ? 0 : df_fail_memory(err);
}

void grid_free(struct grid *grid)
{
	if (!grid)
		return;
	if (grid->table)
		lib.scols_unref_table(grid->table);
	free(grid);
}
