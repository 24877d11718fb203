/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/exit_status.c: the numbers that dfpatch(1) promises. */
#include <criterion/criterion.h>

#include "exit_status.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

Test(exit_status, every_error_has_one)
{
	for (int code = DF_E_NONE + 1; code <= DF_E_UNDO; code++) {
		const int status = exit_status_of((enum df_errc)code);
		cr_expect(status >= EXIT_NOTHING && status <= EXIT_WRITE, "%s: %d",
			  df_err_name((enum df_errc)code), status);
	}
	cr_expect_eq(exit_status_of(DF_E_NONE), 0);
	cr_expect_eq(exit_status_of(DF_E_NO_MATCH), 1);
	cr_expect_eq(exit_status_of(DF_E_PATTERN), 2);
	cr_expect_eq(exit_status_of(DF_E_BUSY), 3);
	cr_expect_eq(exit_status_of(DF_E_SITE), 4);
	cr_expect_eq(exit_status_of(DF_E_UNDO), 6);
}

static const struct {
	const char *row;
	size_t changed, already, unhooked, skipped;
	enum df_errc failed[2]; /* DF_E_NONE for nobody */
	int status;
} processes[] = {
	{"all changed", 2, 0, 0, 0, {0}, 0},
	{"all so already", 0, 2, 0, 0, {0}, 0},
	{"some unhooked", 1, 0, 1, 0, {0}, 7},
	{"nothing but skipped", 0, 0, 0, 3, {0}, 1},
	{"all failed in one way", 0, 0, 0, 0, {DF_E_BUSY, DF_E_TRACED}, 3},
	{"all failed in two ways", 0, 0, 0, 0, {DF_E_BUSY, DF_E_SITE}, 5},
	{"one failed, one changed", 1, 0, 0, 0, {DF_E_BUSY}, 5},
	{"one failed, one so already", 0, 1, 0, 0, {DF_E_SITE}, 5},
	{"one failed, one skipped", 0, 0, 0, 1, {DF_E_SITE}, 4},
};

Test(exit_status, of_several_processes)
{
	for (size_t i = 0; i < COUNT(processes); i++) {
		struct several several = {0};
		size_t *ends = several.tally.ends;
		ends[TARGET_CHANGED] = processes[i].changed;
		ends[TARGET_ALREADY] = processes[i].already;
		ends[TARGET_UNHOOKED] = processes[i].unhooked;
		ends[TARGET_SKIPPED] = processes[i].skipped;
		for (size_t j = 0; j < 2 && processes[i].failed[j] != DF_E_NONE; j++) {
			several.failed_by[processes[i].failed[j]] = true;
			ends[TARGET_FAILED]++;
		}
		for (size_t how = 0; how < TARGET_HOWS; how++)
			several.tally.count += ends[how];
		cr_expect_eq(exit_status_of_several(&several), processes[i].status, "%s",
			     processes[i].row);
	}
}

static const struct {
	const char *row;
	size_t modules, findings, without_flags;
	enum df_errc failed[2];
	enum df_errc page;
	int status;
} audits[] = {
	{"clean", 1, 0, 0, {0}, 0, 0},
	{"a finding", 1, 1, 0, {0}, 0, 1},
	{"no flags at all", 0, 0, 1, {0}, 0, 1},
	{"no flags in one of two", 1, 0, 1, {0}, 0, 0},
	{"all failed in one way", 0, 0, 0, {DF_E_NOT_ELF, DF_E_ARCH}, 0, 3},
	{"all failed in two ways", 0, 0, 0, {DF_E_NOT_ELF, DF_E_TABLE}, 0, 5},
	{"one failed, one audited", 1, 1, 0, {DF_E_NOT_ELF}, 0, 5},
	{"one failed, one without flags", 0, 0, 1, {DF_E_NOT_ELF}, 0, 3},
	{"no page", 1, 1, 0, {0}, DF_E_SYSTEM, 3},
};

Test(exit_status, of_audits)
{
	for (size_t i = 0; i < COUNT(audits); i++) {
		struct audit_failure failures[2] = {0};
		struct audit_totals totals = {
			.targets = audits[i].modules + audits[i].without_flags,
			.modules = audits[i].modules,
			.findings = audits[i].findings,
			.without_flags = audits[i].without_flags,
			.failures = failures,
			.page = {.code = audits[i].page},
		};
		for (size_t j = 0; j < 2 && audits[i].failed[j] != DF_E_NONE; j++) {
			failures[totals.failure_count++].err.code = audits[i].failed[j];
			totals.targets++;
		}
		cr_expect_eq(exit_status_of_audit(&totals), audits[i].status, "%s", audits[i].row);
	}
}
