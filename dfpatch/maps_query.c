/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps_query.c - the mappings of files and their zeroed data, from the kernel's own search.
 *
 * A process of 10,000 threads has 20,000 mappings of stacks, and reading them
 * as text takes longer than all else. PROCMAP_QUERY (Linux 6.11,
 * include/uapi/linux/fs.h) finds the next mapping of a file without them, though it
 * looks at each on the way, which the names in /proc/PID/map_files spare it.
 */
#include "maps_query.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "map_files.h"
#include "mem.h"

/* As in linux/fs.h, which is older than 6.11 on most systems. */
struct query {
	__u64 size;
	__u64 flags;
	__u64 addr;
	__u64 start;
	__u64 end;
	__u64 prot;
	__u64 page_size;
	__u64 offset;
	__u64 inode;
	__u32 major;
	__u32 minor;
	__u32 name_size; /* in: room, out: length with its terminator, 0 for no name */
	__u32 build_id_size;
	__u64 name;
	__u64 build_id;
};
#define QUERY _IOWR('f', 17, struct query)
#define QUERY_READ 0x01
#define QUERY_WRITE 0x02
#define QUERY_EXEC 0x04
#define QUERY_SHARED 0x08
#define QUERY_THIS_OR_NEXT 0x10
#define QUERY_OF_FILES 0x20

#define NAME_ROOM 8192 /* the kernel gives paths of up to a page */

/* Mappings as they come; names as offsets into `text` until all are there. */
struct found {
	struct mapping *list;
	size_t *names;
	size_t count;
	size_t room;
	char *text;
	size_t used;
	size_t text_room;
};

static bool make_room(struct found *f, size_t name_size)
{
	if (f->count == f->room) {
		const size_t room = f->room ? 2 * f->room : 64;
		struct mapping *list = realloc(f->list, room * sizeof(*list));
		if (list)
			f->list = list;
		size_t *names = realloc(f->names, room * sizeof(*names));
		if (names)
			f->names = names;
		if (!list || !names)
			return false;
		f->room = room;
	}
	if (f->used + name_size > f->text_room) {
		const size_t room = 2 * f->text_room + NAME_ROOM;
		char *text = realloc(f->text, room);
		if (!text)
			return false;
		f->text = text;
		f->text_room = room;
	}
	return true;
}

static bool add(struct found *f, const struct query *q, const char *name)
{
	if (!make_room(f, q->name_size + 1))
		return false;
	f->list[f->count] = (struct mapping){
		.start = q->start,
		.end = q->end,
		.offset = q->offset,
		.device = (uint64_t)q->major << 32 | q->minor,
		.inode = q->inode,
		.prot = (q->prot & QUERY_READ ? DF_READ : 0u) |
			(q->prot & QUERY_WRITE ? DF_WRITE : 0u) |
			(q->prot & QUERY_EXEC ? DF_EXEC : 0u),
		.private = !(q->prot & QUERY_SHARED),
	};
	f->names[f->count++] = f->used;
	memcpy(f->text + f->used, name, q->name_size);
	f->text[f->used + q->name_size] = '\0';
	f->used += q->name_size + 1;
	return true;
}

/*
 * Looks for the mapping at `addr`, or with QUERY_THIS_OR_NEXT the next one. 1 if there
 * is one, 0 if there is none, -1 with errno. The kernel writes its name to the address
 * `name`.
 */
static int query(int fd, uint64_t addr, unsigned flags, uintptr_t name, struct query *q)
{
	*q = (struct query){
		.size = sizeof(*q),
		.flags = flags,
		.addr = addr,
		.name_size = NAME_ROOM,
		.name = name,
	};
	if (ioctl(fd, QUERY, q) == 0)
		return q->end <= addr || q->name_size > NAME_ROOM ? -1 : 1;
	return errno == ENOENT ? 0 : -1;
}

/* Data that no file lies behind, from `addr` on without a gap: what a module has zeroed. */
static int collect_zeroed(int fd, uint64_t addr, uint64_t limit, struct found *f)
{
	char name[NAME_ROOM];
	struct query q;
	int status = 1;
	while (addr < limit && (status = query(fd, addr, 0, (uintptr_t)name, &q)) > 0) {
		if (q.inode != 0 || !(q.prot & QUERY_WRITE) || (q.prot & QUERY_SHARED) ||
		    q.start != addr || q.end > limit)
			break;
		if (!add(f, &q, name))
			return -1;
		addr = q.end;
	}
	return status < 0 ? -1 : 0;
}

/* Those that the names in /proc/PID/map_files tell of, one after the other. */
struct hints {
	struct map_files files;
	size_t next;
};

/*
 * The next mapping of a file from `addr` on: where the hints say one begins, if it does, or by the
 * kernel's search. After the last of them that is a short one, and finds what they left out.
 */
static int query_next(int fd, uint64_t addr, struct hints *hints, uintptr_t name, struct query *q)
{
	const struct map_files *files = &hints->files;
	while (hints->next < files->count && files->starts[hints->next] < addr)
		hints->next++;
	if (hints->next < files->count) {
		const uint64_t start = files->starts[hints->next++];
		if (query(fd, start, QUERY_OF_FILES, name, q) > 0 && q->start == start)
			return 1;
		hints->next = files->count; /* mappings have changed meanwhile */
	}
	return query(fd, addr, QUERY_THIS_OR_NEXT | QUERY_OF_FILES, name, q);
}

static int collect(int fd, struct hints *hints, struct found *f)
{
	char name[NAME_ROOM];
	struct query q;
	uint64_t end = 0; /* of the last mapping of a file */
	int status;
	do {
		status = query_next(fd, end, hints, (uintptr_t)name, &q);
		if (status < 0 ||
		    (end > 0 && collect_zeroed(fd, end, status ? q.start : UINT64_MAX, f) < 0) ||
		    (status > 0 && !add(f, &q, name)))
			return -1;
		end = q.end;
	} while (status > 0);
	return 0;
}

int maps_read_files(int fd, int hints, struct maps *maps, struct df_err *err)
{
	struct found f = {0};
	struct hints known = {.next = 0};
	if (hints >= 0)
		map_files_read(hints, &known.files);
	const int status = collect(fd, &known, &f);
	for (size_t i = 0; i < f.count; i++)
		mapping_name(&f.list[i], f.text + f.names[i]);
	free(f.names);
	if (status == 0 && f.count > 0) {
		*maps = (struct maps){.list = f.list, .count = f.count, .text = f.text};
		return 0;
	}
	free(f.list);
	free(f.text);
	/* An older kernel, or anything out of the ordinary: the text tells. */
	return maps_read(fd, maps, err);
}
