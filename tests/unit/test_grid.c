/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/grid.c: a system without the library that prints tables. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"

static bool missing;

/* Stands before the C library's own. */
__attribute__((visibility("default"))) void *dlopen(const char *name, int mode)
{
	void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
	return real(missing ? "libsmartcols-that-is-not-there.so" : name, mode);
}

static char *cell(const void *row)
{
	return strdup(row);
}

static const struct grid_column list[] = {{.name = "ONE", .cell = cell}};
static const struct grid_columns columns = {.list = list, .count = 1};

Test(grid, says_that_the_library_is_missing_and_tries_again)
{
	struct grid *grid = NULL;
	struct df_err err = {0};
	missing = true;
	cr_expect_eq(grid_new(&columns, "ONE", NULL, true, &grid, &err), -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "cannot load what prints tables"), "%s", err.text);
	cr_expect_null(grid);
	missing = false;
	cr_assert_eq(grid_new(&columns, "ONE", NULL, true, &grid, &err), 0, "%s", err.text);
	cr_expect_eq(grid_add(grid, "x", &err), 0);
	grid_free(grid);
}

Test(grid, names_the_columns_there_are_without_the_library)
{
	struct df_err err = {0};
	missing = true;
	cr_expect_eq(grid_check(&columns, "ONE", "TWO", &err), -(int)DF_E_USAGE);
	cr_expect_str_eq(err.text, "unknown column 'TWO'; there are ONE");
	cr_expect_eq(grid_check(&columns, "ONE", "one", &err), 0);
}
