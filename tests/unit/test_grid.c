/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/grid.c: a system without the library that prints tables. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"

static bool missing;

/* Opened and not closed. A library that lacks a function is played by one of the C library's. */
static int handles;
static bool lacks;

/* Stands before the C library's own. */
__attribute__((visibility("default"))) void *dlopen(const char *name, int mode)
{
	void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
	void *handle = real(missing ? "libsmartcols-that-is-not-there.so"
			    : lacks ? "libm.so.6"
				    : name,
			    mode);
	handles += handle != NULL;
	return handle;
}

__attribute__((visibility("default"))) int dlclose(void *handle)
{
	int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "dlclose");
	handles--;
	return real(handle);
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

Test(grid, closes_a_library_that_lacks_a_function)
{
	struct grid *grid = NULL;
	struct df_err err = {0};
	lacks = true;
	handles = 0;
	cr_expect_eq(grid_new(&columns, "ONE", NULL, true, &grid, &err), -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "has no scols_new_table"), "%s", err.text);
	cr_expect_eq(handles, 0, "%d left open", handles);
	lacks = false;
	cr_assert_eq(grid_new(&columns, "ONE", NULL, true, &grid, &err), 0, "%s", err.text);
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
