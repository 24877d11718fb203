/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/maps.c: the lines of /proc/PID/maps, real ones and garbled ones. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maps.h"
#include "mem.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define DEVICE(MAJOR, MINOR) ((uint64_t)(MAJOR) << 32 | (MINOR))

static int parse(const char *text, struct maps *maps, struct df_err *err)
{
	char *copy = strdup(text);
	cr_assert(copy);
	const int status = maps_parse(copy, maps, err);
	if (status < 0)
		free(copy);
	return status;
}

static const struct {
	const char *row, *line;
	struct mapping want;
} lines[] = {
	{"executable",
	 "55d3c0a00000-55d3c0a25000 r-xp 00001000 103:02 1573046                  /usr/bin/cat\n",
	 {0x55d3c0a00000, 0x55d3c0a25000, 0x1000, DEVICE(0x103, 2), 1573046, DF_READ | DF_EXEC,
	  true, false, "/usr/bin/cat"}},
	{"heap",
	 "55d3c1b00000-55d3c1b21000 rw-p 00000000 00:00 0                          [heap]\n",
	 {0x55d3c1b00000, 0x55d3c1b21000, 0, 0, 0, DF_READ | DF_WRITE, true, false, "[heap]"}},
	{"no path",
	 "7f0000000000-7f0000021000 ---p 00000000 00:00 0 \n",
	 {0x7f0000000000, 0x7f0000021000, 0, 0, 0, 0, true, false, ""}},
	{"no path and no space",
	 "7f0000000000-7f0000021000 rw-p 00000000 00:00 0\n",
	 {0x7f0000000000, 0x7f0000021000, 0, 0, 0, DF_READ | DF_WRITE, true, false, ""}},
	{"vsyscall",
	 "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n",
	 {0xffffffffff600000, 0xffffffffff601000, 0, 0, 0, DF_EXEC, true, false, "[vsyscall]"}},
	{"shared",
	 "7f0000000000-7f0000001000 rw-s 00000000 00:01 9                          /dev/shm/a\n",
	 {0x7f0000000000, 0x7f0000001000, 0, DEVICE(0, 1), 9, DF_READ | DF_WRITE, false, false,
	  "/dev/shm/a"}},
	{"spaces in the path",
	 "400000-401000 r--p 00000000 08:01 5                                      /a b/ c  d\n",
	 {0x400000, 0x401000, 0, DEVICE(8, 1), 5, DF_READ, true, false, "/a b/ c  d"}},
	{"space at the end",
	 "400000-401000 r--p 00000000 08:01 5                                      /a \n",
	 {0x400000, 0x401000, 0, DEVICE(8, 1), 5, DF_READ, true, false, "/a "}},
	{"newline in the path",
	 "400000-401000 r--p 00000000 08:01 5                                      /a\\012b\\012\n",
	 {0x400000, 0x401000, 0, DEVICE(8, 1), 5, DF_READ, true, false, "/a\nb\n"}},
	{"other backslashes",
	 "400000-401000 r--p 00000000 08:01 5                                      /a\\\\01\\0\n",
	 {0x400000, 0x401000, 0, DEVICE(8, 1), 5, DF_READ, true, false, "/a\\\\01\\0"}},
	{"deleted",
	 "400000-401000 r-xp 00000000 08:01 5                                      /a/b "
	 "(deleted)\n",
	 {0x400000, 0x401000, 0, DEVICE(8, 1), 5, DF_READ | DF_EXEC, true, true, "/a/b"}},
	{"deleted, with a name that says so",
	 "400000-401000 r-xp 00000000 08:01 5              /a (deleted) (deleted)\n",
	 {0x400000, 0x401000, 0, DEVICE(8, 1), 5, DF_READ | DF_EXEC, true, true, "/a (deleted)"}},
	{"memfd",
	 "400000-401000 rwxp 00000000 00:01 77                   /memfd:jit code (deleted)\n",
	 {0x400000, 0x401000, 0, DEVICE(0, 1), 77, DF_READ | DF_WRITE | DF_EXEC, true, true,
	  "/memfd:jit code"}},
	{"not a file, so not deleted",
	 "400000-401000 rw-p 00000000 00:00 0                         [anon:x (deleted)\n",
	 {0x400000, 0x401000, 0, 0, 0, DF_READ | DF_WRITE, true, false, "[anon:x (deleted)"}},
	{"address 0 and the greatest numbers",
	 "0-ffffffffffffffff r--p ffffffffffffffff ffffffff:ffffffff 18446744073709551615 /x\n",
	 {0, UINT64_MAX, UINT64_MAX, DEVICE(0xffffffff, 0xffffffff), UINT64_MAX, DF_READ, true,
	  false, "/x"}},
};

static void expect_mapping(const struct mapping *a, const struct mapping *b, const char *row)
{
	cr_expect_eq(a->start, b->start, "%s", row);
	cr_expect_eq(a->end, b->end, "%s", row);
	cr_expect_eq(a->offset, b->offset, "%s", row);
	cr_expect_eq(a->device, b->device, "%s", row);
	cr_expect_eq(a->inode, b->inode, "%s", row);
	cr_expect_eq(a->prot, b->prot, "%s", row);
	cr_expect_eq(a->private, b->private, "%s", row);
	cr_expect_eq(a->deleted, b->deleted, "%s", row);
	cr_expect_str_eq(a->path, b->path, "%s: '%s'", row, a->path);
}

Test(maps, each_kind_of_line)
{
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct maps maps;
		struct df_err err = {0};
		cr_assert_eq(parse(lines[i].line, &maps, &err), 0, "%s: %s", lines[i].row,
			     err.text);
		cr_assert_eq(maps.count, 1, "%s", lines[i].row);
		expect_mapping(&maps.list[0], &lines[i].want, lines[i].row);
		maps_free(&maps);
		cr_expect_eq(maps.count, 0);
	}
}

#define GOOD "400000-401000 r--p 00000000 08:01 5 /a\n"

static const struct {
	const char *row, *text;
	unsigned line;
} garbled[] = {
	{"empty line", "\n", 1},
	{"words", "hello world\n", 1},
	{"second line", GOOD "hello\n", 2},
	{"no end", "400000 r--p 00000000 08:01 5 /a\n", 1},
	{"end before start", "401000-400000 r--p 00000000 08:01 5 /a\n", 1},
	{"empty range", "400000-400000 r--p 00000000 08:01 5 /a\n", 1},
	{"overlap", GOOD "400fff-402000 r--p 00000000 08:01 5 /a\n", 2},
	{"the same twice", GOOD GOOD, 2},
	{"descending", GOOD "3ff000-400000 r--p 00000000 08:01 5 /a\n", 2},
	{"number beyond 64 bits", "400000-10000000000000000 r--p 00000000 08:01 5 /a\n", 1},
	{"offset beyond 64 bits", "400000-401000 r--p 10000000000000000 08:01 5 /a\n", 1},
	{"no number", "xyz-401000 r--p 00000000 08:01 5 /a\n", 1},
	{"short protection", "400000-401000 r-p 00000000 08:01 5 /a\n", 1},
	{"long protection", "400000-401000 r--xp 00000000 08:01 5 /a\n", 1},
	{"no offset", "400000-401000 r--p 08:01 5 /a\n", 1},
	{"no device", "400000-401000 r--p 00000000 5 /a\n", 1},
	{"no inode", "400000-401000 r--p 00000000 08:01 /a\n", 1},
	{"inode and path run together", "400000-401000 r--p 00000000 08:01 5/a\n", 1},
	{"cut after the addresses", "400000-401000\n", 1},
	{"cut in the protection", "400000-401000 r-\n", 1},
	{"cut after the device", "400000-401000 r--p 00000000 08:01\n", 1},
	{"a last line without its end", GOOD "500000-50", 2},
	{"a whole last line without its newline", GOOD "500000-501000 r--p 00000000 08:01 5 /a", 2},
};

Test(maps, garbled_lines_are_refused_by_number)
{
	for (size_t i = 0; i < COUNT(garbled); i++) {
		struct maps maps = {.count = 77};
		struct df_err err = {0};
		char says[32];
		cr_expect_eq(parse(garbled[i].text, &maps, &err), -(int)DF_E_TABLE, "%s",
			     garbled[i].row);
		snprintf(says, sizeof(says), "line %u ", garbled[i].line);
		cr_expect(strstr(err.text, says), "%s: '%s'", garbled[i].row, err.text);
		cr_expect_eq(maps.count, 77, "%s: touched", garbled[i].row);
	}
}

/* Cut anywhere, a line is refused; nothing is read beyond the end. */
Test(maps, a_line_cut_anywhere)
{
	static const char line[] = "400000-401000 r-xp 00001000 08:01 1234 /usr/bin/a";
	for (size_t length = 1; length < sizeof(line) - 1; length++) {
		struct maps maps;
		struct df_err err;
		char *text = strndup(line, length);
		cr_assert(text);
		cr_assert_eq(maps_parse(text, &maps, &err), -(int)DF_E_TABLE, "length %zu", length);
		free(text);
	}
}

Test(maps, empty)
{
	struct maps maps;
	struct df_err err;
	cr_assert_eq(parse("", &maps, &err), 0);
	cr_expect_eq(maps.count, 0);
	cr_expect_null(maps_find(&maps, 0));
	maps_free(&maps);
}

Test(maps, find_by_address)
{
	static const struct {
		uint64_t addr;
		int index; /* -1 for none */
	} wanted[] = {
		{0, -1},     {0xfff, -1}, {0x1000, 0},	{0x1fff, 0},
		{0x2000, 1}, {0x2fff, 1}, {0x3000, -1}, {0x7fff, -1},
		{0x8000, 2}, {0x8fff, 2}, {0x9000, -1}, {UINT64_MAX, -1},
	};
	struct maps maps;
	struct df_err err;
	cr_assert_eq(parse("1000-2000 r--p 0 08:01 5 /a\n"
			   "2000-3000 r-xp 1000 08:01 5 /a\n"
			   "8000-9000 rw-p 2000 08:01 5 /a\n",
			   &maps, &err),
		     0, "%s", err.text);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct mapping *want =
			wanted[i].index < 0 ? NULL : &maps.list[wanted[i].index];
		cr_expect_eq(maps_find(&maps, wanted[i].addr), want, "%#lx",
			     (unsigned long)wanted[i].addr);
	}
	maps_free(&maps);
}

Test(maps, our_own)
{
	static const char constant = 'c';
	struct maps maps;
	struct df_err err = {0};
	const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	cr_assert_eq(maps_read(fd, &maps, &err), 0, "%s", err.text);
	close(fd);
	const struct mapping *m = maps_find(&maps, (uintptr_t)&constant);
	cr_assert(m);
	cr_expect(m->prot == DF_READ && m->private && m->inode != 0);
	char exe[4096];
	const ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	cr_assert_gt(length, 0);
	exe[length] = '\0';
	cr_expect_str_eq(m->path, exe);
	maps_free(&maps);
}

/* Longer than the first buffer: 20,000 lines of a page each, read from a pipe in small pieces. */
Test(maps, many_lines)
{
	enum { LINES = 20000 };
	char path[] = "/tmp/test_maps.XXXXXX";
	const int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	unlink(path);
	FILE *file = fdopen(dup(fd), "w");
	for (unsigned i = 0; i < LINES; i++)
		fprintf(file, "%x-%x r--p 00000000 08:01 %u /a/b/c\n", (i + 1) << 12, (i + 2) << 12,
			i + 1);
	fclose(file);
	lseek(fd, 0, SEEK_SET);
	struct maps maps;
	struct df_err err = {0};
	cr_assert_eq(maps_read(fd, &maps, &err), 0, "%s", err.text);
	cr_assert_eq(maps.count, LINES);
	cr_expect_eq(maps_find(&maps, (uint64_t)LINES << 12)->inode, LINES);
	maps_free(&maps);
	close(fd);
	cr_expect_eq(maps_read(-1, &maps, &err), -(int)DF_E_SYSTEM);
}
