/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stays.c - whether a module of a process can be unloaded.
 *
 * dlclose(3) unloads what dlopen(3) loaded, and never what the program was
 * started with: the executable, and on from there each module that a DT_NEEDED
 * entry names. An entry is taken to mean the module that bears the name, by its
 * DT_SONAME or by its file's. If two do, as when dlmopen(3) has loaded one a
 * second time, it means neither. All of it is read from the process's memory
 * and may lie; what a lie gains is that a process harms itself.
 */
#include "stays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "dynamic.h"
#include "image_process.h"

/* A process that has more is not looked through: these bound what a hostile one costs. */
#define MODULES_MAX 1024
#define NEEDED_MAX 8192 /* entries of all modules */

struct module {
	struct image *image; /* owned */
	struct dynamic dynamic;
	const char *file;
	bool reached; /* it stays */
};

struct modules {
	struct module *list;
	size_t count;
	size_t *reached; /* in the order of being reached; they are followed one after the other */
	size_t reached_count;
	size_t needed; /* entries followed */
};

static const char *file_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/*
 * A loader maps the dynamic section apart from the header, since it is written.
 * A file that is mapped as data has it in the same piece, or nowhere.
 */
static bool looks_loaded(const struct image *image, const struct maps *maps,
			 const struct mapping *first)
{
	const struct mapping *m = maps_find(maps, image->bias + image->elf.dynamic);
	return m && m != first && m->device == first->device && m->inode == first->inode;
}

/* False if there are too many. */
static bool collect(struct modules *modules, const struct process *process, const struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct mapping *first = &maps->list[i];
		struct module m = {.image = image_headed(process, first)};
		if (!m.image)
			continue;
		if (modules->count == MODULES_MAX || !looks_loaded(m.image, maps, first) ||
		    !dynamic_open(&m.dynamic, m.image)) {
			image_free(m.image);
			if (modules->count == MODULES_MAX)
				return false;
			continue;
		}
		m.file = file_of(m.image->path);
		modules->list[modules->count++] = m;
	}
	return true;
}

static bool bears(const struct module *m, const char *name)
{
	return (m->dynamic.soname && strcmp(m->dynamic.soname, name) == 0) ||
	       strcmp(m->file, name) == 0;
}

/* The one module that bears a name, or NULL. */
static struct module *named(const struct modules *modules, const char *name)
{
	struct module *found = NULL;
	for (size_t i = 0; i < modules->count; i++) {
		if (!bears(&modules->list[i], name))
			continue;
		if (found)
			return NULL;
		found = &modules->list[i];
	}
	return found;
}

static void reach(struct modules *modules, struct module *m)
{
	if (!m || m->reached)
		return;
	m->reached = true;
	modules->reached[modules->reached_count++] = (size_t)(m - modules->list);
}

/* Reaches what a module needs. */
static void follow(struct modules *modules, const struct module *m)
{
	for (size_t i = 0; i < m->dynamic.count && modules->needed < NEEDED_MAX; i++) {
		const Elf64_Dyn entry = dynamic_entry(&m->dynamic, i);
		if (entry.d_tag != DT_NEEDED)
			continue;
		modules->needed++;
		const char *name = dynamic_string(&m->dynamic, entry.d_un.d_val);
		if (name)
			reach(modules, named(modules, file_of(name)));
	}
}

static bool holds(const struct image *image, uint64_t addr)
{
	return df_view_within(&image->snapshot.view, addr, 1, 0) != NULL;
}

/* `headers` is where the executable's program headers lie. */
static void follow_all(struct modules *modules, uint64_t headers)
{
	for (size_t i = 0; i < modules->count; i++)
		if (modules->list[i].dynamic.pinned || holds(modules->list[i].image, headers))
			reach(modules, &modules->list[i]);
	for (size_t i = 0; i < modules->reached_count; i++)
		follow(modules, &modules->list[modules->reached[i]]);
}

static struct module *same_module(const struct modules *modules, const struct image *image)
{
	for (size_t i = 0; i < modules->count; i++)
		if (modules->list[i].image->snapshot.view.ehdr == image->snapshot.view.ehdr)
			return &modules->list[i];
	return NULL;
}

static const char *why_not(const struct modules *modules, const struct module *m)
{
	const char *soname = m ? m->dynamic.soname : NULL;
	if (m && !named(modules, soname ? soname : m->file))
		return "shares its name with another module";
	return "was loaded by dlopen";
}

/* NULL if the module stays. */
static const char *look_through(const struct process *process, const struct images *images,
				const struct image *image, uint64_t headers)
{
	CLEANUP_FREE struct module *list = calloc(MODULES_MAX, sizeof(*list));
	CLEANUP_FREE size_t *reached = calloc(MODULES_MAX, sizeof(*reached));
	struct modules modules = {.list = list, .reached = reached};
	const char *why = "is one of too many modules";
	if (!list || !reached)
		return "is one of many modules, for which memory is short";
	if (collect(&modules, process, &images->maps)) {
		follow_all(&modules, headers);
		const struct module *m = same_module(&modules, image);
		why = m && m->reached ? NULL : why_not(&modules, m);
	}
	for (size_t i = 0; i < modules.count; i++)
		image_free(modules.list[i].image);
	return why;
}

/* Where the executable's program headers lie: AT_PHDR, getauxval(3). */
static bool find_headers(const struct process *process, uint64_t *headers)
{
	Elf64_auxv_t vector[64];
	CLEANUP_FD int fd = process_file(process, "auxv", NULL);
	const ssize_t got = fd < 0 ? -1 : pread(fd, vector, sizeof(vector), 0);
	for (size_t i = 0; got > 0 && i < (size_t)got / sizeof(vector[0]); i++) {
		if (vector[i].a_type != AT_PHDR)
			continue;
		*headers = vector[i].a_un.a_val;
		return true;
	}
	return false;
}

bool stays_loaded(const struct process *process, const struct images *images, size_t image,
		  char *why, size_t size)
{
	const struct image *asked = images->list[image];
	uint64_t headers;
	const char *reason = "may be a plugin, as the auxiliary vector cannot be read";
	if (find_headers(process, &headers)) {
		if (holds(asked, headers))
			return true;
		reason = look_through(process, images, asked, headers);
	}
	if (reason)
		snprintf(why, size, "%s", reason);
	return !reason;
}
