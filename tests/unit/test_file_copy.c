/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/file_copy.c. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_copy.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define MIB ((off_t)1 << 20)

static bool never(const void *context)
{
	(void)context;
	return false;
}

/* On the disk, where holes take no room. */
static int file_on_disk(void)
{
	char path[] = "/var/tmp/test_file_copy.XXXXXX";
	const int fd = mkostemp(path, O_CLOEXEC);
	cr_assert_geq(fd, 0);
	unlink(path);
	return fd;
}

static int file_in_memory(void)
{
	const int fd = memfd_create("copy", MFD_CLOEXEC);
	cr_assert_geq(fd, 0);
	return fd;
}

static void fill(int fd, off_t at, size_t size)
{
	uint8_t *bytes = malloc(size);
	cr_assert(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	cr_assert_eq(pwrite(fd, bytes, size, at), (ssize_t)size);
	free(bytes);
}

static bool same_bytes(int a, int b)
{
	static uint8_t x[65536], y[65536];
	for (off_t at = 0;; at += (off_t)sizeof(x)) {
		const ssize_t got = pread(a, x, sizeof(x), at);
		cr_assert_geq(got, 0);
		if (pread(b, y, sizeof(y), at) != got || memcmp(x, y, (size_t)got) != 0)
			return false;
		if (got == 0)
			return true;
	}
}

static int copy(int from, int to, off_t size, struct df_err *err)
{
	*err = (struct df_err){0};
	return file_copy(from, to, (uint64_t)size, never, NULL, err);
}

/* From one kind of file system to the same and to another, which the kernel does not do alike. */
Test(file_copy, all_bytes)
{
	int (*const make[])(void) = {file_on_disk, file_in_memory};
	static const size_t sizes[] = {0, 1, 4096, 70001, 40 << 20};
	for (size_t i = 0; i < 4 * COUNT(sizes); i++) {
		const size_t size = sizes[i / 4];
		const int from = make[i % 2](), to = make[i / 2 % 2]();
		struct df_err err;
		fill(from, 0, size);
		cr_expect_eq(copy(from, to, (off_t)size, &err), 0, "%zu: %s", i, err.text);
		cr_expect(same_bytes(from, to), "row %zu: %zu bytes", i, size);
		close(from);
		close(to);
	}
}

Test(file_copy, holes_stay_holes)
{
	const struct {
		off_t at;
		size_t size;
	} data[] = {{0, 5000}, {4096 * MIB, 100000}};
	const off_t end = 6000 * MIB;
	const int from = file_on_disk(), to = file_on_disk();
	struct df_err err;
	struct stat st;
	cr_assert_eq(ftruncate(from, end), 0);
	for (size_t i = 0; i < COUNT(data); i++)
		fill(from, data[i].at, data[i].size);
	cr_assert_eq(copy(from, to, end, &err), 0, "%s", err.text);
	cr_assert_eq(fstat(to, &st), 0);
	cr_expect_eq(st.st_size, end);
	cr_expect_lt(st.st_blocks * 512, 2 * MIB, "the copy takes %ld bytes", st.st_blocks * 512);
	for (size_t i = 0; i < COUNT(data); i++) {
		static uint8_t a[100000], b[100000];
		cr_assert_eq(pread(from, a, data[i].size, data[i].at), (ssize_t)data[i].size);
		cr_assert_eq(pread(to, b, data[i].size, data[i].at), (ssize_t)data[i].size);
		cr_expect(memcmp(a, b, data[i].size) == 0, "%zu", i);
	}
	close(from);
	close(to);
}

Test(file_copy, a_file_of_one_hole)
{
	const int from = file_on_disk(), to = file_on_disk();
	struct df_err err;
	cr_assert_eq(ftruncate(from, MIB), 0);
	cr_expect_eq(copy(from, to, MIB, &err), 0, "%s", err.text);
	cr_expect(same_bytes(from, to));
}

Test(file_copy, a_file_that_became_shorter)
{
	const int from = file_on_disk(), to = file_on_disk();
	struct df_err err;
	fill(from, 0, 1000);
	const int status = copy(from, to, 5000, &err);
	cr_expect_eq(status, -(int)DF_E_CHANGED, "%d: %s", status, err.text);
	cr_expect(strstr(err.text, "became shorter"), "%s", err.text);
}

static bool at_once(const void *context)
{
	return *(const bool *)context;
}

Test(file_copy, can_be_ended)
{
	const bool yes = true;
	const int from = file_on_disk(), to = file_on_disk();
	struct df_err err = {0};
	fill(from, 0, 1000);
	cr_expect_eq(file_copy(from, to, 1000, at_once, &yes, &err), -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "interrupted"), "%s", err.text);
}

Test(file_copy, a_limit_on_sizes_is_an_error)
{
	const int from = file_on_disk(), to = file_on_disk();
	struct df_err err;
	fill(from, 0, 100000);
	cr_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){50000, 50000}), 0);
	cr_expect_eq(copy(from, to, 100000, &err), -(int)DF_E_WRITE, "%s", err.text);
	cr_expect(strstr(err.text, "File too large"), "%s", err.text);
}

Test(file_copy, a_copy_that_cannot_be_written)
{
	const int from = file_on_disk();
	const int to = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct df_err err;
	fill(from, 0, 100);
	cr_expect_eq(copy(from, to, 100, &err), -(int)DF_E_WRITE, "%s", err.text);
}

/* ---- edits ---- */

static struct file_edit one_byte(int fd, off_t at, uint8_t after)
{
	struct file_edit edit = {.offset = (uint64_t)at, .size = 1, .after = {after}};
	cr_assert_eq(pread(fd, edit.before, 1, at), 1);
	return edit;
}

/* Next to each other, within one window, across its end, and far apart. */
Test(file_copy, edits)
{
	static const off_t places[] = {0, 1, 100, 65535, 65536, 65537, 131074, 9 * MIB};
	const int from = file_on_disk(), to = file_on_disk();
	const off_t size = 10 * MIB;
	struct file_edit edits[COUNT(places)];
	static uint8_t was[10 << 20], is[10 << 20];
	struct df_err err = {0};
	fill(from, 0, (size_t)size);
	cr_assert_eq(copy(from, to, size, &err), 0);
	for (size_t i = 0; i < COUNT(places); i++)
		edits[i] = one_byte(from, places[i], (uint8_t)(0xa0 + i));
	edits[6].size = 4;
	cr_assert_eq(pread(from, edits[6].before, 4, places[6]), 4);
	memcpy(edits[6].after, "abcd", 4);
	cr_assert_eq(file_edit(to, edits, COUNT(edits), &err), 0, "%s", err.text);
	cr_assert_eq(pread(from, was, sizeof(was), 0), size);
	cr_assert_eq(pread(to, is, sizeof(is), 0), size);
	for (size_t i = 0; i < COUNT(edits); i++)
		memcpy(was + edits[i].offset, edits[i].after, edits[i].size);
	cr_expect(memcmp(was, is, sizeof(was)) == 0);
	cr_expect_eq(file_edit(to, NULL, 0, &err), 0);
}

Test(file_copy, edits_of_something_else)
{
	const int fd = file_on_disk();
	struct df_err err = {0};
	fill(fd, 0, 1000);
	struct file_edit edits[] = {one_byte(fd, 10, 1), one_byte(fd, 0x123, 1)};
	edits[1].before[0] ^= 1;
	cr_expect_eq(file_edit(fd, edits, 2, &err), -(int)DF_E_CHANGED, "%s", err.text);
	cr_expect(strstr(err.text, "0x123"), "%s", err.text);
	edits[1].offset = 5000;
	cr_expect_eq(file_edit(fd, edits, 2, &err), -(int)DF_E_WRITE, "%s", err.text);
}
