/* SPDX-License-Identifier: Apache-2.0 */
/* report_scan.c - what a scan found, as a table for people. */
#include "report_scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "text.h"

/* Empty where it is not known. */
static char *number(bool known, uint64_t value)
{
	char *text = NULL;
	if (!known)
		return strdup("");
	return asprintf(&text, "%" PRIu64, value) < 0 ? NULL : text;
}

static char *cell_pid(const void *cell)
{
	const struct scan_row *row = cell;
	return number(true, (uint64_t)row->pid);
}

static char *cell_command(const void *cell)
{
	const struct scan_row *row = cell;
	return text_escaped(TEXT_FOR_TERMINAL, row->name);
}

static char *cell_modules(const void *cell)
{
	const struct scan_row *row = cell;
	return number(row->counted, row->modules);
}

static char *cell_flags(const void *cell)
{
	const struct scan_row *row = cell;
	return number(row->counted, row->flags);
}

static char *cell_sites(const void *cell)
{
	const struct scan_row *row = cell;
	return number(row->counted, row->sites);
}

static char *cell_active(const void *cell)
{
	const struct scan_row *row = cell;
	return number(row->current, row->active);
}

static char *cell_changed(const void *cell)
{
	const struct scan_row *row = cell;
	return number(row->current, row->changed);
}

static char *cell_changes(const void *cell)
{
	const struct scan_row *row = cell;
	return number(row->current, row->changes);
}

static char *cell_init(const void *cell)
{
	return strdup(scan_initialised(cell));
}

static char *cell_patchable(const void *cell)
{
	return strdup(scan_verdict(cell));
}

static enum color color_patchable(const void *cell)
{
	const char *verdict = scan_verdict(cell);
	if (strcmp(verdict, "yes") == 0)
		return COLOR_GOOD;
	return strcmp(verdict, "stop") == 0 ? COLOR_WARN : COLOR_BAD;
}

static char *cell_reason(const void *cell)
{
	const struct scan_row *row = cell;
	return text_escaped(TEXT_FOR_TERMINAL, row->why.text);
}

#define COLUMNS(X)                                                                                 \
	X(PID, cell_pid, "the process", .right = true)                                             \
	X(COMMAND, cell_command, "its name")                                                       \
	X(FLAGS, cell_flags, "flags in all its modules", .right = true)                            \
	X(SITES, cell_sites, "their places in text", .right = true)                                \
	X(ACTIVE, cell_active, "flags that are on at one site or more", .right = true)             \
	X(CHANGED, cell_changed, "flags that are not as they were built", .right = true)           \
	X(INIT, cell_init, "whether a controller inside has initialised it: yes, no, partly")      \
	X(PATCHABLE, cell_patchable, "yes, stop (only with every thread stopped), no",             \
	  .color = color_patchable)                                                                \
	X(REASON, cell_reason, "why not, or why only so", .cut = true)                             \
	X(MODULES, cell_modules, "modules with flags", .right = true)                              \
	X(CHANGES, cell_changes, "operations on its flags since its start", .right = true)

static const struct grid_column column_list[] = {
#define COLUMN(NAME, CELL, HELP, ...) {.name = #NAME, .cell = (CELL), __VA_ARGS__},
	COLUMNS(COLUMN)
#undef COLUMN
};

const char report_scan_columns_help[] =
#define COLUMN(NAME, CELL, HELP, ...) "  " #NAME ": " HELP "\n"
	COLUMNS(COLUMN)
#undef COLUMN
	;

static const struct grid_columns columns_known = {
	column_list,
	sizeof(column_list) / sizeof(column_list[0]),
};

static const char columns_default[] =
	"PID,COMMAND,FLAGS,SITES,ACTIVE,CHANGED,INIT,PATCHABLE,REASON";

int report_scan_check_columns(const char *columns, struct df_err *err)
{
	return grid_check(&columns_known, columns_default, columns, err);
}

int report_scan(const struct scan *scan, const char *columns, bool headings, struct df_err *err)
{
	struct grid *grid = NULL;
	int status = grid_new(&columns_known, columns_default, columns, headings, &grid, err);
	if (status < 0)
		return status;
	for (size_t i = 0; status == 0 && i < scan->count; i++)
		status = grid_add(grid, &scan->list[i], err);
	if (status == 0)
		status = grid_print(grid, err);
	grid_free(grid);
	return status;
}
