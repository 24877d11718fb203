/* SPDX-License-Identifier: Apache-2.0 */
/* wishes.c - start-up configuration from the environment. */
#include "wishes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_SIZE (1 << 20)

static bool asked;
static struct df_script all;
static struct df_err wrong;

/* Up to the end, whatever size the file says it has: those of /proc say 0. */
static int read_all(int fd, const char *path, char *text, struct df_err *err)
{
	size_t done = 0;
	for (;;) {
		const ssize_t got = read(fd, text + done, FILE_MAX_SIZE + 1 - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return df_fail_errno(err, DF_E_SYSTEM, "cannot read '%s'", path);
		if (got == 0)
			break;
		done += (size_t)got;
		if (done > FILE_MAX_SIZE)
			return df_fail(err, DF_E_USAGE, "'%s' is longer than 1 MiB", path);
	}
	text[done] = '\0';
	if (strlen(text) != done)
		return df_fail(err, DF_E_USAGE, "'%s' holds a zero byte: it is no text", path);
	return 0;
}

static int read_regular(int fd, const char *path, char **text, struct df_err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return df_fail(err, DF_E_USAGE, "'%s' is no regular file", path);
	*text = malloc(FILE_MAX_SIZE + 2);
	return *text ? read_all(fd, path, *text, err) : df_fail_memory(err);
}

/* The text of a file; *text must be freed in any case. */
static int read_file(const char *path, char **text, struct df_err *err)
{
	/* Non-blocking, so that a FIFO cannot hold the program up. */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot open '%s'", path);
	const int status = read_regular(fd, path, text, err);
	close(fd);
	return status;
}

static int parse_file(struct df_script *script, struct df_err *err)
{
	const char *path = getenv("DF_FLAGS_FILE");
	char *text = NULL;
	if (!path || path[0] == '\0')
		return 0;
	int status = read_file(path, &text, err);
	if (status == 0) {
		status = df_script_parse(text, "", script, err);
		if (status < 0)
			df_err_prefix(err, path);
	}
	free(text);
	return status < 0 ? df_err_prefix(err, "DF_FLAGS_FILE") : 0;
}

static int parse_variable(struct df_script *script, struct df_err *err)
{
	const char *text = getenv("DF_FLAGS");
	if (!text)
		return 0;
	const int status = df_script_parse(text, ";", script, err);
	return status < 0 ? df_err_prefix(err, "DF_FLAGS") : 0;
}

static int read_wishes(struct df_err *err)
{
	struct df_script more;
	int status = parse_file(&all, err);
	if (status < 0)
		return status;
	more = (struct df_script){0};
	status = parse_variable(&more, err);
	if (status == 0)
		status = df_script_append(&all, &more, err);
	if (status < 0)
		df_script_free(&all);
	df_script_free(&more);
	return status;
}

static void ask(void)
{
	if (asked)
		return;
	asked = true;
	if (getauxval(AT_SECURE) == 0)
		read_wishes(&wrong);
}

const struct df_script *wishes(void)
{
	ask();
	return &all;
}

int wishes_check(struct df_err *err)
{
	ask();
	return wrong.code == DF_E_NONE ? 0 : df_fail(err, wrong.code, "%s", wrong.text);
}

void wishes_forget(void)
{
	df_script_free(&all);
	wrong.code = DF_E_NONE;
	asked = false;
}
