/* SPDX-License-Identifier: Apache-2.0 */
/* disk.c - whether the file on disk is still the one that a process runs. */
#include "disk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "maps_query.h"

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
	/* A lease on the file, which is the target's to take, would make a blocking open wait. */
	return open(self, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static bool shares_our_mounts(const struct process *process)
{
	struct stat theirs, ours;
	return fstatat(process->dir, "ns/mnt", &theirs, 0) == 0 &&
	       stat("/proc/self/ns/mnt", &ours) == 0 && theirs.st_ino == ours.st_ino;
}

/*
 * The kernel gives the path from our root if the process shares our mounts, which
 * is not its own root after chroot(2); else from the root of its mount namespace.
 */
static int open_named(const struct process *process, const char *path, struct stat *st)
{
	CLEANUP_FD int theirs = process_root(process);
	const int fd = theirs < 0 ? -1 : open_in_root(theirs, path, st);
	if (fd >= 0 || !shares_our_mounts(process))
		return fd;
	CLEANUP_FD int ours = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return ours < 0 ? -1 : open_in_root(ours, path, st);
}

static bool in_own_maps(const struct mapping *mapping, uint64_t addr)
{
	struct maps ours = {0};
	CLEANUP_FD int self = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (self < 0 || maps_read_files(self, -1, &ours, NULL) < 0)
		return false;
	const struct mapping *own = maps_find(&ours, addr);
	const bool is = own && own->device == mapping->device && own->inode == mapping->inode;
	maps_free(&ours);
	return is;
}

/* Maps the file as well, and sees how /proc calls that. */
static bool mapped_alike(const struct mapping *mapping, int fd)
{
	void *at = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return false;
	const bool alike = in_own_maps(mapping, (uintptr_t)at);
	munmap(at, 1);
	return alike;
}

/* The numbers of stat(2) are not those of mappings on btrfs, nor on overlayfs before Linux 6.8. */
static bool same_file(const struct mapping *mapping, int fd, const struct stat *st)
{
	const uint64_t device = (uint64_t)major(st->st_dev) << 32 | minor(st->st_dev);
	return (mapping->device == device && mapping->inode == st->st_ino) ||
	       mapped_alike(mapping, fd);
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
		     "runs is used",
		     there, here) < 0)
		return NULL;
	return text;
}

static char *compare(const struct mapping *mapping, const struct elf_info *loaded, int fd,
		     const struct stat *st)
{
	struct elf_info disk;
	char *difference = NULL;
	if (elf_info_from_file(fd, &disk, NULL) < 0)
		return strdup("the file on disk is no usable ELF file; what runs is used");
	if (loaded->build_id_size > 0 && disk.build_id_size > 0) {
		if (!same_build(&disk, loaded))
			difference = another_build(&disk, loaded);
		else if (mapping->deleted)
			difference = strdup("the file was deleted since it was loaded, and one of "
					    "the same build is in its place; what runs is used");
	} else if (!same_file(mapping, fd, st)) {
		difference = strdup("the file on disk is another one; what runs is used");
	}
	elf_info_free(&disk);
	return difference;
}

char *disk_difference(const struct process *process, const struct mapping *mapping,
		      const struct elf_info *loaded)
{
	struct stat st;
	if (mapping->deleted && strncmp(mapping->path, "/memfd:", 7) == 0)
		return strdup("it was loaded from a file in memory (memfd), which has no name; "
			      "what runs is used");
	CLEANUP_FD int fd = open_named(process, mapping->path, &st);
	if (fd >= 0)
		return compare(mapping, loaded, fd, &st);
	return strdup(mapping->deleted
			      ? "the file was deleted since it was loaded; what runs is used"
			      : "the file cannot be opened under its name; what runs is used");
}
