/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moved.c - a program with an address space out of the ordinary.
 *
 *   moved [text=1] [exited=1] [map=PATH]
 *
 * `text` moves its text to anonymous memory, as servers do for large pages;
 * `exited` ends its first thread, and others go on; `map` maps a file as data,
 * read-only and in one piece, and again where it may be written.
 */
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

#ifndef MOVED_FLAGS
#define MOVED_FLAGS 1
#endif

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static struct target_page *page;

static bool first_thread_is_gone(void)
{
	char state = 0;
	FILE *stat = fopen("/proc/self/stat", "re");
	const bool known = stat && fscanf(stat, "%*d (%*[^)]) %c", &state) == 1;
	if (stat)
		fclose(stat);
	return known && state == 'Z';
}

static void *ask(void *wait)
{
	const struct timespec pause = {.tv_nsec = 200000};
	while (wait && !first_thread_is_gone())
		nanosleep(&pause, NULL);
	for (;;) {
#if MOVED_FLAGS
		page->value[0] = DF_FEATURE(moved, feature, "off as built");
#endif
		page->beat++;
		page->ready = 1;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void move_segment(char *start, size_t size)
{
	char *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		abort();
	memcpy(copy, start, size);
	if (mprotect(copy, size, PROT_READ | PROT_EXEC) != 0 ||
	    mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, start) != start)
		abort();
}

static void move_text(void)
{
	char *base = (char *)&__ehdr_start;
	const Elf64_Phdr *p = (const void *)(base + __ehdr_start.e_phoff);
	for (int i = 0; i < __ehdr_start.e_phnum; i++)
		if (p[i].p_type == PT_LOAD && (p[i].p_flags & PF_X))
			move_segment(base + p[i].p_vaddr, (p[i].p_memsz + 4095) & ~(size_t)4095);
}

static void map_as_data(const char *path)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		abort();
	const size_t size = (size_t)st.st_size;
	if (mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ||
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		abort();
	close(fd);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	page = target_page();
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "map=", 4) == 0)
			map_as_data(argv[i] + 4);
	if (target_option(argv, "text", 0))
		move_text();
	for (int i = 0; i < 2; i++)
		if (target_option(argv, "exited", 0) && pthread_create(&thread, NULL, ask, page))
			abort();
	if (target_option(argv, "exited", 0))
		pthread_exit(NULL);
	ask(NULL);
}
