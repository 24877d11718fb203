/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grid.h - tables on standard output whose columns the user chooses by name; the
 * only user of libsmartcols.
 */
#ifndef DFPATCH_GRID_H
#define DFPATCH_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "color.h"
#include "err.h"

struct grid_column {
	const char *name;
	char *(*cell)(const void *row); /* allocated and safe to show; NULL if out of memory */
	enum color (*color)(const void *row); /* of the cell; NULL for none */
	bool right;			      /* a number */
	bool cut; /* may lose its end where the terminal is too narrow */
};

/* All columns that a table may have. */
struct grid_columns {
	const struct grid_column *list;
	size_t count;
};

struct grid;

/*
 * Begins a table. `chosen` is a list of names with commas between, put behind the
 * `standard` ones if it begins with '+', or NULL for those alone. Returns 0, DF_E_USAGE
 * (an unknown column), DF_E_SYSTEM (libsmartcols cannot be loaded), DF_E_MEMORY; then *grid
 * is not touched.
 */
int grid_new(const struct grid_columns *columns, const char *standard, const char *chosen,
	     bool headings, struct grid **grid, struct df_err *err);

/* 0 if grid_new() would take `chosen`, else DF_E_USAGE with the names there are. */
int grid_check(const struct grid_columns *columns, const char *standard, const char *chosen,
	       struct df_err *err);

/* Makes the cells of a row, which is not looked at later. Returns 0 or DF_E_MEMORY. */
int grid_add(struct grid *grid, const void *row, struct df_err *err);

/* Leaves out the first column of that name, or does not. */
void grid_hide(struct grid *grid, const char *name, bool hidden);

/* Returns 0 or DF_E_MEMORY. */
int grid_print(struct grid *grid, struct df_err *err);

void grid_free(struct grid *grid); /* NULL is allowed */

#endif
