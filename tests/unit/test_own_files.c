/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/own_files.c: a thread keeps what it names, and others keep theirs. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "own_files.h"

static int files[5]; /* of the process */
static int status;
static bool open_within[5];

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void *keep_some(void *unused)
{
	struct df_err err;
	int keep[] = {files[3], -1, files[1], files[4]};
	status = own_files_keep(keep, 4, &err);
	for (int i = 0; i < 5; i++)
		open_within[i] = is_open(files[i]);
	/* Not those that everybody has, either. */
	status |= is_open(STDIN_FILENO) || is_open(STDOUT_FILENO) || is_open(STDERR_FILENO);
	return unused;
}

static void *keep_none(void *unused)
{
	struct df_err err;
	int none = -1;
	status = own_files_keep(&none, 1, &err);
	for (int i = 0; i < 5; i++)
		open_within[i] = is_open(files[i]);
	return unused;
}

static void in_a_thread(void *(*body)(void *))
{
	pthread_t thread;
	for (int i = 0; i < 5; i++)
		cr_assert_geq(files[i] = open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
	cr_assert_eq(pthread_create(&thread, NULL, body, NULL), 0);
	pthread_join(thread, NULL);
	cr_expect_eq(status, 0);
	for (int i = 0; i < 5; i++)
		cr_expect(is_open(files[i]), "another thread has lost number %d", i);
}

Test(own_files, keeps_what_it_names)
{
	in_a_thread(keep_some);
	for (int i = 0; i < 5; i++)
		cr_expect_eq(open_within[i], i == 1 || i == 3 || i == 4, "number %d", i);
}

Test(own_files, keeps_nothing)
{
	in_a_thread(keep_none);
	for (int i = 0; i < 5; i++)
		cr_expect_not(open_within[i], "number %d", i);
}
