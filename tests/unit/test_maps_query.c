/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/maps_query.c: it must find what the text has, file by file. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "map_files.h"
#include "maps_query.h"
#include "mem.h"

static int own_maps(void)
{
	const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	return fd;
}

/* Maps a page of a new file and removes it if `gone`. */
static void map_file(const char *directory, const char *name, int flags, bool gone)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0, "%s", path);
	cr_assert_eq(ftruncate(fd, 4096), 0);
	cr_assert_neq(mmap(NULL, 4096, PROT_READ, flags, fd, 0), MAP_FAILED);
	close(fd);
	if (gone)
		unlink(path);
}

static void expect_same(const struct mapping *a, const struct mapping *b)
{
	cr_expect_eq(a->start, b->start);
	cr_expect_eq(a->end, b->end, "%s", b->path);
	cr_expect_eq(a->offset, b->offset, "%s", b->path);
	cr_expect_eq(a->device, b->device, "%s", b->path);
	cr_expect_eq(a->inode, b->inode, "%s", b->path);
	cr_expect_eq(a->prot, b->prot, "%s", b->path);
	cr_expect_eq(a->private, b->private, "%s", b->path);
	cr_expect_eq(a->deleted, b->deleted, "%s", b->path);
	cr_expect_str_eq(a->path, b->path);
}

Test(maps_query, finds_what_the_text_has)
{
	static const char *const names[] = {"plain", "with space", "new\nline", "back\\slash",
					    "gone (deleted)"};
	char directory[] = "/tmp/test_maps_query.XXXXXX";
	struct maps quick, text;
	struct df_err err = {0};
	cr_assert(mkdtemp(directory));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		map_file(directory, names[i], i % 2 ? MAP_SHARED : MAP_PRIVATE, false);
	map_file(directory, "removed", MAP_PRIVATE, true);
	/* Anonymous mappings with holes between, so that there is something to leave out. */
	for (int i = 0; i < 100; i++)
		cr_assert_neq(mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			      MAP_FAILED);
	const int fd = own_maps();
	cr_assert_eq(maps_read_files(fd, -1, &quick, &err), 0, "%s", err.text);
	cr_assert_eq(maps_read(fd, &text, &err), 0, "%s", err.text);
	size_t files = 0, zeroed = 0;
	for (size_t i = 0; i < quick.count; i++) {
		const struct mapping *m = maps_find(&text, quick.list[i].start);
		cr_assert(m);
		expect_same(&quick.list[i], m);
		if (m->inode == 0) {
			cr_expect(m->prot & DF_WRITE && m->private && m > text.list);
			cr_expect(quick.count == text.count || m[-1].end == m->start);
			zeroed++;
		}
	}
	for (size_t i = 0; i < text.count; i++)
		files += text.list[i].inode != 0;
	cr_expect_geq(quick.count, files + zeroed);
	cr_expect_gt(zeroed, 0, "this test's own zeroed data");
	cr_expect(quick.count == files + zeroed || quick.count == text.count,
		  "either files and their data or, on an older kernel, all: %zu", quick.count);
	close(fd);
	maps_free(&quick);
	maps_free(&text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[256];
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

/* A descriptor that does not know the query stands for an older kernel. */
Test(maps_query, falls_back_to_the_text)
{
	static const char lines[] = "1000-2000 r-xp 00000000 08:01 7 /a/b\n"
				    "2000-3000 rw-p 00000000 00:00 0 [heap]\n";
	struct maps maps;
	struct df_err err = {0};
	const int fd = memfd_create("maps", MFD_CLOEXEC);
	cr_assert_eq(write(fd, lines, sizeof(lines) - 1), sizeof(lines) - 1);
	lseek(fd, 0, SEEK_SET);
	cr_assert_eq(maps_read_files(fd, -1, &maps, &err), 0, "%s", err.text);
	cr_expect_eq(maps.count, 2);
	cr_expect_str_eq(maps.list[0].path, "/a/b");
	close(fd);
	maps_free(&maps);
	cr_expect_eq(maps_read_files(-1, -1, &maps, &err), -(int)DF_E_SYSTEM);
}

static struct maps own_files(int hints)
{
	struct maps maps;
	struct df_err err = {0};
	const int fd = own_maps();
	cr_assert_eq(maps_read_files(fd, hints, &maps, &err), 0, "%s", err.text);
	close(fd);
	return maps;
}

static int own_map_files(void)
{
	const int fd = open("/proc/self/map_files", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	return fd;
}

/* What is found with hints must be what is found without. */
static void expect_the_same_with(int hints)
{
	struct maps plain = own_files(-1);
	struct maps hinted = own_files(hints);
	cr_assert_eq(hinted.count, plain.count);
	for (size_t i = 0; i < plain.count; i++)
		expect_same(&hinted.list[i], &plain.list[i]);
	maps_free(&plain);
	maps_free(&hinted);
}

/* Pages of one file with anonymous ones between, more than hints there can be. */
static void map_many(void)
{
	const size_t count = MAP_FILES_MAX + 100;
	const int fd = memfd_create("many", MFD_CLOEXEC);
	cr_assert_eq(ftruncate(fd, 4096), 0);
	char *at = mmap(NULL, 2 * count * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(at, MAP_FAILED);
	for (size_t i = 0; i < count; i++)
		cr_assert_neq(mmap(at + 2 * i * 4096, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0),
			      MAP_FAILED);
	close(fd);
}

Test(map_files, names_the_mappings_of_files)
{
	struct map_files files;
	struct maps maps = own_files(-1);
	const int dir = own_map_files();
	map_files_read(dir, &files);
	cr_assert_gt(files.count, 5);
	for (size_t i = 0; i < files.count; i++) {
		const struct mapping *m = maps_find(&maps, files.starts[i]);
		cr_assert(m);
		cr_expect_eq(m->start, files.starts[i]);
		cr_expect_neq(m->inode, 0);
	}
	close(dir);
	maps_free(&maps);
}

Test(maps_query, hints_change_nothing)
{
	const int dir = own_map_files();
	expect_the_same_with(dir);
	close(dir);
}

Test(maps_query, more_files_than_hints)
{
	map_many();
	const int dir = own_map_files();
	expect_the_same_with(dir);
	close(dir);
}

/* Of mappings that are gone, that began elsewhere, that have no file, and of none at all. */
Test(maps_query, hints_that_are_wrong)
{
	char directory[] = "/tmp/test_maps_query.XXXXXX";
	char path[128];
	struct map_files files;
	struct maps maps = own_files(-1);
	cr_assert(mkdtemp(directory));
	const uint64_t wrong[] = {1, maps.list[1].start + 1, (uintptr_t)path & ~(uintptr_t)4095};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(path, sizeof(path), "%s/%" PRIx64 "-%" PRIx64, directory, wrong[i],
			 wrong[i] + 4096);
		close(open(path, O_CREAT | O_CLOEXEC, 0600));
		const int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		map_files_read(dir, &files);
		cr_assert_eq(files.count, 1, "%zu", files.count);
		cr_expect_eq(files.starts[0], wrong[i]);
		lseek(dir, 0, SEEK_SET);
		expect_the_same_with(dir);
		close(dir);
		unlink(path);
	}
	rmdir(directory);
	maps_free(&maps);
}
