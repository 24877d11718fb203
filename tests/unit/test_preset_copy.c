/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/preset_copy.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preset_copy.h"

#define GOOD "files/good"

static char directory[40], out[64];

static void begin(void)
{
	strcpy(directory, "/var/tmp/test_preset.XXXXXX");
	cr_assert(mkdtemp(directory));
	snprintf(out, sizeof(out), "%s/out", directory);
}

static void end(void)
{
	unlink(out);
	cr_expect_eq(rmdir(directory), 0, "something is left in %s", directory);
}

TestSuite(preset_copy, .init = begin, .fini = end);

static int copy(const char *from, const char *line, bool dry_run, struct preset_result *result,
		struct df_err *err)
{
	const struct script_source source = {line, false};
	const struct preset_request request = {
		.from = from, .to = out, .sources = &source, .source_count = 1, .dry_run = dry_run};
	*err = (struct df_err){0};
	return preset_copy(&request, result, err);
}

Test(preset_copy, a_copy)
{
	struct preset_result result;
	struct df_err err;
	struct stat good, made;
	cr_assert_eq(copy(GOOD, "+http:", false, &result, &err), 0, "%s", err.text);
	cr_expect(result.written);
	cr_expect_eq(result.notes.count, 0, "%s", result.notes.list[0]);
	cr_expect(stat(GOOD, &good) == 0 && stat(out, &made) == 0);
	cr_expect(good.st_size == made.st_size && good.st_mode == made.st_mode);
	preset_result_free(&result);
	cr_assert_eq(copy(GOOD, "+http:", true, &result, &err), 0, "%s", err.text);
	cr_expect_gt(preset_bytes(&result.preset), 0);
	preset_result_free(&result);
}

Test(preset_copy, nothing_is_written)
{
	static const struct {
		const char *from, *line;
		bool dry_run;
		enum df_errc code;
	} rows[] = {
		{GOOD, "+http:", true, DF_E_NONE},
		{GOOD, "http:", false, DF_E_USAGE},
		{"files/nowhere", "http:", false, DF_E_USAGE}, /* the script is read first */
		{"files/nowhere", "+http:", false, DF_E_SYSTEM},
		{GOOD, "+nothing", false, DF_E_NO_MATCH},
		{"files/none", "+http:", false, DF_E_NO_FLAGS},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset_result result;
		struct df_err err;
		cr_expect_eq(copy(rows[i].from, rows[i].line, rows[i].dry_run, &result, &err),
			     -(int)rows[i].code, "row %zu: %s", i, err.text);
		cr_expect(!result.written && access(out, F_OK) != 0, "row %zu", i);
		preset_result_free(&result);
	}
}

Test(preset_copy, what_no_longer_holds_is_told)
{
	struct preset_result result;
	struct df_err err;
	cr_assert_eq(copy("files/signed", "+http:", false, &result, &err), 0, "%s", err.text);
	cr_expect(result.notes.count == 1 && strstr(result.notes.list[0], ".sha256_sig"));
	preset_result_free(&result);
	/* Where no byte differs, it does. */
	cr_assert_eq(copy("files/signed", "enable http:log", false, &result, &err), 0);
	cr_expect_eq(result.notes.count, 0, "%s", result.notes.list[0]);
	preset_result_free(&result);
}

/* Somebody else may read the file as one of its group, and has a copy that its owner may not. */
Test(preset_copy, who_may_not_open_the_copy_makes_it)
{
	char own[64];
	struct preset_result result;
	struct df_err err;
	struct stat st;
	if (geteuid() != 0)
		cr_skip("only root can make a file of another user\n");
	snprintf(own, sizeof(own), "%s/own", directory);
	cr_assert_eq(chmod(directory, 0777), 0);
	cr_assert_eq(copy(GOOD, "# nothing", false, &result, &err), 0, "%s", err.text);
	preset_result_free(&result);
	cr_assert(rename(out, own) == 0 && chown(own, 0, 12345) == 0 && chmod(own, 0040) == 0);
	cr_assert(setegid(12345) == 0 && seteuid(12345) == 0);
	cr_expect_eq(copy(own, "+http:", false, &result, &err), 0, "%s", err.text);
	cr_assert(seteuid(0) == 0 && setegid(0) == 0);
	cr_expect(stat(out, &st) == 0 && st.st_mode == (S_IFREG | 0040) && st.st_uid == 12345);
	preset_result_free(&result);
	unlink(own);
}

/* Somebody else makes a copy of a file that sets its user. */
Test(preset_copy, set_user_id_is_told)
{
	char own[64];
	struct preset_result result;
	struct df_err err;
	struct stat st;
	if (geteuid() != 0)
		cr_skip("only root can make a file of another user\n");
	snprintf(own, sizeof(own), "%s/own", directory);
	cr_assert_eq(chmod(directory, 0777), 0);
	cr_assert_eq(copy(GOOD, "# nothing", false, &result, &err), 0, "%s", err.text);
	preset_result_free(&result);
	cr_assert(rename(out, own) == 0 && chmod(own, 04755) == 0);
	cr_assert_eq(seteuid(12345), 0);
	cr_expect_eq(copy(own, "+http:", false, &result, &err), 0, "%s", err.text);
	cr_assert_eq(seteuid(0), 0);
	cr_expect(result.notes.count == 1 &&
			  strstr(result.notes.list[0], "set-user-ID and set-group-ID were left"),
		  "%s", result.notes.list[0]);
	cr_expect(stat(out, &st) == 0 && st.st_mode == (S_IFREG | 0755) && st.st_uid == 12345);
	preset_result_free(&result);
	unlink(own);
}
