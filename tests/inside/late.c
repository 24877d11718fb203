/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late.c - a plain program that uses flags, and what a listing told of them, when it has
 * nearly ended: in a destructor that runs behind those of libdf.
 */
#include <df.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "flags.h"

static struct df_flag_info told;

static int keep(void *context, const struct df_flag_info *flag)
{
	(void)context;
	told = *flag;
	return 0;
}

static void expect(int held, const char *what)
{
	if (held)
		return;
	fprintf(stderr, "late: %s\n", what);
	_exit(1);
}

static __attribute__((destructor(101))) void late(void)
{
	expect(strcmp(told.full_name, "lamp:feature@lamps.c:100") == 0, "the full name has gone");
	expect(strcmp(told.module, "") == 0, "the module's path has gone");
	expect(strcmp(told.doc, "off as built") == 0, "the doc has gone");
	expect(df_activate("lamp:feature") == 1, "no flag can be switched on");
	expect(lamps[0].read() == 1, "it is not on");
	expect(df_list("lamp:feature", keep, NULL) == 1 && told.activation == 2, "no listing");
}

int main(void)
{
	expect(df_activate("lamp:feature") == 1, df_error());
	expect(df_list("lamp:feature", keep, NULL) == 1, df_error());
	return 0;
}
