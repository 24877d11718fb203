/* SPDX-License-Identifier: Apache-2.0 */
/* image_process.c - the modules of a process, with their flags. */
#include "image_process.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "apply.h"
#include "cleanup.h"
#include "disk.h"
#include "dynamic.h"
#include "maps_query.h"
#include "mem.h"
#include "proc_mem.h"

#define PAGE_MASK (~(uint64_t)4095)
#define HEADERS_MAX 16384 /* ELF header, program headers and the notes behind them */

/*
 * Time of a processor for loading one process: a module with a hundred thousand flags takes
 * a hundredth of it, but a process may have tens of thousands of mappings, each made to
 * take long.
 */
#define LOADING_NS ((int64_t)5000000000)

static int pull_memory(void *context, uint64_t addr, void *to, size_t size)
{
	const struct image *image = context;
	return proc_mem_read(image->fd, addr, to, size, NULL) < 0 ? -1 : 0;
}

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
	if (image_snapshot(image, first->start, pull_memory, err) < 0)
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

static int unreadable(const struct image *image, struct df_err *err)
{
	return df_fail(err, DF_E_SYSTEM, "%s: its beginning cannot be read from memory",
		       image->path);
}

/*
 * Headers of the module at `first`. Returns 1, 0 if there is no module, or DF_E_ARCH,
 * DF_E_MEMORY, DF_E_SYSTEM if its memory cannot be read.
 */
static int read_headers(struct image *image, const struct mapping *first, struct df_err *err)
{
	const uint64_t mapped = first->end - first->start;
	size_t size = mapped < HEADERS_MAX ? (size_t)mapped : HEADERS_MAX;
	char magic[SELFMAG];
	if (proc_mem_read(image->fd, first->start, magic, sizeof(magic), NULL) < 0)
		return unreadable(image, err);
	if (memcmp(magic, ELFMAG, SELFMAG) != 0)
		return 0;
	CLEANUP_FREE void *bytes = malloc(size);
	if (!bytes)
		return df_fail_memory(err);
	/* A mapping may reach far beyond the last page of its file: musl reserves room that way. */
	for (; proc_mem_read(image->fd, first->start, bytes, size, NULL) < 0; size /= 2)
		if (size < sizeof(magic))
			return unreadable(image, err);
	const int status = elf_info_from_memory(bytes, size, &image->elf, err);
	if (status == -(int)DF_E_ARCH || status == -(int)DF_E_MEMORY)
		return df_err_prefix(err, image->path);
	return status == 0;
}

/*
 * What was read of a module without the marks of its loader is not what the program has in hand.
 * On a busy machine a program that was just started may wait long until its loader has its turn.
 */
static int check_marks(const struct process *process, const struct image *image, int status,
		       struct df_err *err)
{
	struct dynamic dynamic;
	if (status == 0 || process->not_begun || !dynamic_open(&dynamic, image) ||
	    dynamic_relocated(&dynamic))
		return status;
	if (process_may_be_loading(process))
		return df_fail(err, DF_E_CHANGED,
			       "%s: process %d has not loaded it to the end (or the file was "
			       "overwritten while it is in use); nothing was changed, try again",
			       image->path, process->pid);
	return df_fail(err, DF_E_TABLE,
		       "%s: its data is not as its loader left it: the file was overwritten while "
		       "it is in use (install by renaming instead); nothing was changed",
		       image->path);
}

/* What all modules together may take: each has room for what those before it have left. */
static uint64_t room_left(const struct images *images)
{
	uint64_t room = SNAPSHOT_ROOM;
	for (size_t i = 0; i < images->count; i++)
		room -= images->list[i]->snapshot.pulled;
	return room;
}

/* Whether any of the file is mapped to be run. */
static bool has_text(const struct maps *maps, const struct mapping *first)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->list[i].inode == first->inode && maps->list[i].device == first->device &&
		    (maps->list[i].prot & DF_EXEC))
			return true;
	return false;
}

/* 1 if the module at `first` carries flags, 0 if not; counts modules in images->loaded. */
static int load_module(const struct process *process, struct image *image, struct images *images,
		       const struct mapping *first, image_loader loader, struct df_err *err)
{
	image->device = first->device;
	image->inode = first->inode;
	int status = read_headers(image, first, err);
	/* Data that is not there behind its mapping, like a device, is none of our business. */
	if (status == -(int)DF_E_SYSTEM && !has_text(&images->maps, first))
		return 0;
	if (status <= 0 || !find_bias(image, first))
		return status < 0 ? status : 0;
	const struct elf_part *misplaced = misplaced_part(image, &images->maps, first);
	if (misplaced)
		return refuse_misplaced(image, &images->maps, first, misplaced, err);
	images->loaded++;
	status = image_snapshot(image, first->start, pull_memory, err);
	image->snapshot.room = room_left(images);
	return status < 0 ? status : check_marks(process, image, loader(image, err), err);
}

static int take_module(const struct process *process, struct images *images,
		       const struct mapping *first, image_loader loader, struct df_err *err)
{
	struct image *image = image_new(first->path, process->mem, true);
	if (!image)
		return df_fail_memory(err);
	int status = load_module(process, image, images, first, loader, err);
	if (status > 0) {
		image->on_disk = disk_difference(process, first, &image->elf);
		status = images_add(images, image) ? 1 : df_fail_memory(err);
	}
	if (status <= 0)
		image_free(image);
	return status;
}

static bool may_begin_module(const struct mapping *m)
{
	return m->offset == 0 && m->inode != 0 && (m->prot & DF_READ);
}

struct image *image_headed(const struct process *process, const struct mapping *first)
{
	struct image *image =
		may_begin_module(first) ? image_new(first->path, process->mem, true) : NULL;
	struct df_err err;
	if (!image)
		return NULL;
	image->device = first->device;
	image->inode = first->inode;
	if (read_headers(image, first, &err) > 0 && find_bias(image, first) &&
	    image_snapshot(image, first->start, pull_memory, &err) == 0)
		return image;
	image_free(image);
	return NULL;
}

static bool memory_is_gone(const struct process *process, const struct images *images)
{
	char byte;
	return proc_mem_read(process->mem, images->maps.list[0].start, &byte, 1, NULL) ==
	       -(int)DF_E_NO_PROCESS;
}

static int no_flags(const struct process *process, const struct images *images,
		    const struct df_err *other, struct df_err *err)
{
	if (other->code != DF_E_NONE)
		return df_fail(err, other->code, "%s", other->text);
	/* Not one module: it is about to start a program, and has mapped none of it yet. */
	if (images->loaded == 0)
		return process_explain_end(process, err);
	return df_fail(err, DF_E_NO_FLAGS,
		       "process %d (%s) carries no flags in any of its modules; they come from the "
		       "macros of df.h, without -DDF_DISABLE",
		       process->pid, process->name);
}

/* What was loaded of a process so far. */
struct load {
	int64_t started; /* ns of a processor */
	uint64_t sites;
	uint64_t strings; /* bytes */
};

static int64_t processor_time(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* Holds the newest image, if there is one, and the time against what one process may take. */
static int account(struct load *load, const struct process *process, const struct image *image,
		   struct df_err *err)
{
	for (size_t i = 0; image && image->sites && i < image->table.count; i++)
		load->strings += df_strings_size(&image->sites[i]);
	load->sites += image ? image->table.count : 0;
	if (load->sites > DF_SITES_MAX || load->strings > DF_STRINGS_MAX)
		return df_fail(err, DF_E_TABLE,
			       "process %d (%s): its modules have more than %d sites, or %d bytes "
			       "of names",
			       process->pid, process->name, DF_SITES_MAX, DF_STRINGS_MAX);
	if (processor_time() - load->started > LOADING_NS)
		return df_fail(err, DF_E_TIMEOUT,
			       "process %d (%s): reading its modules takes too long; are its "
			       "headers damaged?",
			       process->pid, process->name);
	return 0;
}

static int take_modules(const struct process *process, struct images *images, image_loader loader,
			struct df_err *err)
{
	struct df_err other = {0};
	struct load load = {.started = processor_time()};
	for (size_t i = 0; i < images->maps.count; i++) {
		const struct mapping *m = &images->maps.list[i];
		if (!may_begin_module(m))
			continue;
		int status = take_module(process, images, m, loader, err);
		const bool may_pass = status == -(int)DF_E_ARCH || status == -(int)DF_E_SYSTEM;
		/* A file for another machine may be data; it matters if nothing else is found. So
		 * does one that cannot be read. */
		if (may_pass && other.code == DF_E_NONE)
			other = *err;
		else if (status < 0 && !may_pass)
			return status;
		status = account(&load, process,
				 status > 0 ? images->list[images->count - 1] : NULL, err);
		if (status < 0)
			return status;
	}
	return images->count > 0 ? 0 : no_flags(process, images, &other, err);
}

/* From so many on the kernel's search for mappings takes longer than it does to read the hints. */
#define MANY_THREADS 100

static int open_hints(const struct process *process)
{
	struct stat task;
	if (fstatat(process->dir, "task", &task, 0) != 0 || task.st_nlink < MANY_THREADS)
		return -1;
	return openat(process->dir, "map_files", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int read_maps(const struct process *process, struct maps *maps, struct df_err *err)
{
	CLEANUP_FD int fd = process_file(process, "maps", err);
	if (fd < 0)
		return fd;
	CLEANUP_FD int hints = open_hints(process);
	return maps_read_files(fd, hints, maps, err);
}

int images_from_process_by(const struct process *process, image_loader loader,
			   struct images *images, struct df_err *err)
{
	*images = (struct images){0};
	int status = read_maps(process, &images->maps, err);
	if (status < 0)
		return status;
	if (images->maps.count == 0)
		return process_explain_end(process, err);
	status = take_modules(process, images, loader, err);
	/* What an exec or exit leaves half-read looks like damage, or like nothing. */
	if (status < 0 && memory_is_gone(process, images))
		return process_explain_end(process, err);
	return status;
}

int images_from_process(const struct process *process, struct images *images, struct df_err *err)
{
	return images_from_process_by(process, image_load_table, images, err);
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
	if (read_maps(process, &now, NULL) < 0)
		return false;
	for (size_t i = 0; i < images->maps.count && !unloaded; i++)
		unloaded = may_begin_module(&images->maps.list[i]) &&
			   !still_mapped(&now, &images->maps.list[i]);
	maps_free(&now);
	return unloaded;
}

/* The next mapping of a file that is there to be run, from the one at *at on; NULL after the last.
 */
static const struct mapping *next_text(const struct maps *maps, size_t *at)
{
	while (*at < maps->count) {
		const struct mapping *m = &maps->list[(*at)++];
		if (m->inode != 0 && (m->prot & DF_EXEC))
			return m;
	}
	return NULL;
}

static bool same_text(const struct maps *a, const struct maps *b)
{
	for (size_t i = 0, j = 0;;) {
		const struct mapping *m = next_text(a, &i), *n = next_text(b, &j);
		if (!m || !n)
			return m == n;
		if (m->start != n->start || m->device != n->device || m->inode != n->inode)
			return false;
	}
}

bool images_outdated(const struct process *process, const struct images *images)
{
	struct maps now = {0};
	if (read_maps(process, &now, NULL) < 0)
		return false;
	const bool same = same_text(&images->maps, &now);
	maps_free(&now);
	return !same;
}

static bool same_operation(const struct df_control_v1 *a, const struct df_control_v1 *b)
{
	return a->generation == b->generation && a->phase == b->phase;
}

int image_refresh(struct image *image, struct df_err *err)
{
	struct proc_mem memory;
	proc_mem_begin(&memory, image->fd);
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
