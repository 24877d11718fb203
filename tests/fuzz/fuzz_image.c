/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_image.c - a whole file, as `dfpatch list FILE` reads it. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "image.h"
#include "match.h"
#include "select.h"

/* Every string and count that is shown, and every byte that is searched, is read once. */
static void look_at(const struct images *images)
{
	static const char *const patterns[] = {"http:.*", ".*each.*"};
	struct selection selection;
	struct df_err err;
	MUST(images->count == 1);
	const struct image *image = images->list[0];
	size_t sites = 0, length = 0;
	for (size_t i = 0; i < image->flag_count; i++)
		sites += image->flags[i].count;
	MUST(sites == image->table.count);
	for (uint32_t i = 0; i < sites; i++) {
		length += df_full_name_length(&image->sites[i]) + strlen(image->sites[i].doc);
		length += image_count(image, i).held;
	}
	MUST(sites == 0 || length > 0);
	selection_make(&selection, images, NULL, patterns, 2, &err);
	selection_free(&selection);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	char path[64];
	struct images images;
	struct df_err err = {0};
	if (fd < 0)
		fd = memfd_create("image", MFD_CLOEXEC);
	MUST(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const int status = images_from_file(path, &images, &err);
	if (status == 0)
		look_at(&images);
	else
		MUST(status == -(int)err.code && err.text[0] != '\0');
	images_free(&images);
	return 0;
}
