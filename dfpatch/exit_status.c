/* SPDX-License-Identifier: Apache-2.0 */
/* exit_status.c - from errors and tallies to exit statuses. */
#include "exit_status.h"

int exit_status_of(enum df_errc code)
{
	switch (code) {
	case DF_E_NONE:
		return EXIT_DONE;
	case DF_E_NO_MATCH:
	case DF_E_NO_FLAGS:
		return EXIT_NOTHING;
	case DF_E_USAGE:
	case DF_E_PATTERN:
	case DF_E_MATCH_FAILED:
		return EXIT_USAGE;
	case DF_E_TABLE:
	case DF_E_VERSION:
	case DF_E_SITE:
	case DF_E_BREAKPOINT:
		return EXIT_VERIFY;
	case DF_E_WRITE:
	case DF_E_UNDO:
		return EXIT_WRITE;
	case DF_E_SYSTEM:
	case DF_E_MEMORY:
	case DF_E_NOT_ELF:
	case DF_E_ARCH:
	case DF_E_NO_PROCESS:
	case DF_E_EXEC:
	case DF_E_PERMISSION:
	case DF_E_TRACED:
	case DF_E_BUSY:
	case DF_E_TIMEOUT:
	case DF_E_CHANGED:
		return EXIT_TARGET;
	}
	return EXIT_TARGET;
}

/* Of targets that failed: the one way in which they did, or that there were several. */
static int together(int status, enum df_errc code)
{
	const int one = exit_status_of(code);
	return status == EXIT_DONE || status == one ? one : EXIT_SEVERAL;
}

/*
 * That of those that failed, if they failed in one way and none was done: what it says
 * of a target then holds for each. Nothing but skipped ones is nothing done.
 */
int exit_status_of_several(const struct several *several)
{
	const size_t *ends = several->tally.ends;
	const size_t others = several->tally.count - ends[TARGET_FAILED] - ends[TARGET_SKIPPED];
	int status = EXIT_DONE;
	for (int code = DF_E_NONE; code <= DF_E_UNDO; code++)
		if (several->failed_by[code])
			status = together(status, (enum df_errc)code);
	if (status != EXIT_DONE)
		return others > 0 ? EXIT_SEVERAL : status;
	if (others == 0)
		return EXIT_NOTHING;
	return ends[TARGET_UNHOOKED] > 0 ? EXIT_NOT_REACHED : EXIT_DONE;
}

/* As for several processes; of files without flags among others nothing is said. */
int exit_status_of_audit(const struct audit_totals *t)
{
	int status = EXIT_DONE;
	for (size_t i = 0; i < t->failure_count; i++)
		status = together(status, t->failures[i].err.code);
	if (status != EXIT_DONE)
		return t->failure_count + t->without_flags < t->targets ? EXIT_SEVERAL : status;
	if (t->page.code != DF_E_NONE)
		return exit_status_of(t->page.code);
	return t->modules == 0 || t->findings > 0 ? EXIT_NOTHING : EXIT_DONE;
}
