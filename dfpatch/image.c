/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - a module with its flags: what all have in common, and those of a file. */
#include "image.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

void image_free(struct image *image)
{
	if (!image)
		return;
	if (!image->live)
		cleanup_fd(&image->fd);
	snapshot_free(&image->snapshot);
	elf_info_free(&image->elf);
	free(image->path);
	free(image->on_disk);
	free(image->sites);
	free(image->states);
	free(image->order);
	free(image->flags);
	free(image);
}

void images_free(struct images *images)
{
	for (size_t i = 0; i < images->count; i++)
		image_free(images->list[i]);
	free(images->list);
	maps_free(&images->maps);
	*images = (struct images){0};
}

struct parts {
	struct df_range *segments;
	uint64_t *readable;
	size_t segment_count;
	struct df_range *notes;
	size_t note_count;
};

static void sort_parts(const struct image *image, struct parts *parts)
{
	for (size_t i = 0; i < image->elf.part_count; i++) {
		const struct elf_part *p = &image->elf.parts[i];
		const struct df_range range = {
			.addr = image->bias + p->addr, .size = p->size, .prot = p->prot};
		if (p->type == PT_NOTE) {
			parts->notes[parts->note_count++] = range;
			continue;
		}
		parts->readable[parts->segment_count] = image->live ? p->size : p->file_size;
		parts->segments[parts->segment_count++] = range;
	}
}

int image_snapshot(struct image *image, uint64_t ehdr, snapshot_pull pull, struct df_err *err)
{
	const size_t room = image->elf.part_count + 1;
	CLEANUP_FREE struct df_range *segments = calloc(room, sizeof(*segments));
	CLEANUP_FREE struct df_range *notes = calloc(room, sizeof(*notes));
	CLEANUP_FREE uint64_t *readable = calloc(room, sizeof(*readable));
	if (!segments || !notes || !readable)
		return df_fail_memory(err);
	struct parts parts = {.segments = segments, .readable = readable, .notes = notes};
	sort_parts(image, &parts);
	const int status = snapshot_begin(&image->snapshot, segments, readable, parts.segment_count,
					  notes, parts.note_count, err);
	image->snapshot.view.ehdr = ehdr;
	image->snapshot.pull = pull;
	image->snapshot.context = image;
	return status;
}

static int load_sites(struct image *image, struct df_err *err)
{
	const size_t room = image->table.count + 1;
	struct df_site last;
	/* A table that claims more than there is must not make us allocate for it. */
	if (df_table_site(&image->snapshot.view, &image->table, image->table.count - 1, &last,
			  err) < 0)
		return -(int)err->code;
	image->sites = calloc(room, sizeof(*image->sites));
	image->states = calloc(room, sizeof(*image->states));
	image->order = calloc(room, sizeof(*image->order));
	image->flags = calloc(room, sizeof(*image->flags));
	if (!image->sites || !image->states || !image->order || !image->flags)
		return df_fail_memory(err);
	const int status = df_table_sites(&image->snapshot.view, &image->table, image->sites,
					  image->order, err);
	if (status < 0)
		return status;
	image->flag_count =
		df_flags_group(image->sites, image->table.count, image->order, image->flags);
	return 0;
}

int image_load_table(struct image *image, struct df_err *err)
{
	int status = df_table_find(&image->snapshot.view, &image->table, err);
	if (status > 0 && image->table.count == 0)
		return 0;
	if (status > 0)
		status = load_sites(image, err) < 0 ? -(int)err->code : 1;
	/* What could not be copied looks like what is not there. */
	if (status <= 0 && image->snapshot.no_memory)
		return df_fail_memory(err);
	return status < 0 ? df_err_prefix(err, image->path) : status;
}

struct image *image_new(const char *path, int fd, bool live)
{
	struct image *image = calloc(1, sizeof(*image));
	if (!image)
		return NULL;
	image->fd = fd;
	image->live = live;
	image->path = strdup(path);
	if (image->path)
		return image;
	image->live = true; /* the descriptor stays the caller's */
	image_free(image);
	return NULL;
}

bool images_add(struct images *images, struct image *image)
{
	struct image **larger = realloc(images->list, (images->count + 1) * sizeof(*images->list));
	if (!larger)
		return false;
	images->list = larger;
	images->list[images->count++] = image;
	return true;
}

/* ---- files ---- */

int image_open_file(const char *path, struct df_err *err)
{
	struct stat st;
	/* Non-blocking, so that a FIFO cannot hold us up before we know that it is one. */
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return df_fail(err, DF_E_NOT_ELF, "'%s' is no regular file", path);
	const int kept = fd;
	fd = -1;
	return kept;
}

/* The bytes of one segment, and none of what the file does not have of it. */
int image_pull_file(void *context, uint64_t addr, void *to, size_t size)
{
	const struct image *image = context;
	for (size_t i = 0; i < image->elf.part_count; i++) {
		const struct elf_part *p = &image->elf.parts[i];
		if (p->type != PT_LOAD || addr < p->addr || addr - p->addr >= p->file_size)
			continue;
		if (size > p->file_size - (addr - p->addr))
			return -1;
		const off_t offset = (off_t)(p->offset + (addr - p->addr));
		return pread(image->fd, to, size, offset) == (ssize_t)size ? 0 : -1;
	}
	return -1;
}

/* The control block as it lies in the file: what was built. */
static void control_as_built(struct image *image)
{
	const struct df_view *view = &image->snapshot.view;
	const void *bytes = view->at(view, image->table.control, sizeof(image->control));
	if (bytes)
		memcpy(&image->control, bytes, sizeof(image->control));
}

/* Section headers, where there are any, show what the note does not. */
static int check_sections(const struct image *image, int found, struct df_err *err)
{
	if (found < 0)
		return found;
	if (found == 0 && image->elf.table_sections > 0)
		return df_fail(err, DF_E_TABLE,
			       "%s: section df_sites_v1 is there, but no note leads to it (was "
			       ".note.df removed?)",
			       image->path);
	if (image->elf.table_sections > 1)
		return df_fail(
			err, DF_E_TABLE,
			"%s: %zu sections are named df_sites_v1, only the first would be seen "
			"(linked with --unique?)",
			image->path, image->elf.table_sections);
	if (found == 0)
		return df_fail(err, DF_E_NO_FLAGS, "%s: carries no flags", image->path);
	return found;
}

static int load_headers(struct image *image, struct df_err *err)
{
	const int status = elf_info_from_file(image->fd, &image->elf, err);
	if (status < 0)
		return df_err_prefix(err, image->path);
	uint64_t ehdr = 0;
	for (size_t i = 0; i < image->elf.part_count && ehdr == 0; i++)
		if (image->elf.parts[i].type == PT_LOAD && image->elf.parts[i].offset == 0)
			ehdr = image->elf.parts[i].addr;
	return image_snapshot(image, ehdr, image_pull_file, err);
}

/* Takes the descriptor over, also where it fails. */
static int image_of(int fd, const char *path, struct image **image, struct df_err *err)
{
	struct image *opened = image_new(path, fd, false);
	if (!opened) {
		close(fd);
		return df_fail_memory(err);
	}
	const int status = load_headers(opened, err);
	if (status < 0)
		image_free(opened);
	else
		*image = opened;
	return status;
}

int image_open(const char *path, struct image **image, struct df_err *err)
{
	const int fd = image_open_file(path, err);
	return fd < 0 ? fd : image_of(fd, path, image, err);
}

/* The image becomes theirs, also where it fails. */
static int images_of(struct image *image, struct images *images, struct df_err *err)
{
	if (!images_add(images, image)) {
		image_free(image);
		return df_fail_memory(err);
	}
	const int status = check_sections(image, image_load_table(image, err), err);
	if (status > 0)
		control_as_built(image);
	return status < 0 ? status : 0;
}

int images_from_file(const char *path, struct images *images, struct df_err *err)
{
	struct image *image;
	*images = (struct images){0};
	const int status = image_open(path, &image, err);
	return status < 0 ? status : images_of(image, images, err);
}

int images_from_open_file(int fd, const char *path, struct images *images, struct df_err *err)
{
	struct image *image;
	*images = (struct images){0};
	const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot read '%s' again", path);
	const int status = image_of(own, path, &image, err);
	return status < 0 ? status : images_of(image, images, err);
}

struct df_count image_count(const struct image *image, uint32_t site)
{
	return df_count_decode(&image->sites[site], &image->states[site].current);
}
