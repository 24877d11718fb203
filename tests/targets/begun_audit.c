/* SPDX-License-Identifier: Apache-2.0 */
/*
 * begun_audit.c - a module that watches the loader (rtld-audit(7)), loaded before all others.
 *
 * With AUDIT_EXEC, it makes of a program named begun-alone the same program, without itself.
 */
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef AUDIT_EXEC
static void become_it_again(void)
{
	char *const arguments[] = {program_invocation_name, NULL};
	const char *name = strrchr(program_invocation_name, '/');
	if (!name || strcmp(name, "/begun-alone") != 0)
		return;
	unsetenv("LD_AUDIT");
	execv("/proc/self/exe", arguments);
}
#endif

unsigned la_version(unsigned version)
{
#ifdef AUDIT_EXEC
	become_it_again();
#endif
	return version;
}
