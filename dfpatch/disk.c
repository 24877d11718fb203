/* SPDX-License-Identifier: Apache-2.0 */
/* disk.c - whether the file on disk is still the one that a process runs. */
#include "disk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "cleanup.h"

/* Opens for nothing first: opening a device or a FIFO for reading may have effects. */
static int open_in_root(int root, const char *path, struct stat *st)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	CLEANUP_FD int found = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (found < 0 || fstat(found, st) != 0 || !S_ISREG(st->st_mode))
		return -1;
	char self[48];
	snprintf(self, sizeof(self), "/proc/self/fd/%d", found);
	return open(self, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static bool same_file(const struct mapping *mapping, const struct stat *st)
{
	const uint64_t device = (uint64_t)major(st->st_dev) << 32 | minor(st->st_dev);
	return mapping->device == device && mapping->inode == st->st_ino;
}

static bool same_build(const struct elf_info *a, const struct elf_info *b)
{
	return a->build_id_size == b->build_id_size &&
	       memcmp(a->build_id, b->build_id, a->build_id_size) == 0;
}

static char *another_build(const struct elf_info *disk, const struct elf_info *loaded)
{
	char there[2 * ELF_BUILD_ID_MAX + 1], here[2 * ELF_BUILD_ID_MAX + 1];
	char *text = NULL;
	elf_build_id_text(disk, there);
	elf_build_id_text(loaded, here);
	if (asprintf(&text,
		     "the file on disk is another build (build-id %s there, %s in memory); what "
		     "runs "
		     "is used",
		     there, here) < 0)
		return NULL;
	return text;
}

char *disk_difference(const struct process *process, const struct mapping *mapping,
		      const struct elf_info *loaded)
{
	struct stat st;
	if (mapping->deleted)
		return strdup(
			"the file was deleted or replaced since it was loaded; what runs is used");
	/* Without it nothing can be told: the process is gone, or its first thread is. */
	CLEANUP_FD int root = openat(process->dir, "root", O_PATH | O_CLOEXEC);
	if (root < 0)
		return NULL;
	CLEANUP_FD int fd = open_in_root(root, mapping->path, &st);
	if (fd < 0)
		return strdup("the file cannot be opened under its name; what runs is used");
	struct elf_info disk;
	if (elf_info_from_file(fd, &disk, NULL) < 0)
		return strdup("the file on disk is no usable ELF file; what runs is used");
	char *difference = NULL;
	if (loaded->build_id_size > 0 && disk.build_id_size > 0) {
		if (!same_build(&disk, loaded))
			difference = another_build(&disk, loaded);
	} else if (!same_file(mapping, &st)) {
		difference = strdup("the file on disk is another one; what runs is used");
	}
	elf_info_free(&disk);
	return difference;
}
