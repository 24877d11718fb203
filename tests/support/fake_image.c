/* SPDX-License-Identifier: Apache-2.0 */
/* fake_image.c - loaded modules made of site descriptions, with nothing behind them. */
#include "fake_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *need(void *memory)
{
	if (!memory) {
		fputs("fake_image: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

struct image *fake_image_add(struct images *images, const char *path, const struct df_site *sites,
			     size_t count)
{
	struct image *image = need(calloc(1, sizeof(*image)));
	image->path = need(strdup(path));
	image->fd = -1;
	image->live = true;
	image->table.count = count;
	image->sites = need(calloc(count + 1, sizeof(*image->sites)));
	image->states = need(calloc(count + 1, sizeof(*image->states)));
	image->order = need(calloc(count + 1, sizeof(*image->order)));
	image->flags = need(calloc(count + 1, sizeof(*image->flags)));
	if (count > 0)
		memcpy(image->sites, sites, count * sizeof(*sites));
	image->flag_count = df_flags_group(image->sites, count, image->order, image->flags);
	images->list = need(realloc(images->list, (images->count + 1) * sizeof(*images->list)));
	images->list[images->count++] = image;
	return image;
}

char *fake_image_output(void (*action)(void *context), void *context)
{
	const int file = memfd_create("output", MFD_CLOEXEC);
	fflush(stdout);
	const int before = dup(STDOUT_FILENO);
	if (file < 0 || before < 0 || dup2(file, STDOUT_FILENO) < 0)
		need(NULL);
	action(context);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	const off_t size = lseek(file, 0, SEEK_END);
	char *text = need(calloc(1, (size_t)size + 1));
	if (pread(file, text, (size_t)size, 0) != (ssize_t)size)
		need(NULL);
	close(file);
	return text;
}
