/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/own_pages.c: what is read ahead, and kept, depends on the file system. */
#include <criterion/criterion.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "own_pages.h"

static long file_system; /* what statfs(2) says; 0 for a failure */
static unsigned asked;

int __wrap_statfs(const char *path, struct statfs *fs);

int __wrap_statfs(const char *path, struct statfs *fs)
{
	(void)path;
	asked++;
	*fs = (struct statfs){.f_type = file_system};
	return file_system ? 0 : -1;
}

static const char cold[4 << 20] = {1}; /* a part of us that nobody ever reads */

struct sizes {
	long mapped, resident, locked; /* kB */
};

/* Of the mapping with that part: from its line in /proc/self/smaps to the next. */
static struct sizes of_us(void)
{
	const unsigned long here = (unsigned long)(uintptr_t)cold + sizeof(cold) / 2;
	struct sizes sizes = {0};
	unsigned long first, last;
	char line[512];
	bool inside = false;
	FILE *maps = fopen("/proc/self/smaps", "re");
	cr_assert(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &first, &last) == 2 && strchr(line, '-') < line + 17)
			inside = first <= here && here < last;
		if (!inside)
			continue;
		sscanf(line, "Size: %ld", &sizes.mapped);
		sscanf(line, "Rss: %ld", &sizes.resident);
		sscanf(line, "Locked: %ld", &sizes.locked);
	}
	fclose(maps);
	return sizes;
}

static void skip_if_nothing_is_locked(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	cr_skip("a sanitizer is in use, whose mlock() does nothing and says that it did\n");
#endif
}

static void is_kept(long magic)
{
	skip_if_nothing_is_locked();
	file_system = magic;
	own_pages_keep();
	const struct sizes sizes = of_us();
	cr_expect_gt(sizes.mapped, 0);
	cr_expect_eq(sizes.resident, sizes.mapped, "%#lx", (unsigned long)magic);
	/* What others have in memory as well counts in part. */
	cr_expect_gt(sizes.locked, sizes.mapped / 10 * 9, "%#lx: %ld of %ld", (unsigned long)magic,
		     sizes.locked, sizes.mapped);
	cr_expect_gt(asked, 1, "a library was left out");
}

/* In a process of its own each: nothing lets go of what is kept. */
Test(own_pages, of_fuse)
{
	is_kept(FUSE_SUPER_MAGIC);
}

Test(own_pages, of_a_network)
{
	is_kept(NFS_SUPER_MAGIC);
}

Test(own_pages, of_what_may_stand_before_either)
{
	is_kept(OVERLAYFS_SUPER_MAGIC);
}

Test(own_pages, of_who_knows)
{
	is_kept(0);
}

Test(own_pages, of_a_disk)
{
	file_system = EXT4_SUPER_MAGIC;
	own_pages_keep();
	const struct sizes sizes = of_us();
	cr_expect_eq(sizes.locked, 0);
	cr_expect_lt(sizes.resident, sizes.mapped, "read for nothing");
	cr_expect_gt(asked, 1);
}

/* They are there, but may go again. */
Test(own_pages, without_the_right_to_lock)
{
	const struct rlimit none = {0, 0};
	skip_if_nothing_is_locked();
	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	if (geteuid() == 0 && setuid(65534) != 0)
		cr_skip("cannot give up the right to lock memory\n");
	file_system = FUSE_SUPER_MAGIC;
	own_pages_keep();
	const struct sizes sizes = of_us();
	cr_expect_eq(sizes.locked, 0);
	cr_expect_eq(sizes.resident, sizes.mapped);
}
