/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - a module with its flags, from a file or from a process. */
#include "image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "apply.h"
#include "cleanup.h"
#include "disk.h"
#include "maps_query.h"
#include "mem.h"
#include "proc_mem.h"

#define PAGE_MASK (~(uint64_t)4095)
#define HEADERS_MAX 16384 /* ELF header, program headers and the notes behind them */

static void image_free(struct image *image)
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

static int pull_memory(void *context, uint64_t addr, void *to, size_t size)
{
	const struct image *image = context;
	return proc_mem_read(image->fd, addr, to, size, NULL) < 0 ? -1 : 0;
}

/* The bytes of one segment; snapshot.c asks for no more than the file has of it. */
static int pull_file(void *context, uint64_t addr, void *to, size_t size)
{
	const struct image *image = context;
	for (size_t i = 0; i < image->elf.part_count; i++) {
		const struct elf_part *p = &image->elf.parts[i];
		if (p->type != PT_LOAD || addr < p->addr || addr - p->addr >= p->file_size)
			continue;
		const off_t offset = (off_t)(p->offset + (addr - p->addr));
		return pread(image->fd, to, size, offset) == (ssize_t)size ? 0 : -1;
	}
	return -1;
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

static int begin_snapshot(struct image *image, uint64_t ehdr, struct df_err *err)
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
	image->snapshot.pull = image->live ? pull_memory : pull_file;
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

/* 1 with the sites loaded, 0 if the module has none, or an error that names the module. */
static int load_table(struct image *image, struct df_err *err)
{
	int status = df_table_find(&image->snapshot.view, &image->table, err);
	if (status > 0 && image->table.count == 0)
		return 0;
	if (status > 0)
		status = load_sites(image, err) < 0 ? -(int)err->code : 1;
	return status < 0 ? df_err_prefix(err, image->path) : status;
}

static struct image *image_new(const char *path, int fd, bool live)
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

static bool images_add(struct images *images, struct image *image)
{
	struct image **larger = realloc(images->list, (images->count + 1) * sizeof(*images->list));
	if (!larger)
		return false;
	images->list = larger;
	images->list[images->count++] = image;
	return true;
}

/* ---- files ---- */

static int open_regular(const char *path, struct df_err *err)
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
	if (found <= 0 && image->elf.table_sections > 0)
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

static int load_file(struct image *image, struct df_err *err)
{
	int status = elf_info_from_file(image->fd, &image->elf, err);
	if (status < 0)
		return df_err_prefix(err, image->path);
	uint64_t ehdr = 0;
	for (size_t i = 0; i < image->elf.part_count && ehdr == 0; i++)
		if (image->elf.parts[i].type == PT_LOAD && image->elf.parts[i].offset == 0)
			ehdr = image->elf.parts[i].addr;
	status = begin_snapshot(image, ehdr, err);
	if (status == 0)
		status = load_table(image, err);
	if (status >= 0)
		status = check_sections(image, status, err);
	if (status > 0)
		control_as_built(image);
	return status;
}

int images_from_file(const char *path, struct images *images, struct df_err *err)
{
	*images = (struct images){0};
	int fd = open_regular(path, err);
	if (fd < 0)
		return fd;
	struct image *image = image_new(path, fd, false);
	if (!image) {
		close(fd);
		return df_fail_memory(err);
	}
	if (!images_add(images, image)) {
		image_free(image);
		return df_fail_memory(err);
	}
	const int status = load_file(image, err);
	return status < 0 ? status : 0;
}

/* ---- processes ---- */

/* Whether the pages of one segment that come from the file are mapped as the file has them. */
static bool is_mapped(const struct maps *maps, const struct mapping *first,
		      const struct elf_part *part, uint64_t bias)
{
	uint64_t at = (bias + part->addr) & PAGE_MASK;
	uint64_t offset = part->offset & PAGE_MASK;
	const uint64_t end = bias + part->addr + part->file_size;
	if (part->file_size == 0)
		return true;
	if (end < at)
		return false;
	while (at < end) {
		const struct mapping *m = maps_find(maps, at);
		if (!m || m->device != first->device || m->inode != first->inode ||
		    m->offset + (at - m->start) != offset)
			return false;
		if ((part->prot & DF_EXEC) && !(m->prot & DF_EXEC))
			return false;
		offset += m->end - at;
		at = m->end;
	}
	return true;
}

/* Finds the bias of the module whose ELF header lies at the start of `first`. */
static bool find_bias(struct image *image, const struct mapping *first)
{
	const struct elf_info *elf = &image->elf;
	for (size_t i = 0; i < elf->part_count; i++) {
		const struct elf_part *p = &elf->parts[i];
		if (p->type != PT_LOAD || (p->offset & PAGE_MASK) != 0)
			continue;
		image->bias = first->start - (p->addr & PAGE_MASK);
		return true;
	}
	return false;
}

/* The first segment that is not mapped as a loader does it, or NULL. */
static const struct elf_part *misplaced_part(const struct image *image, const struct maps *maps,
					     const struct mapping *first)
{
	for (size_t i = 0; i < image->elf.part_count; i++) {
		const struct elf_part *p = &image->elf.parts[i];
		if (p->type == PT_LOAD && !is_mapped(maps, first, p, image->bias))
			return p;
	}
	return NULL;
}

/*
 * Whether the control block, which was found, lies where a loader puts it: in a
 * mapping of its own that can be written. In a file that is mapped as data it lies
 * in the same piece as the header, if the distances hold there at all.
 */
static bool is_loaded(const struct image *image, const struct maps *maps,
		      const struct mapping *first)
{
	const struct mapping *m = maps_find(maps, image->table.control);
	return m != first && (!m || (m->prot & DF_WRITE));
}

/*
 * Of a module with flags, a segment from elsewhere: refused, because what is
 * written there might never run, or be shared. Without flags, or mapped as data
 * only, it is none of our business: then 0.
 */
static int refuse_misplaced(struct image *image, const struct maps *maps,
			    const struct mapping *first, const struct elf_part *part,
			    struct df_err *err)
{
	if (begin_snapshot(image, first->start, err) < 0)
		return -(int)err->code;
	if (df_table_find(&image->snapshot.view, &image->table, NULL) <= 0 ||
	    image->table.count == 0 || !is_loaded(image, maps, first))
		return 0;
	return df_fail(err, DF_E_SITE,
		       "%s: its %s at %#" PRIx64 " is not mapped from its file as it was loaded "
		       "(remapped to large pages?); its flags cannot be changed",
		       image->path, part->prot & DF_EXEC ? "text" : "segment",
		       image->bias + part->addr);
}

/* Headers of the module at `first`. Returns 1, 0 if there is no module, or DF_E_ARCH, DF_E_MEMORY.
 */
static int read_headers(struct image *image, const struct mapping *first, struct df_err *err)
{
	const uint64_t mapped = first->end - first->start;
	const size_t size = mapped < HEADERS_MAX ? (size_t)mapped : HEADERS_MAX;
	char magic[SELFMAG];
	if (proc_mem_read(image->fd, first->start, magic, sizeof(magic), NULL) < 0 ||
	    memcmp(magic, ELFMAG, SELFMAG) != 0)
		return 0;
	CLEANUP_FREE void *bytes = malloc(size);
	if (!bytes)
		return df_fail_memory(err);
	if (proc_mem_read(image->fd, first->start, bytes, size, NULL) < 0)
		return 0;
	const int status = elf_info_from_memory(bytes, size, &image->elf, err);
	if (status == -(int)DF_E_ARCH || status == -(int)DF_E_MEMORY)
		return df_err_prefix(err, image->path);
	return status == 0;
}

/* 1 if the module at `first` carries flags, 0 if not; counts modules in *loaded. */
static int load_module(struct image *image, const struct maps *maps, const struct mapping *first,
		       size_t *loaded, struct df_err *err)
{
	image->device = first->device;
	image->inode = first->inode;
	int status = read_headers(image, first, err);
	if (status <= 0 || !find_bias(image, first))
		return status < 0 ? status : 0;
	const struct elf_part *misplaced = misplaced_part(image, maps, first);
	if (misplaced)
		return refuse_misplaced(image, maps, first, misplaced, err);
	++*loaded;
	status = begin_snapshot(image, first->start, err);
	return status < 0 ? status : load_table(image, err);
}

static int take_module(const struct process *process, struct images *images,
		       const struct mapping *first, struct df_err *err)
{
	struct image *image = image_new(first->path, process->mem, true);
	if (!image)
		return df_fail_memory(err);
	int status = load_module(image, &images->maps, first, &images->loaded, err);
	if (status > 0) {
		image->on_disk = disk_difference(process, first, &image->elf);
		status = images_add(images, image) ? 1 : df_fail_memory(err);
	}
	if (status <= 0)
		image_free(image);
	return status < 0 ? status : 0;
}

static bool may_begin_module(const struct mapping *m)
{
	return m->offset == 0 && m->inode != 0 && (m->prot & DF_READ);
}

static bool memory_is_gone(const struct process *process, const struct images *images)
{
	char byte;
	return proc_mem_read(process->mem, images->maps.list[0].start, &byte, 1, NULL) ==
	       -(int)DF_E_NO_PROCESS;
}

static int no_flags(const struct process *process, const struct images *images,
		    const struct df_err *foreign, struct df_err *err)
{
	if (foreign->code != DF_E_NONE)
		return df_fail(err, foreign->code, "%s", foreign->text);
	/* Not one module: it is about to start a program, and has mapped none of it yet. */
	if (images->loaded == 0)
		return process_explain_end(process, err);
	return df_fail(err, DF_E_NO_FLAGS, "process %d (%s) carries no flags in any of its modules",
		       process->pid, process->name);
}

static int take_modules(const struct process *process, struct images *images, struct df_err *err)
{
	struct df_err foreign = {0};
	for (size_t i = 0; i < images->maps.count; i++) {
		const struct mapping *m = &images->maps.list[i];
		const int status = may_begin_module(m) ? take_module(process, images, m, err) : 0;
		/* A file for another machine may be data; it matters if nothing else is found. */
		if (status == -(int)DF_E_ARCH && foreign.code == DF_E_NONE)
			foreign = *err;
		else if (status < 0 && status != -(int)DF_E_ARCH)
			return status;
	}
	return images->count > 0 ? 0 : no_flags(process, images, &foreign, err);
}

int images_from_process(const struct process *process, struct images *images, struct df_err *err)
{
	*images = (struct images){0};
	CLEANUP_FD int fd = process_file(process, "maps", err);
	if (fd < 0)
		return fd;
	int status = maps_read_files(fd, &images->maps, err);
	if (status < 0)
		return status;
	if (images->maps.count == 0)
		return process_explain_end(process, err);
	status = take_modules(process, images, err);
	/* What an exec or exit leaves half-read looks like damage, or like nothing. */
	if (status < 0 && memory_is_gone(process, images))
		return process_explain_end(process, err);
	return status;
}

static bool still_mapped(const struct maps *maps, const struct mapping *was)
{
	const struct mapping *is = maps_find(maps, was->start);
	return is && is->device == was->device && is->inode == was->inode;
}

bool images_unloaded(const struct process *process, const struct images *images)
{
	struct maps now = {0};
	bool unloaded = false;
	CLEANUP_FD int fd = process_file(process, "maps", NULL);
	if (fd < 0 || maps_read_files(fd, &now, NULL) < 0)
		return false;
	for (size_t i = 0; i < images->maps.count && !unloaded; i++)
		unloaded = may_begin_module(&images->maps.list[i]) &&
			   !still_mapped(&now, &images->maps.list[i]);
	maps_free(&now);
	return unloaded;
}

static bool same_operation(const struct df_control_v1 *a, const struct df_control_v1 *b)
{
	return a->generation == b->generation && a->phase == b->phase;
}

int image_refresh(struct image *image, struct df_err *err)
{
	struct proc_mem memory; /* no initialiser: it would clear a window of 64 KiB */
	memory.fd = image->fd;
	const struct df_mem mem = proc_mem_interface(&memory);
	const struct timespec pause = {.tv_nsec = 1000000};
	for (int attempt = 0; attempt < 100; attempt++) {
		struct df_control_v1 after = {0};
		int status = df_control_load(&mem, image->table.control, &image->control, err);
		if (status == 0)
			status = df_states_load(&mem, image->sites, image->table.count,
						image->states, err);
		if (status == 0)
			status = df_control_load(&mem, image->table.control, &after, err);
		if (status < 0)
			return df_err_prefix(err, image->path);
		if (same_operation(&image->control, &after))
			return 0;
		nanosleep(&pause, NULL);
	}
	return df_fail(err, DF_E_BUSY, "%s: its flags change faster than they can be read",
		       image->path);
}

struct df_count image_count(const struct image *image, uint32_t site)
{
	return df_count_decode(&image->sites[site], &image->states[site].current);
}
