/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/err.c: codes, their names, and messages of every length. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "err.h"

#define LAST_CODE DF_E_UNDO

Test(err, fail_fills_code_and_text)
{
	struct df_err err;
	cr_expect_eq(df_fail(&err, DF_E_TABLE, "record %d: %s", 7, "bad"), -(int)DF_E_TABLE);
	cr_expect_eq(err.code, DF_E_TABLE);
	cr_expect_str_eq(err.text, "record 7: bad");
}

Test(err, an_error_may_go_nowhere)
{
	errno = ENOENT;
	cr_expect_eq(df_fail(NULL, DF_E_BUSY, "x"), -(int)DF_E_BUSY);
	cr_expect_eq(df_fail_errno(NULL, DF_E_SYSTEM, "x"), -(int)DF_E_SYSTEM);
	cr_expect_eq(df_fail_memory(NULL), -(int)DF_E_MEMORY);
}

Test(err, errno_is_described_behind_the_text)
{
	struct df_err err;
	errno = ENOENT;
	cr_expect_eq(df_fail_errno(&err, DF_E_SYSTEM, "open %s", "/x"), -(int)DF_E_SYSTEM);
	cr_expect_eq(err.code, DF_E_SYSTEM);
	cr_expect_str_eq(err.text, "open /x: No such file or directory");
}

Test(err, memory)
{
	struct df_err err;
	cr_expect_eq(df_fail_memory(&err), -(int)DF_E_MEMORY);
	cr_expect_eq(err.code, DF_E_MEMORY);
	cr_expect_str_eq(err.text, "out of memory");
}

/* Every length around the size of the text, so that a cut one byte off is seen. */
Test(err, long_texts_are_cut)
{
	char text[DF_ERR_TEXT + 16];
	for (size_t length = DF_ERR_TEXT - 16; length < sizeof(text); length++) {
		const size_t kept = length < DF_ERR_TEXT ? length : DF_ERR_TEXT - 1;
		struct {
			struct df_err err;
			char guard[8];
		} fenced;
		memset(text, 'a', length);
		text[length] = '\0';
		memset(fenced.guard, '#', sizeof(fenced.guard));

		df_fail(&fenced.err, DF_E_USAGE, "%s", text);
		cr_expect_eq(strlen(fenced.err.text), kept, "fail, length %zu", length);

		errno = EPERM;
		df_fail_errno(&fenced.err, DF_E_SYSTEM, "%s", text);
		cr_expect_lt(strlen(fenced.err.text), DF_ERR_TEXT, "errno, length %zu", length);
		cr_expect_arr_eq(fenced.err.text, text, kept, "errno, length %zu", length);

		cr_expect_eq(df_err_prefix(&fenced.err, "here"), -(int)DF_E_SYSTEM);
		cr_expect_eq(strlen(fenced.err.text), DF_ERR_TEXT - 1, "prefix, length %zu",
			     length);
		cr_expect_arr_eq(fenced.guard, "########", sizeof(fenced.guard));
	}
}

Test(err, prefix_says_where)
{
	struct df_err err;
	df_fail(&err, DF_E_SITE, "wrong");
	cr_expect_eq(df_err_prefix(&err, "libx.so"), -(int)DF_E_SITE);
	cr_expect_eq(df_err_prefix(&err, "pid 5"), -(int)DF_E_SITE);
	cr_expect_str_eq(err.text, "pid 5: libx.so: wrong");
}

Test(err, a_context_longer_than_the_text)
{
	char context[2 * DF_ERR_TEXT];
	struct df_err err;
	memset(context, 'c', sizeof(context));
	context[sizeof(context) - 1] = '\0';
	df_fail(&err, DF_E_SITE, "wrong");
	cr_expect_eq(df_err_prefix(&err, context), -(int)DF_E_SITE);
	cr_expect_eq(strlen(err.text), DF_ERR_TEXT - 1);
}

Test(err, texts_of_percent_signs_stay_what_they_are)
{
	struct df_err err;
	df_fail(&err, DF_E_SITE, "%s", "100%s %n");
	df_err_prefix(&err, "%d");
	cr_expect_str_eq(err.text, "%d: 100%s %n");
}

Test(err, names_are_short_stable_and_unlike)
{
	cr_expect_str_eq(df_err_name(DF_E_NONE), "none");
	cr_expect_str_eq(df_err_name(DF_E_NO_MATCH), "no-match");
	cr_expect_str_eq(df_err_name(DF_E_UNDO), "undo");
	for (int i = 0; i <= LAST_CODE; i++) {
		const char *name = df_err_name((enum df_errc)i);
		cr_expect_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name), "%s", name);
		cr_expect_neq(name[0], '\0');
		cr_expect_str_neq(name, "unknown");
		for (int k = 0; k < i; k++)
			cr_expect_str_neq(name, df_err_name((enum df_errc)k));
	}
	cr_expect_str_eq(df_err_name((enum df_errc)(LAST_CODE + 1)), "unknown");
}
