/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/disk.c: is the file under that name the one that runs? */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "disk.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define GOOD "files/good" /* below the directory that ctest starts this in */

struct fixture {
	struct process process;
	struct elf_info loaded;
	struct mapping mapping;
	char path[PATH_MAX];
};

/* We are the process, and run files/good. */
static void begin(struct fixture *f)
{
	struct df_err err = {0};
	struct stat st;
	*f = (struct fixture){0};
	cr_assert_eq(process_open(getpid(), false, &f->process, &err), 0, "%s", err.text);
	cr_assert(realpath(GOOD, f->path) && stat(f->path, &st) == 0);
	const int fd = open(GOOD, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(elf_info_from_file(fd, &f->loaded, &err), 0, "%s", err.text);
	close(fd);
	f->mapping = (struct mapping){
		.path = f->path,
		.device = (uint64_t)major(st.st_dev) << 32 | minor(st.st_dev),
		.inode = st.st_ino,
	};
}

static void end(struct fixture *f)
{
	process_close(&f->process);
	elf_info_free(&f->loaded);
}

/* `says` is NULL where there is no difference. */
static void expect(struct fixture *f, const char *says, const char *row)
{
	char *difference = disk_difference(&f->process, &f->mapping, &f->loaded);
	if (!says)
		cr_expect_null(difference, "%s: '%s'", row, difference);
	else
		cr_expect(difference && strstr(difference, says), "%s: '%s'", row,
			  difference ? difference : "(none)");
	free(difference);
}

Test(disk, the_same_file)
{
	struct fixture f;
	begin(&f);
	expect(&f, NULL, "same build, same file");
	f.mapping.inode++;
	expect(&f, NULL, "a copy of the same build");
	f.loaded.build_id_size = 0;
	expect(&f, "another one", "no build-id, another inode");
	f.mapping.inode--;
	expect(&f, NULL, "no build-id, the same inode");
	f.mapping.device++;
	expect(&f, "another one", "no build-id, another device");
	end(&f);
}

Test(disk, another_build)
{
	struct fixture f;
	begin(&f);
	f.loaded.build_id[0] ^= 0xff;
	expect(&f, "another build (build-id ", "another build");
	f.loaded.build_id_size--;
	expect(&f, "another build (build-id ", "a shorter build-id");
	end(&f);
}

Test(disk, deleted)
{
	struct fixture f;
	begin(&f);
	f.mapping.deleted = true;
	expect(&f, "one of the same build is in its place", "deleted, and put back");
	f.loaded.build_id[0] ^= 0xff;
	expect(&f, "another build (build-id ", "deleted, and replaced");
	f.mapping.path = "/nowhere/at/all";
	expect(&f, "was deleted since", "deleted");
	f.mapping.path = "/memfd:program";
	expect(&f, "(memfd), which has no name", "never had a name");
	end(&f);
}

/* Names are the target's: they lead to regular files in its root, or nowhere. */
Test(disk, names_that_lead_elsewhere, .timeout = 20)
{
	static const char *const paths[] = {"/nowhere", "/dev/null",	  "/dev/zero",
					    "/",	"/proc/self/exe", "/proc/self/fd/0",
					    "",		"[vdso]"};
	char directory[] = "/tmp/test_disk.XXXXXX", path[64];
	struct fixture f;
	begin(&f);
	for (size_t i = 0; i < COUNT(paths); i++) {
		f.mapping.path = paths[i];
		expect(&f, "cannot be opened under its name", paths[i]);
	}
	cr_assert(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/fifo", directory);
	cr_assert_eq(mkfifo(path, 0600), 0);
	f.mapping.path = path;
	expect(&f, "cannot be opened under its name", "a fifo");
	unlink(path);
	rmdir(directory);
	f.mapping.path = "/etc/passwd";
	expect(&f, "no usable ELF file", "no ELF file");
	end(&f);
}
