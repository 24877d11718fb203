/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/seals.c; tests/unit/files makes the files. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seals.h"

/* A kernel that says of every file that it is sealed. */
static bool sealed;
int __real_statx(int fd, const char *path, int flags, unsigned mask, struct statx *st);
int __wrap_statx(int fd, const char *path, int flags, unsigned mask, struct statx *st);

int __wrap_statx(int fd, const char *path, int flags, unsigned mask, struct statx *st)
{
	const int status = __real_statx(fd, path, flags, mask, st);
	if (sealed)
		st->stx_attributes |= STATX_ATTR_VERITY;
	return status;
}

static struct notes look(int fd)
{
	struct notes notes = {0};
	seals_look(fd, &notes);
	close(fd);
	return notes;
}

static int opened(const char *name)
{
	const int fd = open(name, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s", name);
	return fd;
}

/* A copy of `name` with `text` behind it. */
static int followed_by(const char *name, const char *text)
{
	struct stat st;
	const int from = opened(name), to = memfd_create("followed", MFD_CLOEXEC);
	cr_assert(to >= 0 && fstat(from, &st) == 0);
	cr_assert_eq(sendfile(to, from, NULL, (size_t)st.st_size), st.st_size);
	cr_assert_eq(write(to, text, strlen(text)), (ssize_t)strlen(text));
	close(from);
	return to;
}

Test(seals, none)
{
	cr_expect_eq(look(opened("files/good")).count, 0);
	cr_expect_eq(look(opened("files/stripped")).count, 0);
	cr_expect_eq(look(memfd_create("empty", MFD_CLOEXEC)).count, 0);
	cr_expect_eq(look(followed_by("files/good", "Module signature appended")).count, 0);
}

Test(seals, a_section)
{
	const struct notes notes = look(opened("files/signed"));
	cr_assert_eq(notes.count, 1);
	cr_expect(strstr(notes.list[0], "in section .sha256_sig does not hold"), "%s",
		  notes.list[0]);
}

Test(seals, a_signature_at_the_end)
{
	const struct notes notes = look(followed_by("files/good", "~Module signature appended~\n"));
	cr_assert_eq(notes.count, 1);
	cr_expect(strstr(notes.list[0], "at the end of the file does not hold"), "%s",
		  notes.list[0]);
}

Test(seals, by_the_kernel)
{
	sealed = true;
	const struct notes notes = look(opened("files/good"));
	cr_assert_eq(notes.count, 1);
	cr_expect(strstr(notes.list[0], "fs-verity"), "%s", notes.list[0]);
}
