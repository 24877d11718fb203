/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/diag.c: one harmless line each, whatever is in it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "diag.h"

/* Standard error goes to a file of our own from begin() to end(), which returns what came. */
static int file, before;

static void begin(void)
{
	file = memfd_create("diag", MFD_CLOEXEC);
	before = dup(STDERR_FILENO);
	cr_assert(file >= 0 && before >= 0 && dup2(file, STDERR_FILENO) >= 0);
}

static char *end(void)
{
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	close(before);
	const off_t size = lseek(file, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);
	cr_assert(text && pread(file, text, (size_t)size, 0) == size);
	close(file);
	return text;
}

static void expect_error(const char *from, const char *want)
{
	struct df_err err;
	df_fail(&err, DF_E_TABLE, "%s", from);
	begin();
	diag_error(&err);
	char *text = end();
	cr_expect_str_eq(text, want, "'%s'", text);
	free(text);
}

Test(diag, errors)
{
	expect_error("no such thing", "dfpatch: no such thing\n");
	expect_error("", "dfpatch: \n");
	expect_error("a\nb \033[2J %s %n", "dfpatch: a\\nb \\x1b[2J %s %n\n");
	expect_error("caf\xc3\xa9 \xff", "dfpatch: caf\xc3\xa9 \\xff\n");
}

Test(diag, notes)
{
	begin();
	diag_note("%s: %d\n%s", "/tmp/\a", 42, "\xe2\x80\xae");
	char *text = end();
	cr_expect_str_eq(text, "dfpatch: note: /tmp/\\x07: 42\\n\\xe2\\x80\\xae\n", "'%s'", text);
	free(text);
}

/* The longest text of the worst characters still comes out whole, as one line. */
Test(diag, the_longest_text)
{
	char worst[DF_ERR_TEXT];
	memset(worst, '\001', sizeof(worst) - 1);
	worst[sizeof(worst) - 1] = '\0';
	begin();
	diag_note("%s%s", worst, worst);
	char *text = end();
	cr_expect_eq(strlen(text), strlen("dfpatch: note: ") + 4 * (sizeof(worst) - 1) + 1);
	cr_expect_eq(strchr(text, '\n'), text + strlen(text) - 1);
	free(text);
}
