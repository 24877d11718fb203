/* SPDX-License-Identifier: Apache-2.0 */
/* checkout.c - the files of a git checkout, and who wrote their lines when. */
#include "checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"

/* Lines told one by one; of more, git is asked for all between the first and the last. */
#define LINES_APART 1000

/* Runs git for as long as there is time; a status of its own that is not 0 is an error. */
static int ask(struct checkout *checkout, const char *const *arguments, int input,
	       struct git_result *result, struct df_err *err)
{
	if (checkout->stuck)
		return df_fail(err, DF_E_TIMEOUT, "git would wait there again");
	if (monotonic_now() > checkout->deadline)
		return df_fail(err, DF_E_TIMEOUT, "git took too long for all files together");
	const int status = git_run(&checkout->git, arguments, input, result, err);
	checkout->stuck = result->stuck;
	if (status < 0 || result->exit == 0)
		return status;
	df_fail(err, DF_E_SYSTEM, "git %s failed: %s", arguments[0],
		*result->complaint ? result->complaint : "it does not say why");
	git_result_free(result);
	return -(int)DF_E_SYSTEM;
}

static int list_files(struct checkout *checkout, struct df_err *err)
{
	static const char *const arguments[] = {"ls-tree",     "-r",   "-z", "--name-only",
						"--full-tree", "HEAD", NULL};
	struct git_result result;
	const int status = ask(checkout, arguments, -1, &result, err);
	if (status < 0)
		return status;
	return source_paths_take(result.text, result.size, &checkout->paths, err);
}

int checkout_open(const char *directory, struct checkout *checkout, struct df_err *err)
{
	*checkout = (struct checkout){.top = -1, .deadline = monotonic_now() + CHECKOUT_BUDGET};
	int status = git_open(directory, CHECKOUT_GIT_BUDGET, &checkout->git, err);
	if (status < 0)
		return status;
	checkout->top = open(checkout->git.dir.work_tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (checkout->top < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot open '%s'", directory);
	status = list_files(checkout, err);
	return status < 0 ? df_err_prefix(err, directory) : 0;
}

void checkout_rest(struct checkout *checkout)
{
	git_rest(&checkout->git);
}

int checkout_wake(struct checkout *checkout, struct df_err *err)
{
	checkout->deadline = monotonic_now() + CHECKOUT_BUDGET;
	return git_wake(&checkout->git, err);
}

void checkout_close(struct checkout *checkout)
{
	if (checkout->top >= 0)
		close(checkout->top);
	source_paths_free(&checkout->paths);
	git_close(&checkout->git);
	*checkout = (struct checkout){.top = -1};
}

static int open_beneath(const struct checkout *checkout, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	return (int)syscall(SYS_openat2, checkout->top, path, &how, sizeof(how));
}

static int read_all(int fd, char *text, size_t size)
{
	size_t done = 0;
	while (done < size) {
		const ssize_t got = read(fd, text + done, size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break; /* it became shorter */
		done += (size_t)got;
	}
	memset(text + done, 0, size - done + 1);
	return 0;
}

int checkout_read(const struct checkout *checkout, const char *path, size_t most, char **text,
		  size_t *size, struct df_err *err)
{
	struct stat st;
	*text = NULL;
	/* One file may go by a million names, if a table says so. */
	if (monotonic_now() > checkout->deadline)
		return df_fail(err, DF_E_TIMEOUT, "all files together took too long");
	CLEANUP_FD int fd = open_beneath(checkout, path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return df_fail(err, DF_E_SYSTEM, "'%s' is no regular file", path);
	if ((uint64_t)st.st_size > most)
		return df_fail(err, DF_E_SYSTEM, "'%s' is larger than %zu MB", path, most >> 20);
	CLEANUP_FREE char *all = malloc((size_t)st.st_size + 1);
	if (!all)
		return df_fail_memory(err);
	if (read_all(fd, all, (size_t)st.st_size) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot read '%s'", path);
	*size = (size_t)st.st_size;
	*text = all;
	all = NULL;
	return 0;
}

/* Arguments of git blame: its options, -L for each line, and the path. */
struct question {
	const char *arguments[2 * LINES_APART + 16];
	char ranges[LINES_APART][24];
	size_t count;
};

static void add_range(struct question *question, size_t i, uint32_t from, uint32_t to)
{
	snprintf(question->ranges[i], sizeof(question->ranges[i]), "%" PRIu32 ",%" PRIu32, from,
		 to);
	question->arguments[question->count++] = "-L";
	question->arguments[question->count++] = question->ranges[i];
}

static void make_question(struct question *question, const char *path, const uint32_t *lines,
			  size_t count)
{
	static const char *const options[] = {"blame",	       "--porcelain", "--root",
					      "--no-textconv", "--contents",  "-"};
	question->count = 0;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		question->arguments[question->count++] = options[i];
	if (count > LINES_APART)
		add_range(question, 0, lines[0], lines[count - 1]);
	else
		for (size_t i = 0; i < count; i++)
			add_range(question, i, lines[i], lines[i]);
	question->arguments[question->count++] = "--";
	question->arguments[question->count++] = path;
	question->arguments[question->count] = NULL;
}

/* A file in memory, at its beginning; -1 if there is none. */
static int file_of(const char *text, size_t size)
{
	const int fd = memfd_create("source", MFD_CLOEXEC);
	for (size_t done = 0; fd >= 0 && done < size;) {
		const ssize_t put = write(fd, text + done, size - done);
		if (put < 0) {
			close(fd);
			return -1;
		}
		done += (size_t)put;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

int checkout_blame(struct checkout *checkout, const char *path, const char *text, size_t size,
		   const uint32_t *lines, size_t count, struct commits *commits, blame_line *found,
		   void *context, struct df_err *err)
{
	struct git_result result;
	CLEANUP_FREE struct question *question = malloc(sizeof(*question));
	/* git gets what we have read, and opens no name of the checkout's. */
	CLEANUP_FD int contents = file_of(text, size);
	if (!question)
		return df_fail_memory(err);
	if (contents < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot hand '%s' to git", path);
	make_question(question, path, lines, count);
	int status = ask(checkout, question->arguments, contents, &result, err);
	if (status < 0)
		return status;
	status = blame_read(result.text, result.size, commits, found, context, err);
	git_result_free(&result);
	return status;
}
