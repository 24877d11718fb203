/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/image.c: flags from files as compilers and binutils make them. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define FILES "files/" /* below the directory that ctest starts this in */

static const struct {
	const char *kind, *name, *doc;
	bool active, held;
} flags[] = {
	/* In the order of df_flags_group(). */
	{"cache", "strict", "", true, true},
	{"cache", "warm", "fill it\tfirst", true, false},
	{"http", "fast_path", "answer from the cache", false, false},
	{"http", "log", "", true, false},
	{"loop", "each", "caf\xc3\xa9 \"quoted\" \\", false, false},
};

static void expect_flags(const struct image *image, const char *row)
{
	cr_assert_eq(image->flag_count, COUNT(flags), "%s: %zu flags", row, image->flag_count);
	for (size_t i = 0; i < COUNT(flags); i++) {
		const uint32_t index = image->order[image->flags[i].first];
		const struct df_site *site = &image->sites[index];
		const struct df_count count = image_count(image, index);
		cr_expect_str_eq(site->kind, flags[i].kind, "%s", row);
		cr_expect_str_eq(site->name, flags[i].name, "%s", row);
		cr_expect_str_eq(site->doc, flags[i].doc, "%s: '%s'", row, site->doc);
		cr_expect_str_eq(site->file, "src/flags.c", "%s: '%s'", row, site->file);
		cr_expect_eq(df_count_active(&count), flags[i].active, "%s: %s", row, site->name);
		cr_expect_eq(count.held, flags[i].held, "%s: %s", row, site->name);
	}
}

Test(image, good_files)
{
	static const char *const names[] = {FILES "good", FILES "exec", FILES "stripped"};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct images images;
		struct df_err err = {0};
		cr_assert_eq(images_from_file(names[i], &images, &err), 0, "%s: %s", names[i],
			     err.text);
		cr_assert_eq(images.count, 1);
		const struct image *image = images.list[0];
		expect_flags(image, names[i]);
		cr_expect_str_eq(image->path, names[i]);
		cr_expect(!image->live && image->bias == 0 && !image->on_disk);
		cr_expect_eq(image->elf.position_independent, i != 1, "%s", names[i]);
		cr_expect_gt(image->elf.build_id_size, 0, "%s", names[i]);
		cr_expect_eq(image->control.site_size, DF_SITE_SIZE);
		images_free(&images);
		cr_expect_eq(images.count, 0);
	}
}

static const struct {
	const char *name;
	enum df_errc code;
	const char *says;
} refused[] = {
	{FILES "none", DF_E_NO_FLAGS, "carries no flags"},
	{FILES "no_note", DF_E_TABLE, "was .note.df removed?"},
	{FILES "two_sections", DF_E_TABLE, "sections are named df_sites_v1"},
	{FILES "debug", DF_E_TABLE, "debug information only"},
	{FILES "object.o", DF_E_ARCH, "relocatable object; link it first"},
	{FILES "nowhere", DF_E_SYSTEM, "No such file"},
	{FILES "good/good", DF_E_SYSTEM, "Not a directory"},
	{FILES, DF_E_NOT_ELF, "no regular file"},
	{"/dev/null", DF_E_NOT_ELF, "no regular file"},
	{"/proc/self/status", DF_E_NOT_ELF, "ELF file"},
	{"", DF_E_SYSTEM, "No such file"},
};

Test(image, refused_files)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct images images;
		struct df_err err = {0};
		const char *name = refused[i].name;
		cr_expect_eq(images_from_file(name, &images, &err), -(int)refused[i].code, "%s: %s",
			     name, err.text);
		cr_expect(strstr(err.text, refused[i].says), "%s: '%s'", name, err.text);
		cr_expect(strstr(err.text, name), "%s: '%s'", name, err.text);
		images_free(&images);
	}
}

/* Opening one for reading would wait for a writer. */
Test(image, a_fifo_does_not_hold_us_up, .timeout = 10)
{
	char directory[] = "/tmp/test_image.XXXXXX", path[64];
	struct images images;
	struct df_err err = {0};
	cr_assert(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/fifo", directory);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_eq(images_from_file(path, &images, &err), -(int)DF_E_NOT_ELF, "%s", err.text);
	images_free(&images);
	unlink(path);
	rmdir(directory);
}

/* ---- damage ---- */

static uint8_t *read_good(size_t *size)
{
	const int fd = open(FILES "good", O_RDONLY | O_CLOEXEC);
	struct stat st;
	cr_assert(fd >= 0 && fstat(fd, &st) == 0);
	*size = (size_t)st.st_size;
	uint8_t *bytes = malloc(*size);
	cr_assert(bytes && read(fd, bytes, *size) == st.st_size);
	close(fd);
	return bytes;
}

/* Loads the bytes from a file of their own. */
static int load(const uint8_t *bytes, size_t size, struct images *images, struct df_err *err)
{
	char path[] = "/tmp/test_image.XXXXXX";
	const int fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
	const int status = images_from_file(path, images, err);
	unlink(path);
	return status;
}

Test(image, cut_files)
{
	size_t size;
	uint8_t *bytes = read_good(&size);
	uint64_t loaded = 0; /* where the last segment ends */
	struct images images;
	struct df_err err = {0};
	cr_assert_eq(load(bytes, size, &images, &err), 0, "%s", err.text);
	for (size_t i = 0; i < images.list[0]->elf.part_count; i++) {
		const struct elf_part *p = &images.list[0]->elf.parts[i];
		if (p->offset + p->file_size > loaded)
			loaded = p->offset + p->file_size;
	}
	images_free(&images);
	for (size_t cut = 0; cut < loaded; cut += cut < 1024 ? 13 : 487) {
		cr_expect_eq(load(bytes, cut, &images, &err), -(int)DF_E_NOT_ELF, "cut at %zu: %s",
			     cut, err.text);
		images_free(&images);
	}
	/* Behind the segments there is nothing that we need. */
	cr_expect_eq(load(bytes, (size_t)loaded, &images, &err), 0, "%s", err.text);
	images_free(&images);
	free(bytes);
}

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Whatever the bytes are, the flags are read or an error says why not. */
Test(image, random_damage)
{
	uint32_t seed = 1;
	size_t size;
	uint8_t *sound = read_good(&size), *bytes = malloc(size);
	int taken = 0;
	cr_assert(bytes);
	for (int round = 0; round < 1500; round++) {
		struct images images;
		struct df_err err = {0};
		memcpy(bytes, sound, size);
		for (uint32_t i = random_next(&seed) % 8 + 1; i > 0; i--) {
			/* Headers and notes are small, and more is to be broken there. */
			const size_t most = random_next(&seed) % 2 ? 1024 : size;
			bytes[random_next(&seed) % most] = (uint8_t)random_next(&seed);
		}
		const int status = load(bytes, size, &images, &err);
		cr_assert_leq(status, 0);
		cr_assert(status == 0 || err.text[0] != '\0', "round %d: no message", round);
		taken += status == 0;
		images_free(&images);
	}
	cr_expect(taken > 50 && taken < 1450, "%d were taken: the damage is of no use", taken);
	free(bytes);
	free(sound);
}
