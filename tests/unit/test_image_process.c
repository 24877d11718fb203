/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/image_process.c, on this very process and its own flags. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <df.h>

#include "image_process.h"

#define GOOD "files/good" /* below the directory that ctest starts this in */

static struct process self;
static struct images images;
static struct df_err err;

static void load(void)
{
	cr_assert_eq(process_open(getpid(), false, &self, &err), 0, "%s", err.text);
	cr_assert_eq(images_from_process(&self, &images, &err), 0, "%s", err.text);
}

static void let_go(void)
{
	images_free(&images);
	process_close(&self);
}

static const struct df_site *site_named(const struct image *image, const char *name)
{
	for (uint32_t i = 0; i < image->table.count; i++)
		if (strcmp(image->sites[i].name, name) == 0)
			return &image->sites[i];
	return NULL;
}

Test(image_process, finds_the_flags_that_we_run)
{
	const bool values[] = {DF_FEATURE(mine, first), DF_DEFAULT(mine, second)};
	load();
	cr_assert_eq(images.count, 1, "%zu modules with flags", images.count);
	cr_expect_gt(images.loaded, 1, "the C library is a module as well");
	struct image *image = images.list[0];
	cr_expect(image->live && !image->on_disk, "%s", image->on_disk);
	cr_assert_eq(image_refresh(image, &err), 0, "%s", err.text);
	const char *const names[] = {"first", "second"};
	for (size_t i = 0; i < 2; i++) {
		const struct df_site *site = site_named(image, names[i]);
		cr_assert(site, "no flag '%s'", names[i]);
		const struct df_count count = image_count(image, (uint32_t)(site - image->sites));
		cr_expect_eq(df_count_active(&count), values[i], "%s", names[i]);
	}
	let_go();
}

/* A file with flags that is mapped to be read is no module, but its going is seen. */
Test(image_process, data_is_no_module)
{
	const int fd = open(GOOD, O_RDONLY | O_CLOEXEC);
	struct stat st;
	cr_assert(fd >= 0 && fstat(fd, &st) == 0);
	void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	cr_assert_neq(data, MAP_FAILED);
	close(fd);
	load();
	cr_expect_eq(images.count, 1, "%zu modules with flags", images.count);
	cr_expect_not(images_unloaded(&self, &images));
	cr_assert_eq(munmap(data, (size_t)st.st_size), 0);
	cr_expect(images_unloaded(&self, &images));
	let_go();
}

/* What is mapped to be run is what counts, whether it came or went. */
Test(image_process, other_text_is_outdated)
{
	const int fd = open(GOOD, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0);
	load();
	cr_expect_not(images_outdated(&self, &images));
	void *data = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	cr_assert_neq(data, MAP_FAILED);
	cr_expect_not(images_outdated(&self, &images));
	void *text = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	cr_assert_neq(text, MAP_FAILED);
	close(fd);
	cr_expect(images_outdated(&self, &images), "it came");
	images_free(&images);
	cr_assert_eq(images_from_process(&self, &images, &err), 0, "%s", err.text);
	cr_expect_not(images_outdated(&self, &images));
	munmap(text, 4096);
	cr_expect(images_outdated(&self, &images), "it went");
	munmap(data, 4096);
	let_go();
}
