/* SPDX-License-Identifier: Apache-2.0 */
/* loader.c - the dynamic loader of a program that has just been started. */
#include "loader.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "dynamic.h"
#include "image_process.h"
#include "maps_query.h"
#include "mem.h"
#include "proc_mem.h"

/* ---- what the kernel tells a new program ---- */

struct start {
	uint64_t loader;  /* where it lies; 0 if there is none */
	uint64_t entry;	  /* of the program, */
	uint64_t headers; /* and where its program headers lie */
};

static void take_entry(struct start *start, const Elf64_auxv_t *entry)
{
	if (entry->a_type == AT_BASE)
		start->loader = entry->a_un.a_val;
	else if (entry->a_type == AT_ENTRY)
		start->entry = entry->a_un.a_val;
	else if (entry->a_type == AT_PHDR)
		start->headers = entry->a_un.a_val;
}

/* getauxval(3) */
static int read_start(const struct process *process, struct start *start, struct df_err *err)
{
	Elf64_auxv_t vector[64];
	CLEANUP_FD int fd = process_file(process, "auxv", err);
	if (fd < 0)
		return fd;
	const ssize_t got = pread(fd, vector, sizeof(vector), 0);
	*start = (struct start){0};
	for (size_t i = 0; got > 0 && i < (size_t)got / sizeof(vector[0]); i++)
		take_entry(start, &vector[i]);
	return start->entry != 0
		       ? 0
		       : df_fail(err, DF_E_SYSTEM,
				 "process %d: its auxiliary vector does not tell where it "
				 "begins",
				 process->pid);
}

/* ---- the loader's symbols ---- */

#define SYMBOLS_MAX 65536

/*
 * Their number stands nowhere but in hash tables of several kinds. Every linker puts the strings
 * somewhere behind the symbols, so that what lies between is no more than the names of versions
 * and those tables; and whatever is taken for a symbol there would have to bear the name.
 */
static uint64_t symbols_end(const struct image *image, uint64_t symbols, uint64_t strings)
{
	const struct df_range *segment = df_view_within(&image->snapshot.view, symbols, 1, 0);
	if (!segment)
		return symbols;
	const uint64_t end = segment->addr + segment->size;
	return strings > symbols && strings < end ? strings : end;
}

/* The run-time address of what the loader calls `name`, of this type; 0 if there is none. */
static uint64_t symbol(const struct dynamic *dynamic, const char *name, unsigned type)
{
	const struct df_view *view = &dynamic->image->snapshot.view;
	const uint64_t end = symbols_end(dynamic->image, dynamic->symbols, dynamic->strings);
	uint64_t at = dynamic->symbols;
	for (size_t i = 0; i < SYMBOLS_MAX && end - at >= sizeof(Elf64_Sym); i++) {
		Elf64_Sym entry;
		const void *bytes = view->at(view, at, sizeof(entry));
		if (!bytes)
			return 0;
		memcpy(&entry, bytes, sizeof(entry));
		at += sizeof(entry);
		const uint64_t addr = dynamic->image->bias + entry.st_value;
		if (ELF64_ST_TYPE(entry.st_info) != type || entry.st_shndx == SHN_UNDEF ||
		    !df_view_within(view, addr, 1, type == STT_FUNC ? DF_EXEC : 0))
			continue;
		const char *text = dynamic_string(dynamic, entry.st_name);
		if (text && strcmp(text, name) == 0)
			return addr;
	}
	return 0;
}

/*
 * The C libraries name the structure in two ways: glibc itself, and musl a pointer to it. Only
 * glibc says that it is about to add modules, and it calls the function before that as well, for
 * modules that watch it (LD_AUDIT, rtld-audit(7)).
 */
static bool take_symbols(const struct image *image, struct loader *loader)
{
	struct dynamic dynamic;
	if (!dynamic_open(&dynamic, image) || dynamic.is_program)
		return false;
	loader->notify = symbol(&dynamic, "_dl_debug_state", STT_FUNC);
	loader->state = symbol(&dynamic, "_r_debug", STT_OBJECT);
	loader->announces = loader->state != 0;
	if (loader->state == 0)
		loader->state_pointer = symbol(&dynamic, "_dl_debug_addr", STT_OBJECT);
	return loader->notify != 0 && (loader->state != 0 || loader->state_pointer != 0);
}

static int no_interface(const char *path, struct df_err *err)
{
	return df_fail(err, DF_E_NOT_ELF,
		       "%s: the program's loader does not tell debuggers what it does "
		       "(_dl_debug_state), so nobody knows when its flags can be set",
		       path);
}

/*
 * Loaders are programs themselves, which load what their arguments name: then there is nothing but
 * their symbols to know them by, and the entry is their own. A static program may show the same
 * symbols, for it has a part of a loader in it; but it was linked as a program, and loaders as
 * shared objects.
 */
static int take_loader(const struct process *process, const struct maps *maps,
		       const struct start *start, struct loader *loader, struct df_err *err)
{
	const bool apart = start->loader != 0;
	const struct mapping *first = maps_find(maps, apart ? start->loader : start->headers);
	struct image *image = first ? image_headed(process, first) : NULL;
	struct loader found = {.entry = apart ? start->entry : 0};
	found.present = image && take_symbols(image, &found);
	image_free(image);
	if (found.present)
		*loader = found;
	return found.present || !apart ? 0 : no_interface(first ? first->path : process->name, err);
}

/* ---- */

/* Numbers of 32-bit programs are half as long in the vector: it tells nothing then. */
static int check_machine(const struct process *process, struct df_err *err)
{
	struct elf_info elf;
	CLEANUP_FD int fd = process_file(process, "exe", err);
	const int status = fd < 0 ? fd : elf_info_from_file(fd, &elf, err);
	if (status < 0)
		return df_err_prefix(err, process->name);
	elf_info_free(&elf);
	return 0;
}

int loader_find(const struct process *process, struct loader *loader, struct df_err *err)
{
	struct maps maps = {0};
	struct start start;
	*loader = (struct loader){0};
	int status = check_machine(process, err);
	if (status == 0)
		status = read_start(process, &start, err);
	if (status < 0)
		return status;
	CLEANUP_FD int fd = process_file(process, "maps", err);
	if (fd < 0)
		return fd;
	status = maps_read_files(fd, -1, &maps, err);
	if (status == 0)
		status = take_loader(process, &maps, &start, loader, err);
	maps_free(&maps);
	return status;
}

int loader_is_done(const struct loader *loader, const struct process *process, bool *announced,
		   struct df_err *err)
{
	uint64_t at = loader->state;
	int state;
	if (at == 0 && proc_mem_read(process->mem, loader->state_pointer, &at, sizeof(at), err) < 0)
		return -(int)err->code;
	_Static_assert(sizeof(state) == sizeof(((struct r_debug *)0)->r_state), "an enum");
	if (proc_mem_read(process->mem, at + offsetof(struct r_debug, r_state), &state,
			  sizeof(state), err) < 0)
		return -(int)err->code;
	*announced |= state == RT_ADD;
	return state == RT_CONSISTENT && (*announced || !loader->announces);
}
