/* SPDX-License-Identifier: Apache-2.0 */
/* own_pages.c - our own program in memory, before a target stands still. */
#include "own_pages.h"

#include <link.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ZFS_MAGIC 0x2fc12fc1 /* which is not part of the kernel's sources */

/*
 * The kernel reads these by itself. Not overlayfs, which may stand before anything.
 * To read ahead takes a while (0.6 ms), so it is not done where it cannot matter.
 */
static bool is_of_the_kernel(const char *path)
{
	struct statfs fs;
	if (statfs(path, &fs) != 0)
		return false;
	switch ((uint32_t)fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case ZFS_MAGIC:
	case F2FS_SUPER_MAGIC:
	case SQUASHFS_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
		return true;
	default:
		return false;
	}
}

/* What may be written to is not locked: that would copy each page. */
static void keep_segment(uintptr_t bias, const ElfW(Phdr) * segment)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t start = (bias + segment->p_vaddr) / page * page;
	const size_t size = bias + segment->p_vaddr + segment->p_filesz - start;
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): addresses of our own */
	void *const at = (void *)start;
	if ((segment->p_flags & PF_W) || mlock(at, size) != 0)
		madvise(at, (size + page - 1) / page * page, MADV_POPULATE_READ);
}

static int keep_object(struct dl_phdr_info *object, size_t size, void *context)
{
	(void)size;
	(void)context;
	const char *path = *object->dlpi_name ? object->dlpi_name : "/proc/self/exe";
	/* One without a path is the kernel's (vdso(7)). */
	if (!strchr(path, '/') || is_of_the_kernel(path))
		return 0;
	for (int i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_LOAD)
			keep_segment(object->dlpi_addr, &object->dlpi_phdr[i]);
	return 0;
}

void own_pages_keep(void)
{
	dl_iterate_phdr(keep_object, NULL);
}
