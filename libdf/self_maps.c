/* SPDX-License-Identifier: Apache-2.0 */
/* self_maps.c - the mappings of this process: by PROCMAP_QUERY, else from their text. */
#include "self_maps.h"

#include <fcntl.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK 4096

/* As in linux/fs.h, which is older than 6.11 on most systems. */
struct query {
	__u64 size;
	__u64 flags;
	__u64 addr;
	__u64 start;
	__u64 end;
	__u64 prot;
	__u64 unasked[7]; /* page size, file and names */
};
#define QUERY _IOWR('f', 17, struct query)
#define QUERY_READ 0x01
#define QUERY_WRITE 0x02
#define QUERY_EXEC 0x04

static bool ask_kernel(int fd, uintptr_t addr, struct self_mapping *m)
{
	struct query q = {.size = sizeof(q), .addr = addr};
	if (ioctl(fd, QUERY, &q) != 0)
		return false;
	m->start = q.start;
	m->end = q.end;
	m->prot = (q.prot & QUERY_READ ? PROT_READ : 0) | (q.prot & QUERY_WRITE ? PROT_WRITE : 0) |
		  (q.prot & QUERY_EXEC ? PROT_EXEC : 0);
	m->known = true;
	return true;
}

/* "START-END rwxp ...", numbers hexadecimal (proc_pid_maps(5)). */
static bool parse_line(const char *line, struct self_mapping *m)
{
	char *end;
	m->start = strtoul(line, &end, 16);
	if (*end != '-')
		return false;
	m->end = strtoul(end + 1, &end, 16);
	if (*end != ' ' || strnlen(end, 5) < 5)
		return false;
	m->prot = (end[1] == 'r' ? PROT_READ : 0) | (end[2] == 'w' ? PROT_WRITE : 0) |
		  (end[3] == 'x' ? PROT_EXEC : 0);
	m->known = true;
	return true;
}

/* Reads lines of any length; what counts stands at the head of each. */
static bool read_maps(int fd, uintptr_t addr, struct self_mapping *m)
{
	char block[BLOCK];
	char head[64];
	size_t used = 0;
	ssize_t size;
	while ((size = read(fd, block, sizeof(block))) > 0) {
		for (ssize_t i = 0; i < size; i++) {
			if (block[i] != '\n') {
				if (used < sizeof(head) - 1)
					head[used++] = block[i];
				continue;
			}
			head[used] = '\0';
			used = 0;
			if (parse_line(head, m) && addr >= m->start && addr < m->end)
				return true;
		}
	}
	return false;
}

bool self_mapping_find(uintptr_t addr, struct self_mapping *m)
{
	const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	const bool found = ask_kernel(fd, addr, m) || read_maps(fd, addr, m);
	close(fd);
	return found;
}
