/* SPDX-License-Identifier: Apache-2.0 */
/* script_source.c - the script of a command line. */
#include "script_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

static bool is_standard_input(const struct script_source *source)
{
	return source->is_file && strcmp(source->text, "-") == 0;
}

/* A line of the command line is told by its number among them. */
static int at_source(const struct script_source *sources, size_t index, struct df_err *err)
{
	char name[40];
	size_t lines = 0;
	if (is_standard_input(&sources[index]))
		return df_err_prefix(err, "standard input");
	if (sources[index].is_file)
		return df_err_prefix(err, sources[index].text);
	for (size_t i = 0; i <= index; i++)
		lines += !sources[i].is_file;
	snprintf(name, sizeof(name), "-e number %zu", lines);
	return df_err_prefix(err, name);
}

int scripts_at_line(const struct scripts *scripts, size_t source, size_t line, struct df_err *err)
{
	char number[40];
	snprintf(number, sizeof(number), "line %zu", line);
	df_err_prefix(err, number);
	return at_source(scripts->sources, source, err);
}

/* Up to the end: what is read may be a pipe. */
static int read_all(int fd, char *text, struct df_err *err)
{
	size_t done = 0;
	for (;;) {
		const ssize_t got = read(fd, text + done, SCRIPT_SIZE_MAX + 1 - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return df_fail_errno(err, DF_E_USAGE, "cannot be read");
		if (got == 0)
			break;
		done += (size_t)got;
		if (done > SCRIPT_SIZE_MAX)
			return df_fail(err, DF_E_USAGE, "is longer than 1 MiB");
	}
	text[done] = '\0';
	if (strlen(text) != done)
		return df_fail(err, DF_E_USAGE, "holds a zero byte: it is no text");
	return 0;
}

static int parse_file(const struct script_source *source, struct df_script *script,
		      struct df_err *err)
{
	const bool standard = is_standard_input(source);
	CLEANUP_FD int opened = standard ? -1 : open(source->text, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (!standard && opened < 0)
		return df_fail_errno(err, DF_E_USAGE, "cannot be opened");
	CLEANUP_FREE char *text = malloc(SCRIPT_SIZE_MAX + 2);
	if (!text)
		return df_fail_memory(err);
	const int status = read_all(standard ? STDIN_FILENO : opened, text, err);
	return status < 0 ? status : df_script_parse(text, "", script, err);
}

static int check_standard_input(const struct script_source *sources, size_t count,
				struct df_err *err)
{
	size_t times = 0;
	for (size_t i = 0; i < count; i++)
		times += is_standard_input(&sources[i]);
	if (times > 1)
		return df_fail(err, DF_E_USAGE,
			       "-s - is given %zu times, but standard input can be read only once",
			       times);
	return 0;
}

int scripts_read(const struct script_source *sources, size_t count, struct scripts *scripts,
		 struct df_err *err)
{
	*scripts = (struct scripts){.sources = sources};
	int status = check_standard_input(sources, count, err);
	if (status < 0)
		return status;
	scripts->list = calloc(count + 1, sizeof(*scripts->list));
	if (!scripts->list)
		return df_fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct df_script *script = &scripts->list[scripts->count++];
		status = sources[i].is_file ? parse_file(&sources[i], script, err)
					    : df_script_parse(sources[i].text, "", script, err);
		if (status < 0)
			return at_source(sources, i, err);
	}
	return 0;
}

void scripts_free(struct scripts *scripts)
{
	for (size_t i = 0; i < scripts->count; i++)
		df_script_free(&scripts->list[i]);
	free(scripts->list);
	*scripts = (struct scripts){0};
}
