/* SPDX-License-Identifier: Apache-2.0 */
/*
 * say.c - a plain program that says what df_init() returned, whether it runs with raised
 * privileges, and its flags.
 */
#include <df.h>

#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(void)
{
	const int status = df_init();
	printf("init %d secure %d\n", status, getauxval(AT_SECURE) != 0);
	if (status < 0)
		printf("error %s\n", df_error());
	const int listed = df_list(NULL, df_list_print, stdout);
	fflush(stdout);
	/* At once, since a leak checker cannot look at a program of raised privileges. */
	_exit(listed < 0);
}
