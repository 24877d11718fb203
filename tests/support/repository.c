/* SPDX-License-Identifier: Apache-2.0 */
/* repository.c - git repositories for tests. */
#include "repository.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[] = "/tmp/df-repository-XXXXXX";
static char *path_before;

static const char prelude[] =
	"set -eu\n"
	"unset GIT_DIR GIT_WORK_TREE GIT_TRACE GIT_CONFIG_COUNT GIT_EXTERNAL_DIFF GIT_INDEX_FILE\n"
	"export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null LC_ALL=C HOME=$PWD\n"
	"export GIT_COMMITTER_NAME=Committer GIT_COMMITTER_EMAIL=c@example.org\n"
	"commit() {\n"
	"	date=$1; author=$2; shift 2\n"
	"	git add -- \"$@\"\n"
	"	GIT_AUTHOR_NAME=$author GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE=$date \\\n"
	"		GIT_COMMITTER_DATE=$date git commit -qm change\n"
	"}\n";

void repository_begin(void)
{
	if (system("git --version >/dev/null 2>&1") != 0)
		cr_skip_test("there is no git");
	path_before = strdup(getenv("PATH"));
	cr_assert(path_before && mkdtemp(scratch));
	cr_assert_eq(chdir(scratch), 0);
	cr_assert_eq(mkdir("tmp", 0700), 0);
	setenv("TMPDIR", repository_path("tmp"), 1);
}

void repository_make(const char *script)
{
	setenv("PATH", path_before, 1);
	FILE *file = fopen("script", "w");
	cr_assert(file);
	fprintf(file, "%s%s\n", prelude, script);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(system("sh script >log 2>&1 || { cat log >&2; false; }"), 0, "%s", script);
}

bool repository_has(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

bool repository_is_tidy(void)
{
	return rmdir("tmp") == 0 && mkdir("tmp", 0700) == 0;
}

const char *repository_path(const char *path)
{
	static char text[512];
	snprintf(text, sizeof(text), "%s/%s", scratch, path);
	return text;
}

void repository_end(void)
{
	char command[128];
	if (!path_before)
		return;
	setenv("PATH", path_before, 1);
	cr_expect_eq(rmdir("tmp"), 0, "a temporary file was left");
	snprintf(command, sizeof(command), "chmod -R u+w '%s'; rm -rf '%s'", scratch, scratch);
	cr_expect_eq(system(command), 0);
	free(path_before);
}
